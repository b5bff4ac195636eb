//! Runs cases on the engine, natively.

use crate::case::{Case, Stage};
use crate::judge::{Observed, Worth};
use crate::redirect;
use crate::server::{Received, Request, receive, receive_any};
use crate::upstream::{self, Answer};
use portcullis_core::OutOfFuel;
use portcullis_waf::{Response, Ruleset, Transaction};
use std::rc::Rc;
use std::time::Duration;

/// Units enough for the longest test.
const FUEL: u64 = 1 << 34;

/// The status with which a server refuses what is no HTTP.
const REFUSED: u16 = 400;

/// The moment of every request: May 2026.
const TIME: Duration = Duration::from_secs(1_780_000_000);

/// A rule set with a server in front and an upstream behind.
#[derive(Debug, Clone)]
pub struct Runner {
    ruleset: Rc<Ruleset>,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What was seen, for each request sent.
    pub observed: Vec<Observed>,
    /// Why the server in front kept a request from the rules, if it did.
    pub refused: Option<&'static str>,
    /// Whether what was expected holds; the error says what does not.
    pub outcome: Result<Worth, String>,
}

/// What came of one request.
struct Exchanged {
    observed: Observed,
    /// What the client got.
    answer: Option<Answer>,
    refused: Option<&'static str>,
}

impl Runner {
    /// A runner of these rules.
    pub fn new(ruleset: Rc<Ruleset>) -> Runner {
        Runner { ruleset }
    }

    /// Runs all stages, until one fails.
    pub fn run(&self, case: &Case) -> Run {
        let mut run = Run { observed: Vec::new(), refused: None, outcome: Ok(Worth::Vacuous) };
        run.outcome = self.stages(case, &mut run);
        run
    }

    /// What the rules make of one request as it stands on the wire.
    pub fn observe(&self, wire: &[u8]) -> Result<Observed, String> {
        Ok(self.exchange(wire, None)?.observed)
    }

    fn stages(&self, case: &Case, run: &mut Run) -> Result<Worth, String> {
        let mut worth = Worth::Vacuous;
        let mut before: Option<(crate::Input, Option<Answer>)> = None;
        for (index, stage) in case.stages.iter().enumerate() {
            let place = |error: String| match case.stages.len() {
                1 => error,
                _ => format!("stage {}: {error}", index + 1),
            };
            let input = match (stage.input.follow_redirect, &before) {
                (Some(true), Some((base, answer))) => redirect::follow(&stage.input, base, answer.as_ref()),
                (Some(true), None) => redirect::follow(&stage.input, &stage.input, None),
                _ => Ok(stage.input.clone()),
            };
            let stage = Stage { input: input.map_err(place)?, output: stage.output.clone() };
            let mut answer = None;
            for wire in stage.input.wire().map_err(place)? {
                let exchanged = self.exchange(&wire, Some(&stage)).map_err(place)?;
                let judged = stage.output.judge(&exchanged.observed).map_err(place);
                run.observed.push(exchanged.observed);
                run.refused = run.refused.or(exchanged.refused);
                if judged? == Worth::Asserted {
                    worth = Worth::Asserted;
                }
                answer = exchanged.answer;
            }
            before = Some((stage.input, answer));
        }
        Ok(worth)
    }

    fn exchange(&self, wire: &[u8], stage: Option<&Stage>) -> Result<Exchanged, String> {
        let (request, is_simple) = match receive(wire) {
            Received::Request(request) => (request, false),
            Received::Simple(request) => (request, true),
            // A test that is not about the server's refusal is about what the rules make of the request.
            Received::Refused(_) if stage.is_some_and(|stage| stage.output.status != Some(REFUSED)) => {
                (receive_any(wire), false)
            }
            Received::Refused(reason) => {
                let answer = Answer::plain(REFUSED, "Bad Request");
                let observed =
                    Observed { status: Some(REFUSED), response: answer.wire(), ..Observed::default() };
                return Ok(Exchanged { observed, answer: Some(answer), refused: Some(reason) });
            }
        };
        let answer = match stage.and_then(|stage| stage.input.response.as_ref()) {
            Some(response) => upstream::given(response)?,
            None => upstream::answer(&request),
        };
        let (transaction, answer) =
            self.transact(&request, answer).map_err(|_| "the fuel ran out".to_owned())?;
        let status = answer.as_ref().map(|answer| answer.status).filter(|_| !is_simple);
        let response = answer.as_ref().map(Answer::wire).unwrap_or_default();
        let log = log(&transaction);
        let logged = transaction.matches().iter().filter(|matched| matched.log);
        let ids = logged.map(|matched| matched.id).collect();
        Ok(Exchanged { observed: Observed { status, ids, log, response }, answer, refused: None })
    }

    /// Runs all phases; the answer is the upstream's, or what the rules put in its place.
    fn transact(
        &self,
        request: &Request,
        answer: Answer,
    ) -> Result<(Transaction, Option<Answer>), OutOfFuel> {
        let mut transaction = Transaction::new(&self.ruleset, FUEL);
        transaction.process_start(TIME, b"test");
        transaction.process_connection(("127.0.0.1", "40000"), ("127.0.0.1", "80"));
        transaction.process_uri(&request.uri, &request.method, &request.version)?;
        for (name, value) in &request.headers {
            transaction.add_request_header(name, value);
        }
        transaction.process_request_headers()?;
        transaction.write_request_body(&request.body);
        transaction.process_request_body()?;
        if transaction.interruption().is_none() {
            for (name, value) in &answer.headers {
                transaction.add_response_header(name.as_bytes(), value.as_bytes());
            }
            transaction.process_response_headers(answer.status, b"HTTP/1.1")?;
            transaction.write_response_body(&answer.body);
            transaction.process_response_body()?;
        }
        transaction.process_logging()?;
        let answer = match transaction.interruption().map(|interruption| &interruption.response) {
            None => Some(answer),
            Some(Response::Drop) => None,
            Some(Response::Deny(status)) => Some(Answer::plain(*status, "")),
            Some(Response::Redirect { status, location }) => {
                let mut answer = Answer::plain(*status, "");
                answer.headers.push(("Location".to_owned(), String::from_utf8_lossy(location).into_owned()));
                Some(answer)
            }
        };
        Ok((transaction, answer))
    }
}

/// The lines that the filter would log.
fn log(transaction: &Transaction) -> Vec<u8> {
    let logged = transaction.matches().iter().filter(|matched| matched.log);
    let lines = logged.map(|matched| transaction.log_line(matched) + "\n");
    lines.collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::read_text;
    use std::collections::BTreeMap;

    const RULES: &str = r#"
        SecRuleEngine On
        SecResponseBodyAccess On
        SecRule ARGS:id "@streq deny" "id:1,phase:1,deny,status:406"
        SecRule ARGS:id "@streq drop" "id:2,phase:1,drop"
        SecRule ARGS:id "@streq away" "id:3,phase:1,redirect:/there?id=log"
        SecRule ARGS:id "@streq log" "id:4,phase:2,pass,msg:'seen \x22it\x22'"
        SecRule RESPONSE_BODY "@contains secret" "id:5,phase:4,deny,status:500"
    "#;

    fn run(stages: &str) -> Run {
        let ruleset = Ruleset::parse(&[("rules", RULES)], &BTreeMap::new()).unwrap();
        let text = format!("rule_id: 1\ntests:\n  - stages:\n{stages}");
        let cases = read_text("1.yaml".as_ref(), &text).unwrap();
        Runner::new(Rc::new(ruleset)).run(&cases[0])
    }

    fn outcome(input: &str, output: &str) -> Result<Worth, String> {
        run(&format!("      - {{input: {{{input}}}, output: {{{output}}}}}\n")).outcome
    }

    #[test]
    fn verdicts_become_statuses() {
        let good = Ok(Worth::Asserted);
        assert_eq!(outcome("uri: /?id=deny", "status: 406, log: {expect_ids: [1]}"), good);
        assert_eq!(outcome("uri: /?id=drop", "expect_error: true"), good);
        assert_eq!(outcome("uri: /?id=x", "status: 200, log: {no_expect_ids: [1, 2, 3, 4]}"), good);
        assert_eq!(outcome("uri: /?id=x#y", "status: 400"), good);
        assert_eq!(outcome("uri: /?id=deny#y", "log: {expect_ids: [1]}"), good);
        assert_eq!(outcome("uri: /, version: ''", "expect_error: true"), good);
        assert_eq!(outcome("uri: /", ""), Ok(Worth::Vacuous));
        assert_eq!(
            outcome("uri: /?id=log", "log: {expect_ids: [5]}"),
            Err("5 did not match; [4] did".into())
        );
    }

    #[test]
    fn responses_are_looked_at() {
        let input = r#"method: POST, uri: /reflect, headers: {Content-Type: application/json}, data: '{"body": "a secret"}'"#;
        assert_eq!(outcome(input, "status: 500, log: {expect_ids: [5]}"), Ok(Worth::Asserted));
        let given = "uri: /, response: {status: 201, body: fine}";
        assert_eq!(outcome(given, "status: 201, response_contains: 'fine$'"), Ok(Worth::Asserted));
    }

    #[test]
    fn redirects_are_followed() {
        let run = run("      - {input: {uri: /a?id=away}, output: {status: 302}}\n\
                       \x20     - {input: {follow_redirect: true}, output: {log: {expect_ids: [4]}}}\n");
        assert_eq!((run.outcome, run.observed.len()), (Ok(Worth::Asserted), 2));
        assert_eq!(run.observed[1].ids, [4]);
    }

    #[test]
    fn a_failing_stage_is_named() {
        let run = run("      - {input: {uri: /}}\n      - {input: {uri: /}, output: {status: 500}}\n");
        assert_eq!(run.outcome, Err("stage 2: the status is 200, not 500".into()));
    }
}
