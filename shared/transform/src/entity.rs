//! Headers that speak of the body: what must change where the body may.

use portcullis_core::{Edit, Headers};

/// Digests of the body as it was (RFC 9530, RFC 3230, RFC 1864), and the offer of ranges of it.
const OUTDATED: [&str; 5] = ["content-md5", "digest", "content-digest", "repr-digest", "accept-ranges"];

/// What a message whose body is about to change must say: no digests, no ranges, and of its entity tags only weak
/// ones (RFC 9110 section 8.8.1).
pub(crate) fn mended(headers: &Headers) -> Vec<Edit> {
    let mut edits: Vec<Edit> = OUTDATED
        .iter()
        .filter(|name| headers.contains(name))
        .filter_map(|name| Edit::remove(name).ok())
        .collect();
    let strong = headers.get("etag").filter(|tag| !tag.starts_with(b"W/"));
    edits.extend(strong.and_then(|tag| Edit::set("etag", [b"W/", tag].concat()).ok()));
    edits
}

/// What a request must say so that its response's body can be read: no coding, no ranges.
pub(crate) fn whole_and_plain(headers: &Headers) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Edit::set("accept-encoding", "identity").ok().into_iter().collect();
    let ranges = ["range", "if-range"].into_iter().filter(|name| headers.contains(name));
    edits.extend(ranges.filter_map(|name| Edit::remove(name).ok()));
    edits
}

/// Whether the body is compressed or otherwise coded.
pub(crate) fn is_coded(headers: &Headers) -> bool {
    let mut codings = headers.get_all("content-encoding").flat_map(|value| value.split(|&byte| byte == b','));
    codings.any(|coding| {
        let coding = coding.trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    })
}

/// Whether a response is but a part of what was asked for.
pub(crate) fn is_partial(headers: &Headers) -> bool {
    headers.status() == Some(206)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_weak_and_digests_go() {
        let headers =
            Headers::from_pairs([("etag", "\"a\""), ("content-md5", "x"), ("accept-ranges", "bytes")]);
        let mut mended_headers = headers.clone();
        for edit in mended(&headers) {
            mended_headers.apply(&edit);
        }
        assert_eq!(mended_headers, Headers::from_pairs([("etag", "W/\"a\"")]));
        assert!(mended(&mended_headers).is_empty());
    }

    #[test]
    fn identity_is_no_coding() {
        assert!(!is_coded(&Headers::from_pairs([("content-encoding", "Identity, ")])));
        assert!(is_coded(&Headers::from_pairs([
            ("content-encoding", "identity"),
            ("content-encoding", "gzip")
        ])));
    }
}
