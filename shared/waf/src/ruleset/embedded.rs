//! Rule texts and data that are part of the build, by the names that `Include` takes.

use crate::stored::Base;

/// Our own texts.
const OWN: &[(&str, &str)] = &[
    ("@builtin", include_str!("../../rules/builtin.conf")),
    ("@demo-conf", include_str!("../../rules/demo.conf")),
    ("@ftw-conf", include_str!("../../rules/ftw.conf")),
    ("@recommended-conf", include_str!("../../rules/recommended.conf")),
];

/// The texts that a name means, each with its own name; without text those of the base. None if the build has no such
/// name.
pub(super) fn texts(name: &str, base: &Base) -> Vec<(&'static str, Option<&'static str>)> {
    let name = match name {
        "@coraza.conf-recommended" => "@recommended-conf",
        "@crs-setup.conf.example" | "@crs-setup-demo-conf" => "@crs-setup-conf",
        name => name,
    };
    let wanted = |file: &str| match name.split_once('*') {
        Some((prefix, suffix)) => {
            file.len() >= prefix.len() + suffix.len() && file.starts_with(prefix) && file.ends_with(suffix)
        }
        None => file == name,
    };
    let own = OWN.iter().map(|(file, text)| (*file, Some(*text)));
    own.chain(base.names().map(|file| (file, None))).filter(|(file, _)| wanted(file)).collect()
}

/// The names of embedded texts, for error messages.
pub(super) fn names(base: &Base) -> String {
    let own = OWN.iter().map(|(file, _)| *file);
    let (single, many): (Vec<_>, Vec<_>) = base.names().partition(|file| !file.contains('/'));
    let globs =
        many.first().and_then(|file| file.split_once('/')).map(|(folder, _)| format!("{folder}/*.conf"));
    let all = own.chain(single).map(str::to_owned).chain(globs);
    all.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
