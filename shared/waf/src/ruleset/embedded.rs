//! Rule texts and data that are part of the build, by the names that `Include` takes.

/// Our own rules.
const BUILTIN: &str = include_str!("../../rules/builtin.conf");

#[cfg(feature = "crs")]
mod crs {
    include!(concat!(env!("OUT_DIR"), "/crs.rs"));
}

/// The texts that a name means, each with its own name. `None` if the build has no such name.
pub(super) fn texts(name: &str) -> Option<Vec<(&'static str, &'static str)>> {
    if name == "@builtin" {
        return Some(vec![("@builtin", BUILTIN)]);
    }
    #[cfg(feature = "crs")]
    {
        let name = match name {
            "@coraza.conf-recommended" => "@recommended-conf",
            "@crs-setup.conf.example" => "@crs-setup-conf",
            name => name,
        };
        let wanted = |file: &str| match name.strip_suffix('*').or_else(|| name.strip_suffix("*.conf")) {
            Some(prefix) => file.starts_with(prefix),
            None => file == name,
        };
        let found: Vec<_> = crs::TEXTS.iter().filter(|(file, _)| wanted(file)).copied().collect();
        if !found.is_empty() {
            return Some(found);
        }
    }
    None
}

/// A data file of the embedded rules.
pub(super) fn data(name: &str) -> Option<&'static str> {
    #[cfg(feature = "crs")]
    return crs::DATA.iter().find(|(file, _)| *file == name).map(|(_, text)| *text);
    #[cfg(not(feature = "crs"))]
    {
        let _ = name;
        None
    }
}

/// The names of embedded texts, for error messages.
pub(super) fn names() -> &'static str {
    match cfg!(feature = "crs") {
        true => "`@builtin`, `@recommended-conf`, `@crs-setup-conf`, `@owasp_crs/*.conf`",
        false => "`@builtin`",
    }
}
