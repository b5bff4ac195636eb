//! Rule texts and data that are part of the build, by the names that `Include` takes.

/// Our own texts.
const OWN: &[(&str, &str)] = &[
    ("@builtin", include_str!("../../rules/builtin.conf")),
    ("@recommended-conf", include_str!("../../rules/recommended.conf")),
];

#[cfg(feature = "crs")]
mod crs {
    include!(concat!(env!("OUT_DIR"), "/crs.rs"));
}

/// The texts that a name means, each with its own name. `None` if the build has no such name.
pub(super) fn texts(name: &str) -> Option<Vec<(&'static str, &'static str)>> {
    let name = match name {
        "@coraza.conf-recommended" => "@recommended-conf",
        "@crs-setup.conf.example" => "@crs-setup-conf",
        name => name,
    };
    let wanted = |file: &str| match name.split_once('*') {
        Some((prefix, suffix)) => file.starts_with(prefix) && file.ends_with(suffix),
        None => file == name,
    };
    #[cfg(feature = "crs")]
    let all = OWN.iter().chain(crs::TEXTS);
    #[cfg(not(feature = "crs"))]
    let all = OWN.iter();
    let found: Vec<_> = all.filter(|(file, _)| wanted(file)).copied().collect();
    (!found.is_empty()).then_some(found)
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
        false => "`@builtin`, `@recommended-conf`",
    }
}
