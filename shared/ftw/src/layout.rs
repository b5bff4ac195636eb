//! Where a Core Rule Set keeps its rules, and the settings that its tests want.

use crate::FtwError;
use portcullis_waf::{Base, Ruleset};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How the rules are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// 1 to 4: `tx.blocking_paranoia_level`.
    pub paranoia: u8,
    /// What for.
    pub mode: Mode,
}

/// What the rules are loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// CRS's regression tests: nothing is stopped, and limits are as the tests assume.
    Tests,
    /// CRS's defaults, and what they stop is stopped.
    Blocking,
}

/// The files of a Core Rule Set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The set-up example.
    pub setup: PathBuf,
    /// The folder of rules and data.
    pub rules: PathBuf,
    /// The folder of plugins, if there is one.
    pub plugins: Option<PathBuf>,
}

/// Texts in the order in which they load, and data files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// Name and text.
    pub texts: Vec<(String, String)>,
    /// What `@pmFromFile` names.
    pub data: BTreeMap<String, String>,
}

/// Paranoia level 4, nothing is stopped: as CRS's regression tests run.
pub const TESTS: Profile = Profile { paranoia: 4, mode: Mode::Tests };

/// The files below a folder that is a release, the Go module `coraza-coreruleset`, or `.tools/crs` of this repository.
pub fn find(dir: &Path) -> Result<Layout, FtwError> {
    let layouts = [
        ("rules/@crs-setup.conf.example", "rules/@owasp_crs"),
        ("crs-setup.conf.example", "rules"),
        ("crs-setup.conf", "rules"),
    ];
    let found = layouts.iter().map(|(setup, rules)| (dir.join(setup), dir.join(rules)));
    let found = found.into_iter().find(|(setup, rules)| setup.is_file() && rules.is_dir());
    let (setup, rules) = found.ok_or_else(|| FtwError::NoRules { path: dir.to_owned() })?;
    let plugins = Some(dir.join("plugins")).filter(|plugins| plugins.is_dir());
    Ok(Layout { setup, rules, plugins })
}

/// Reads and compiles the rules.
pub fn load(dir: &Path, profile: Profile) -> Result<Ruleset, FtwError> {
    compile(&find(dir)?.sources(profile)?)
}

/// The rules that a build has compiled already.
pub fn stored(base: &Base, profile: Profile) -> Result<Ruleset, FtwError> {
    let texts = stored_texts(profile);
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(Ruleset::on(base, &texts, &BTreeMap::new())?)
}

/// The texts that include what a build carries, each with its name.
pub fn stored_texts(profile: Profile) -> Vec<(String, String)> {
    let include = |name: &str| (name.to_owned(), format!("Include {name}"));
    vec![
        include("@recommended-conf"),
        include("@crs-setup-conf"),
        settings(profile),
        include("@owasp_crs/*.conf"),
    ]
}

/// Compiles texts and data.
pub fn compile(sources: &Sources) -> Result<Ruleset, FtwError> {
    let texts: Vec<(&str, &str)> =
        sources.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(Ruleset::parse(&texts, &sources.data)?)
}

impl Layout {
    /// The texts with the profile's settings, and the data.
    pub fn sources(&self, profile: Profile) -> Result<Sources, FtwError> {
        let mut sources = Sources::default();
        sources.texts.push(("@recommended-conf".to_owned(), "Include @recommended-conf".to_owned()));
        sources.texts.push((name_of(&self.setup), read(&self.setup)?));
        sources.texts.push(settings(profile));
        self.add_plugins(&mut sources, &["-config.conf", "-before.conf"])?;
        for file in files(&self.rules)? {
            let name = name_of(&file);
            if name.ends_with(".conf") {
                sources.texts.push((name, read(&file)?));
            } else if name.ends_with(".data") {
                sources.data.insert(name, read(&file)?);
            }
        }
        self.add_plugins(&mut sources, &["-after.conf"])?;
        Ok(sources)
    }

    fn add_plugins(&self, sources: &mut Sources, endings: &[&str]) -> Result<(), FtwError> {
        let Some(plugins) = &self.plugins else { return Ok(()) };
        let all = files(plugins)?;
        for ending in endings {
            for file in all.iter().filter(|file| name_of(file).ends_with(ending)) {
                sources.texts.push((name_of(file), read(file)?));
            }
        }
        for file in all.iter().filter(|file| name_of(file).ends_with(".data")) {
            sources.data.insert(name_of(file), read(file)?);
        }
        Ok(())
    }
}

/// What CRS's description of its test set-up asks for, or the engine switched on.
fn settings(profile: Profile) -> (String, String) {
    let paranoia = profile.paranoia;
    let text = match profile.mode {
        Mode::Tests => format!(
            "SecRuleEngine DetectionOnly\n\
             SecResponseBodyMimeType text/plain text/html text/xml application/json\n\
             SecAction \"id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,ctl:ruleRemoveById=910000,\
             setvar:tx.blocking_paranoia_level={paranoia},setvar:tx.crs_validate_utf8_encoding=1,\
             setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,\
             setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535\"\n"
        ),
        Mode::Blocking => format!(
            "SecRuleEngine On\n\
             SecAction \"id:900000,phase:1,nolog,pass,setvar:tx.blocking_paranoia_level={paranoia}\"\n"
        ),
    };
    ("settings".to_owned(), text)
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, FtwError> {
    let unreadable = |cause| FtwError::Unreadable { path: dir.to_owned(), cause };
    let entries = std::fs::read_dir(dir).map_err(unreadable)?;
    let mut files =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, FtwError> {
    std::fs::read_to_string(path).map_err(|cause| FtwError::Unreadable { path: path.to_owned(), cause })
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, name: &str, text: &str) {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn each_layout_is_known() {
        let own = Ruleset::parse(&[("own", "Include @recommended-conf")], &BTreeMap::new()).unwrap().len();
        for (setup, rules) in [
            ("rules/@crs-setup.conf.example", "rules/@owasp_crs"),
            ("crs-setup.conf.example", "rules"),
            ("crs-setup.conf", "rules"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path(), setup, "SecAction \"id:900990,phase:1,nolog,pass\"");
            write(
                dir.path(),
                &format!("{rules}/REQUEST-901.conf"),
                "SecRule ARGS \"@pmFromFile a.data\" \"id:901001,phase:2\"",
            );
            write(dir.path(), &format!("{rules}/REQUEST-900.conf.example"), "not SecLang");
            write(dir.path(), &format!("{rules}/a.data"), "attack\n");
            let ruleset = load(dir.path(), TESTS).unwrap();
            assert_eq!(ruleset.len(), own + 3, "{setup}");
        }
    }

    #[test]
    fn plugins_stand_before_and_behind() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "crs-setup.conf.example", "");
        write(dir.path(), "rules/b.conf", "");
        for name in ["x-after.conf", "x-before.conf", "x-config.conf", "README.md"] {
            write(dir.path(), &format!("plugins/{name}"), "");
        }
        let sources = find(dir.path()).unwrap().sources(TESTS).unwrap();
        let names: Vec<&str> = sources.texts.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "@recommended-conf",
            "crs-setup.conf.example",
            "settings",
            "x-config.conf",
            "x-before.conf",
            "b.conf",
            "x-after.conf",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn another_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = load(dir.path(), TESTS).unwrap_err().to_string();
        assert!(error.contains(": no Core Rule Set: expected ") && !error.contains('\n'), "{error}");
    }
}
