//! Texts of rules from files, with what they include and the data that they name.

use anyhow::{Context, Result, bail};
use portcullis_ftw::layout::{self, Layout, Profile};
use portcullis_seclang::{Body, Document, parse};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How deep files may include files.
const DEPTH: usize = 8;
/// The most bytes of one file.
const MOST_BYTES: u64 = 64 << 20;
/// Operators whose argument names a file.
const FROM_FILE: [&str; 4] = ["pmFromFile", "pmf", "ipMatchFromFile", "ipMatchF"];

/// Our own texts, by the names that `Include` takes.
const OWN: [(&str, &str); 4] = [
    ("@builtin", include_str!("../../../shared/waf/rules/builtin.conf")),
    ("@demo-conf", include_str!("../../../shared/waf/rules/demo.conf")),
    ("@ftw-conf", include_str!("../../../shared/waf/rules/ftw.conf")),
    ("@recommended-conf", include_str!("../../../shared/waf/rules/recommended.conf")),
];

/// Texts in the order in which they load, and data files.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Name and text. Where a text includes another, it is cut in two, and the second part begins with empty lines.
    pub(crate) texts: Vec<(String, String)>,
    /// By the names that rules use.
    pub(crate) data: BTreeMap<String, String>,
    layout: Option<Layout>,
}

impl Sources {
    /// No texts yet; what CRS's names mean comes from the layout.
    pub(crate) fn new(layout: Option<Layout>) -> Sources {
        Sources { layout, ..Sources::default() }
    }

    /// CRS whole.
    pub(crate) fn of_crs(layout: &Layout, profile: Profile) -> Result<Sources> {
        let layout::Sources { texts, data } = layout.sources(profile)?;
        let mut sources = Sources { texts: Vec::new(), data, layout: Some(layout.clone()) };
        for (name, text) in texts {
            sources.add(&name, &text, None)?;
        }
        Ok(sources)
    }

    /// A SecLang file.
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<()> {
        let text = read(path)?;
        self.add(&path.display().to_string(), &text, path.parent())
    }

    /// A text; what it includes by a path is looked for in the folder.
    pub(crate) fn add(&mut self, name: &str, text: &str, folder: Option<&Path>) -> Result<()> {
        self.expand(name, text, folder, DEPTH)
    }

    /// All texts and data compiled.
    pub(crate) fn compile(&self) -> Result<portcullis_waf::Ruleset, portcullis_waf::ParseError> {
        let texts: Vec<(&str, &str)> =
            self.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        // Where there is no folder of CRS, the names of it mean what this build carries.
        let carried = if self.layout.is_some() { None } else { super::crs::carried() };
        portcullis_waf::Ruleset::on(&carried.unwrap_or_default(), &texts, &self.data)
    }

    fn expand(&mut self, name: &str, text: &str, folder: Option<&Path>, depth: usize) -> Result<()> {
        // A text that cannot be parsed stays whole: the engine says what is wrong with it.
        let Ok(document) = parse(name, text) else {
            self.texts.push((name.to_owned(), text.to_owned()));
            return Ok(());
        };
        self.collect_data(&document, folder)?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut done = 0;
        for directive in document.directives.iter().filter(|directive| directive.is("Include")) {
            let Body::Plain(arguments) = &directive.body else { continue };
            let [argument] = arguments.as_slice() else { continue };
            let Some(included) = self.included(&argument.text, folder)? else { continue };
            let Some(depth) = depth.checked_sub(1) else {
                bail!("{name}:{}: `Include {}` goes too deep", directive.span.line, argument.text);
            };
            let start = directive.span.line as usize - 1;
            let length =
                lines.iter().skip(start).take_while(|line| line.trim_end().ends_with('\\')).count() + 1;
            self.push_lines(name, &lines, done..start);
            for (name, text, folder) in included {
                self.expand(&name, &text, folder.as_deref(), depth)?;
            }
            done = start + length;
        }
        self.push_lines(name, &lines, done..lines.len());
        Ok(())
    }

    /// These lines of a text, at their places.
    fn push_lines(&mut self, name: &str, lines: &[&str], range: std::ops::Range<usize>) {
        let blank = "\n".repeat(range.start);
        let part: String = lines.get(range).unwrap_or_default().concat();
        if !part.trim().is_empty() {
            self.texts.push((name.to_owned(), blank + &part));
        }
    }

    /// What a name means here: texts with their names and folders. `None` leaves it to the engine.
    fn included(&self, wanted: &str, folder: Option<&Path>) -> Result<Option<Vec<Included>>> {
        let name = match wanted {
            "@coraza.conf-recommended" => "@recommended-conf",
            "@crs-setup.conf.example" | "@crs-setup-demo-conf" => "@crs-setup-conf",
            name => name,
        };
        if let Some((name, text)) = OWN.iter().find(|(own, _)| *own == name) {
            return Ok(Some(vec![((*name).to_owned(), (*text).to_owned(), None)]));
        }
        if let Some(layout) = &self.layout {
            if name == "@crs-setup-conf" {
                return Ok(Some(vec![included(&layout.setup)?]));
            }
            if let Some(pattern) = name.strip_prefix("@owasp_crs/") {
                return Ok(Some(matching(&layout.rules, pattern)?));
            }
        }
        match folder {
            Some(folder) if !name.starts_with('@') => Ok(Some(matching(folder, name)?)),
            _ => Ok(None),
        }
    }

    fn collect_data(&mut self, document: &Document, folder: Option<&Path>) -> Result<()> {
        for directive in &document.directives {
            let Body::Rule(rule) = &directive.body else { continue };
            if !FROM_FILE.iter().any(|name| name.eq_ignore_ascii_case(&rule.operator.name)) {
                continue;
            }
            for name in
                rule.operator.argument.split_ascii_whitespace().chain([rule.operator.argument.as_str()])
            {
                let crs = self.layout.as_ref().map(|layout| layout.rules.as_path());
                let path =
                    folder.into_iter().chain(crs).map(|folder| folder.join(name)).find(|path| path.is_file());
                if let Some(path) = path.filter(|_| !self.data.contains_key(name)) {
                    self.data.insert(name.to_owned(), read(&path)?);
                }
            }
        }
        Ok(())
    }
}

type Included = (String, String, Option<PathBuf>);

fn included(path: &Path) -> Result<Included> {
    Ok((path.display().to_string(), read(path)?, path.parent().map(Path::to_owned)))
}

/// The files of a folder that a pattern with at most one `*` in its last part means, sorted.
fn matching(folder: &Path, pattern: &str) -> Result<Vec<Included>> {
    let path = folder.join(pattern);
    let last = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some((prefix, suffix)) = last.split_once('*') else { return Ok(vec![included(&path)?]) };
    let parent = path.parent().unwrap_or(folder);
    let entries =
        std::fs::read_dir(parent).with_context(|| format!("{} cannot be read", parent.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.len() >= prefix.len() + suffix.len() && name.starts_with(prefix) && name.ends_with(suffix) {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        bail!("no file matches `{}`", path.display());
    }
    found.iter().map(|path| included(path)).collect()
}

/// A text file, of a sane size.
pub(crate) fn read(path: &Path) -> Result<String> {
    let bytes = read_bytes(path)?;
    String::from_utf8(bytes).ok().with_context(|| format!("{} is not UTF-8 text", path.display()))
}

/// A file, of a sane size.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let unreadable = || format!("{} cannot be read", path.display());
    let size = std::fs::metadata(path).with_context(unreadable)?.len();
    if size > MOST_BYTES {
        bail!("{} has {size} bytes, more than {MOST_BYTES}", path.display());
    }
    std::fs::read(path).with_context(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_put_in_place_and_lines_stay() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("main.conf", "SecRuleEngine On\nInclude part-*.conf\nSecMarker END\n");
        write("part-1.conf", "SecRule ARGS \"@pmFromFile words.data\" \"id:1,phase:2\"\n");
        write("part-2.conf", "SecMarker TWO\n");
        write("words.data", "a\n");
        let mut sources = Sources::new(None);
        sources.add_file(&dir.path().join("main.conf")).unwrap();
        let shown: Vec<(&str, &str)> = sources
            .texts
            .iter()
            .map(|(name, text)| (name.rsplit('/').next().unwrap(), text.as_str()))
            .collect();
        assert_eq!(shown[0], ("main.conf", "SecRuleEngine On\n"));
        assert_eq!((shown[1].0, shown[2].0), ("part-1.conf", "part-2.conf"));
        assert_eq!(shown[3], ("main.conf", "\n\nSecMarker END\n"));
        assert_eq!(sources.data["words.data"], "a\n");
        assert_eq!(sources.compile().unwrap().len(), 1);
    }

    #[test]
    fn a_file_that_includes_itself_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.conf"), "\nInclude a.conf\n").unwrap();
        let error = Sources::new(None).add_file(&dir.path().join("a.conf")).unwrap_err().to_string();
        assert!(error.ends_with("a.conf:2: `Include a.conf` goes too deep"), "{error}");
    }
}
