//! `follow_redirect`: a stage whose request goes where the answer before it said.

use crate::case::Input;
use crate::upstream::Answer;

/// The input with the answer's target in it.
pub(crate) fn follow(input: &Input, base: &Input, answer: Option<&Answer>) -> Result<Input, String> {
    let answer = answer.ok_or("`follow_redirect` needs a stage before it")?;
    if !matches!(answer.status, 300..=303 | 307 | 308) {
        return Err(format!("the answer before has status {}, which sends nobody elsewhere", answer.status));
    }
    let location = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
    let (_, location) = location.ok_or("the answer before has no `Location`")?;
    let mut followed = input.clone();
    followed.uris.clear();
    followed.uri = Some(target(location, base, &mut followed));
    Ok(followed)
}

/// The path and query of the location; host and port go to the input.
fn target(location: &str, base: &Input, followed: &mut Input) -> String {
    let location = location.split('#').next().unwrap_or_default();
    let absolute = location.split_once("://").map(|(_, rest)| rest).or_else(|| location.strip_prefix("//"));
    let Some(rest) = absolute else { return resolve(location, base.uri.as_deref().unwrap_or("/")) };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    followed.dest_addr = Some(host.to_owned());
    followed.port = port.parse().ok().or(Some(80));
    followed.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
    followed.headers.push(("Host".to_owned(), authority.to_owned()));
    match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    }
}

/// A relative location, seen from a path.
fn resolve(location: &str, base: &str) -> String {
    let path = base.split('?').next().unwrap_or_default();
    if location.starts_with('/') {
        return location.to_owned();
    }
    if location.starts_with('?') || location.is_empty() {
        return format!("{path}{location}");
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{location}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, location: &str) -> Answer {
        Answer { status, headers: vec![("location".into(), location.into())], body: Vec::new() }
    }

    #[test]
    fn locations_are_followed() {
        let base = Input { uri: Some("/a/b?c".into()), ..Input::default() };
        for (location, uri, host) in [
            ("/x?y", "/x?y", None),
            ("x", "/a/x", None),
            ("?d", "/a/b?d", None),
            ("http://h:81/p#f", "/p", Some("h")),
            ("//h", "/", Some("h")),
        ] {
            let followed = follow(&Input::default(), &base, Some(&answer(302, location))).unwrap();
            assert_eq!(
                (followed.uri.as_deref(), followed.dest_addr.as_deref()),
                (Some(uri), host),
                "{location}"
            );
        }
    }

    #[test]
    fn an_answer_that_is_no_redirect_is_an_error() {
        let base = Input::default();
        assert!(follow(&base, &base, None).is_err());
        assert_eq!(
            follow(&base, &base, Some(&answer(200, "/"))),
            Err("the answer before has status 200, which sends nobody elsewhere".into())
        );
    }
}
