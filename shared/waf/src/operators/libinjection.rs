//! libinjection, behind the only two questions that rules ask.

use libinjectionrs::{detect_sqli, detect_xss};

/// The fingerprint, if the text looks like SQL injection in one of the contexts that libinjection tries.
pub fn sqli(input: &[u8]) -> Option<String> {
    if input.is_empty() {
        return None;
    }
    let result = detect_sqli(input);
    result.is_injection().then(|| result.fingerprint.map(|print| print.to_string()).unwrap_or_default())
}

/// Whether the text looks like cross-site scripting. Without `<` or `=` it cannot.
pub fn xss(input: &[u8]) -> bool {
    memchr::memchr2(b'<', b'=', input).is_some() && detect_xss(input).is_injection()
}
