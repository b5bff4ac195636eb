//! Where OWASP CRS is.

use anyhow::{Result, bail};
use portcullis_ftw::layout::{self, Layout};
use portcullis_waf::Base;
use std::path::{Path, PathBuf};

/// Where rules of CRS come from.
pub(crate) enum Source {
    /// A folder, with texts.
    Folder(Layout),
    /// What this build carries: compiled, without texts.
    Build(Base),
}

/// The folder that is given, else that of `CRS_DIR`, else `.tools/crs` here or above, else what this build carries.
pub(crate) fn find(given: Option<&Path>) -> Result<Source> {
    match (locate(given)?, carried()) {
        (Some(layout), _) => Ok(Source::Folder(layout)),
        (None, Some(base)) => Ok(Source::Build(base)),
        (None, None) => bail!("no rules: give `--rules FILE`, `--config FILE` or `--crs DIR`"),
    }
}

/// What this build carries, if it carries CRS.
pub(crate) fn carried() -> Option<Base> {
    let base = Base::read(crate::filter::bundled("waf")).ok()?;
    (!base.is_empty()).then_some(base)
}

/// The folder, if there is one.
pub(crate) fn locate(given: Option<&Path>) -> Result<Option<Layout>> {
    let named = std::env::var_os("CRS_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    if let Some(dir) = given.map(Path::to_owned).or(named) {
        return Ok(Some(layout::find(&dir)?));
    }
    let here = std::env::current_dir()?;
    let above = here.ancestors().map(|folder| folder.join(".tools/crs"));
    Ok(above.filter_map(|dir| layout::find(&dir).ok()).next())
}
