//! Requests that are made to cost, for filters that read bodies: depth, numbers, length, and texts that patterns are slow on.

/// One of them.
#[derive(Debug, Clone)]
pub struct Bomb {
    /// What it is.
    pub name: String,
    /// Path and query.
    pub target: String,
    /// Fields besides `host` and `content-length`.
    pub fields: Vec<(String, String)>,
    /// The body; empty for a GET.
    pub body: Vec<u8>,
    /// Whether it breaks a limit or a form, so that a WAF with its defaults must refuse it.
    pub is_broken: bool,
}

/// As much as a body that is no upload may have by default.
const FULL: usize = 131_000;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const XML: &str = "text/xml";
const MULTIPART: &str = "multipart/form-data; boundary=b";

/// Bodies, targets and headers whose structure costs.
pub fn structures() -> Vec<Bomb> {
    let numbered = |count: usize, item: fn(usize) -> String, between: &str| {
        (0..count).map(item).collect::<Vec<_>>().join(between)
    };
    let entities: String = (1..60).map(|n| format!("<!ENTITY e{n} \"&e{};&e{};\">", n - 1, n - 1)).collect();
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    let attack = |n: usize| format!("a{n}=1%27+or+%271%27%3D%271+union+select+x+from+y--");
    vec![
        broken("json arrays 10^5 deep", JSON, "[".repeat(100_000)),
        broken("json arrays 60,000 deep and closed", JSON, "[".repeat(60_000) + &"]".repeat(60_000)),
        broken("json objects 20,000 deep", JSON, "{\"a\":".repeat(20_000)),
        broken(
            "json 10^5 members",
            JSON,
            format!("{{{}}}", numbered(100_000, |n| format!("\"k{n}\":{n}"), ",")),
        ),
        broken(
            "json 10,000 members",
            JSON,
            format!("{{{}}}", numbered(10_000, |n| format!("\"k{n}\":{n}"), ",")),
        ),
        broken("json cut off", JSON, format!("{{\"a\":\"{}", "x".repeat(FULL / 2))),
        plain("json one long text", JSON, format!("{{\"a\":\"{}\"}}", "x ".repeat(FULL / 2 - 10))),
        broken("form 10^5 arguments", FORM, numbered(100_000, |n| format!("a{n}=1"), "&")),
        broken("form 60,000 arguments", FORM, "a&".repeat(60_000)),
        plain("form 990 attacks", FORM, numbered(990, attack, "&")),
        plain(
            "form 990 arguments of 120 bytes",
            FORM,
            numbered(990, |n| format!("a{n}={}", "x'".repeat(60)), "&"),
        ),
        broken("multipart 10^5 parts", MULTIPART, part.repeat(100_000) + "--b--\r\n"),
        broken("multipart 2,000 parts", MULTIPART, part.repeat(2_000) + "--b--\r\n"),
        broken("multipart without an end", MULTIPART, part.repeat(500)),
        broken(
            "multipart with a header of 100 KB",
            MULTIPART,
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n1\r\n--b-\r\n",
                "x".repeat(100_000)
            ),
        ),
        broken(
            "multipart of beginnings of boundaries",
            MULTIPART,
            format!("--b\r\n\r\n{}", "\r\n--".repeat(30_000)),
        ),
        plain("xml entity bomb", XML, format!("<!DOCTYPE a [<!ENTITY e0 \"boom\">{entities}]><a>&e59;</a>")),
        broken("xml 10^5 deep", XML, "<a>".repeat(100_000)),
        broken("xml 15,000 deep and closed", XML, "<a>".repeat(15_000) + &"</a>".repeat(15_000)),
        plain(
            "xml 9,000 attributes",
            XML,
            format!("<a {}/>", numbered(9_000, |n| format!("b{n}=\"c\""), " ")),
        ),
        plain("graphql 20,000 deep", "application/graphql", "{a".repeat(20_000) + &"}".repeat(20_000)),
        plain("text of 128 KB", "text/plain", "a b'c ".repeat(FULL / 6)),
        Bomb {
            target: format!("/?{}", "a&".repeat(25_000)),
            ..broken("query 25,000 arguments", "", String::new())
        },
        Bomb { is_broken: true, ..with_field("cookie", "50,000 cookies", &"a=b; ".repeat(50_000)) },
        Bomb { is_broken: true, ..with_field("cookie", "9,000 cookies", &"a=b; ".repeat(9_000)) },
        with_field(
            "cookie",
            "900 cookies of attacks",
            &numbered(900, |n| format!("a{n}=1' or '1'='1"), "; "),
        ),
        with_field("referer", "a referer of 50 KB", &"/?a=1' or '1'='1&b=<script>".repeat(1_900)),
        with_field("user-agent", "a user agent of 50 KB", &"Mozilla/5.0 (((".repeat(3_500)),
        Bomb {
            target: format!("/{}", "../%2e%2e/".repeat(5_500)),
            ..plain("a path of 55 KB", "", String::new())
        },
    ]
}

/// One long value made of each piece that patterns of some rule set begin with, or go back on.
pub fn texts() -> Vec<Bomb> {
    PIECES.iter().map(|piece| repeated(&format!("{piece:?} repeated"), piece.as_bytes(), FULL)).collect()
}

/// A form with this text again and again in one field, as a body of this length.
pub fn repeated(name: &str, text: &[u8], length: usize) -> Bomb {
    let encoded: String = text
        .iter()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let times = (length / encoded.len().max(1)).max(1);
    plain(name, FORM, format!("a={}", encoded.repeat(times)))
}

const PIECES: [&str; 48] = [
    "a",
    "a ",
    " ",
    "'",
    "\"",
    "`",
    "(",
    "<",
    "</a ",
    "$(",
    "${",
    "{{",
    "../",
    "..\\",
    "\0",
    "%25",
    "\\u00",
    "&#1;",
    "1 or 1 ",
    "' or '",
    "union select ",
    "select(",
    "/*",
    "--",
    ";",
    "|",
    "javascript:",
    " onerror=",
    "=alert(",
    "http://a",
    "file:",
    "php://",
    "<?",
    "eval(",
    "exec ",
    "cat /",
    "sh -c ",
    "java.lang.",
    "O:1:\"",
    "data:,",
    "0x41",
    "@",
    ",",
    "=",
    "\n",
    "\r\n\r\n",
    "QUFB",
    "\u{e9}",
];

fn plain(name: &str, content_type: &str, body: String) -> Bomb {
    let fields = match content_type {
        "" => Vec::new(),
        _ => vec![("content-type".to_owned(), content_type.to_owned())],
    };
    Bomb {
        name: name.to_owned(),
        target: "/hostile".to_owned(),
        fields,
        body: body.into_bytes(),
        is_broken: false,
    }
}

fn broken(name: &str, content_type: &str, body: String) -> Bomb {
    Bomb { is_broken: true, ..plain(name, content_type, body) }
}

fn with_field(field: &str, name: &str, value: &str) -> Bomb {
    Bomb { fields: vec![(field.to_owned(), value.trim_end().to_owned())], ..plain(name, "", String::new()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_texts_have_their_length() {
        let all = [structures(), texts()].concat();
        let names: std::collections::BTreeSet<&str> = all.iter().map(|bomb| bomb.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for text in texts() {
            assert!(
                (FULL - 100..=FULL + 10).contains(&text.body.len()),
                "{}: {}",
                text.name,
                text.body.len()
            );
        }
    }
}
