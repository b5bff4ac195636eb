//! What came of a request, against what a case expects.

use crate::case::Output;
use regex::bytes::{Regex, RegexBuilder};

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// The response's status; `None` where no answer came that is HTTP.
    pub status: Option<u16>,
    /// The ids of the rules in the log.
    pub ids: Vec<u64>,
    /// The log's lines about this request.
    pub log: Vec<u8>,
    /// The whole response as received.
    pub response: Vec<u8>,
}

/// What an expectation that held was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Something was expected, and it held.
    Asserted,
    /// Nothing was expected.
    Vacuous,
}

impl Observed {
    /// What a log and a response show.
    pub fn of_log(status: Option<u16>, log: Vec<u8>, response: Vec<u8>) -> Observed {
        Observed { status, ids: ids_in(&log), log, response }
    }
}

impl Output {
    /// Whether all that is expected holds; the error says what does not.
    pub fn judge(&self, observed: &Observed) -> Result<Worth, String> {
        if self.isolated && self.log.expect_ids.len() != 1 {
            return Err("`isolated` needs exactly one id in `expect_ids`".to_owned());
        }
        if self.expect_error {
            // go-ftw looks at nothing else then.
            return match observed.status {
                None => Ok(Worth::Asserted),
                Some(status) => Err(format!("an error was expected, the status is {status}")),
            };
        }
        self.judge_response(observed)?;
        self.judge_ids(observed)?;
        self.judge_lines(&observed.log)?;
        Ok(if self.is_empty() { Worth::Vacuous } else { Worth::Asserted })
    }

    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        let Output { status, response_contains, log_contains, no_log_contains, log, expect_error, .. } = self;
        let texts = [response_contains, log_contains, no_log_contains, &log.match_regex, &log.no_match_regex];
        status.is_none()
            && !expect_error
            && log.expect_ids.is_empty()
            && log.no_expect_ids.is_empty()
            && texts.iter().all(|text| text.is_empty())
    }

    fn judge_response(&self, observed: &Observed) -> Result<(), String> {
        match (self.status, observed.status) {
            (_, None) => return Err("no answer came".to_owned()),
            (Some(expected), Some(found)) if expected != found => {
                return Err(format!("the status is {found}, not {expected}"));
            }
            _ => {}
        }
        let pattern = &self.response_contains;
        match pattern.is_empty() || compile(pattern)?.is_match(&observed.response) {
            true => Ok(()),
            false => Err(format!("the response has no `{pattern}`")),
        }
    }

    fn judge_ids(&self, observed: &Observed) -> Result<(), String> {
        let found = &observed.ids;
        if let Some(id) = self.log.expect_ids.iter().find(|id| !found.contains(id)) {
            return Err(format!("{id} did not match; {found:?} did"));
        }
        if let Some(id) = self.log.no_expect_ids.iter().find(|id| found.contains(id)) {
            return Err(format!("{id} matched; {found:?} did"));
        }
        match self.isolated && found.iter().any(|id| !self.log.expect_ids.contains(id)) {
            true => Err(format!("not only {:?} matched; {found:?} did", self.log.expect_ids)),
            false => Ok(()),
        }
    }

    fn judge_lines(&self, log: &[u8]) -> Result<(), String> {
        for pattern in [&self.log.match_regex, &self.log_contains] {
            if !pattern.is_empty() && !any_line(log, &compile(pattern)?) {
                return Err(format!("the log has no `{pattern}`"));
            }
        }
        for pattern in [&self.log.no_match_regex, &self.no_log_contains] {
            if !pattern.is_empty() && any_line(log, &compile(pattern)?) {
                return Err(format!("the log has `{pattern}`"));
            }
        }
        Ok(())
    }
}

/// The ids in a log, each once: `[id "942100"]`, escaped quotes too, or `"id": 942100` of JSON.
pub fn ids_in(log: &[u8]) -> Vec<u64> {
    let mut ids = Vec::new();
    for (marker, quotes) in [(&b"[id "[..], true), (b"\"id\":", false)] {
        let mut rest = log;
        while let Some(at) = rest.windows(marker.len()).position(|window| window == marker) {
            rest = rest.get(at + marker.len()..).unwrap_or_default();
            ids.extend(leading_id(rest, quotes).filter(|id| !ids.contains(id)));
        }
    }
    ids
}

fn leading_id(text: &[u8], needs_quotes: bool) -> Option<u64> {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"\\").unwrap_or(text);
    let (quoted, text) = match text.strip_prefix(b"\"") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(text.get(..digits)?).ok()?;
    (quoted || !needs_quotes).then(|| number.parse().ok()).flatten()
}

fn any_line(log: &[u8], pattern: &Regex) -> bool {
    log.split(|&byte| byte == b'\n').any(|line| pattern.is_match(line))
}

/// Go's classes are those of ASCII.
fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).unicode(false).build();
    built.map_err(|_| format!("`{pattern}` is not a pattern"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Log;

    fn observed(ids: &[u64], log: &str) -> Observed {
        Observed {
            status: Some(200),
            ids: ids.to_vec(),
            log: log.into(),
            response: b"HTTP/1.1 200 OK".to_vec(),
        }
    }

    #[test]
    fn each_expectation_is_looked_at() {
        let log = |log: Log| Output { log, ..Output::default() };
        let seen = observed(&[1, 2], "one [id \"1\"]\ntwo [id \"2\"]");
        for (output, expected) in [
            (Output::default(), Ok(Worth::Vacuous)),
            (log(Log { expect_ids: vec![1, 2], ..Log::default() }), Ok(Worth::Asserted)),
            (log(Log { expect_ids: vec![1, 3], ..Log::default() }), Err("3 did not match; [1, 2] did")),
            (log(Log { no_expect_ids: vec![3], ..Log::default() }), Ok(Worth::Asserted)),
            (log(Log { no_expect_ids: vec![3, 2], ..Log::default() }), Err("2 matched; [1, 2] did")),
            (log(Log { match_regex: r"^two .id .\d".into(), ..Log::default() }), Ok(Worth::Asserted)),
            (log(Log { match_regex: "one.*two".into(), ..Log::default() }), Err("the log has no `one.*two`")),
            (log(Log { no_match_regex: "^o".into(), ..Log::default() }), Err("the log has `^o`")),
            (log(Log { match_regex: "(".into(), ..Log::default() }), Err("`(` is not a pattern")),
            (Output { log_contains: "three".into(), ..Output::default() }, Err("the log has no `three`")),
            (Output { no_log_contains: "two".into(), ..Output::default() }, Err("the log has `two`")),
            (Output { status: Some(403), ..Output::default() }, Err("the status is 200, not 403")),
            (
                Output { response_contains: "404".into(), ..Output::default() },
                Err("the response has no `404`"),
            ),
            (
                Output { expect_error: true, ..Output::default() },
                Err("an error was expected, the status is 200"),
            ),
        ] {
            assert_eq!(output.judge(&seen), expected.map_err(str::to_owned), "{output:?}");
        }
    }

    #[test]
    fn isolated_means_one_rule() {
        let isolated = |ids: &[u64]| Output {
            isolated: true,
            log: Log { expect_ids: ids.to_vec(), ..Log::default() },
            ..Output::default()
        };
        assert_eq!(isolated(&[1]).judge(&observed(&[1], "")), Ok(Worth::Asserted));
        assert_eq!(
            isolated(&[1]).judge(&observed(&[1, 2], "")),
            Err("not only [1] matched; [1, 2] did".into())
        );
        assert!(isolated(&[1, 2]).judge(&observed(&[1, 2], "")).is_err());
    }

    #[test]
    fn no_answer_is_an_error_and_may_be_expected() {
        let silent = Observed { status: None, ..observed(&[], "") };
        assert_eq!(Output { expect_error: true, ..Output::default() }.judge(&silent), Ok(Worth::Asserted));
        assert_eq!(Output::default().judge(&silent), Err("no answer came".into()));
    }

    #[test]
    fn ids_are_found_in_both_forms_of_log() {
        let log = br#"x [id "942100"] [id \"942101\"] [id 7] {"id": 5, "id":"6"} [id "942100"]"#;
        assert_eq!(ids_in(log), [942_100, 942_101, 5, 6]);
    }
}
