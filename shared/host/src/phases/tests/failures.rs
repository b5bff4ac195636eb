//! `onError`, resets, and edits that come too late.

use super::*;
use crate::phases::side::{Request, Response};
use crate::phases::wire::{Direction, Map, Then, Wire};

#[test]
fn a_failure_denies_or_passes_by_configuration() {
    for at in ["headers", "body", "end"] {
        let settings = format!(r#"{{"request": {{"body": "whole", "failAt": "{at}"}}}}"#);
        let mut denies = sim(HOLD, &settings);
        denies.request(&post(&["ab"]));
        assert_eq!((reply_status(&denies), &denies.upstream), (Some(500), &Seen::default()), "{at}");
        let keys = r#""onError": "allow", "holdHeaders": true,"#;
        let mut passes = sim(keys, &settings);
        passes.request(&post(&["ab"]));
        assert_eq!((text(&passes.upstream.body), passes.upstream.complete), ("ab".into(), true), "{at}");
        assert_eq!(metric(&passes, keys, &settings, "errors_total.reason.evaluation"), 1);
        assert_eq!(metric(&passes, keys, &settings, "uninspected_total.reason.error"), 1);
        assert_eq!(action(&denies).as_deref(), Some("denied"));
        assert_eq!(action(&passes).as_deref(), Some("error"));
    }
}

/// An engine that keeps bytes back gives them with its failure, or they would be missing in what passes.
#[test]
fn what_an_engine_gives_with_its_failure_passes() {
    let settings = r#"{"response": {"body": "chunks", "access": "edit", "upper": true, "failAt": "body"}}"#;
    let mut passes = sim(r#""onError": "allow","#, settings);
    passes.request(&get("/"));
    passes.response(&answer("200", &["ab", "cd"]));
    assert_eq!((text(&passes.client.body), passes.client.complete), ("ABcd".into(), true));
    let mut shadow = sim(r#""onError": "allow", "mode": "shadow","#, settings);
    shadow.request(&get("/"));
    shadow.response(&answer("200", &["ab", "cd"]));
    assert_eq!(text(&shadow.client.body), "abcd");
}

#[test]
fn the_answer_to_a_failure_says_nothing_of_its_cause() {
    let mut sim = sim(HOLD, r#"{"request": {"failAt": "headers"}}"#);
    sim.request(&get("/"));
    let reply = sim.fake.replied.borrow().clone().unwrap();
    assert_eq!(text(&reply.body), "the request could not be processed\n");
    assert!(sim.fake.lines.borrow().iter().any(|line| line.contains("the probe was told to fail")));
}

#[test]
fn edits_after_the_headers_have_left_are_dropped_and_counted() {
    let settings = r#"{"request": {"body": "whole", "setAtEnd": {"x-late": "1"}}}"#;
    let mut free = sim(FREE, settings);
    free.request(&post(&["ab"]));
    assert!(!free.upstream.headers.as_ref().unwrap().contains("x-late"));
    assert_eq!(metric(&free, FREE, settings, "late_edits_total"), 1);
    let mut held = sim(HOLD, settings);
    held.request(&post(&["ab"]));
    assert!(held.upstream.headers.as_ref().unwrap().contains("x-late"));
}

#[test]
fn a_reset_closes_the_stream() {
    let mut sim = sim(HOLD, r#"{"request": {"resetAt": "headers"}}"#);
    sim.request(&get("/"));
    assert!(sim.fake.reset.get());
    assert_eq!((reply_status(&sim), &sim.upstream), (None, &Seen::default()));
}

#[test]
fn a_denied_response_whose_headers_have_left_is_reset() {
    let settings = r#"{"response": {"body": "whole", "denyIfBody": "evil"}}"#;
    let mut free = sim(FREE, settings);
    free.request(&get("/"));
    free.response(&answer("200", &["evil"]));
    assert!(free.fake.reset.get() && free.client.body.is_empty());
    let mut held = sim(HOLD, settings);
    held.request(&get("/"));
    held.response(&answer("200", &["evil"]));
    assert_eq!((reply_status(&held), &held.client), (Some(403), &Seen::default()));
}

#[test]
fn our_own_answer_is_not_given_to_the_engine() {
    let mut sim = sim(HOLD, r#"{"request": {"denyAt": "headers"}, "response": {"denyAt": "headers"}}"#);
    sim.request(&get("/"));
    assert_eq!(reply_status(&sim), Some(403));
    assert_eq!(sim.driver.response_headers(&sim.fake, false), Then::Continue);
    assert_eq!(sim.driver.body::<Response>(&sim.fake, 6, true), Then::Continue);
    assert_eq!(phases(&mut sim), "request_headers request_end!");
}

#[test]
fn a_disabled_route_sees_nothing() {
    let mut sim = sim(r#""mode": "disabled","#, r#"{"request": {"denyAt": "headers"}}"#);
    sim.request(&get("/"));
    assert_eq!((reply_status(&sim), sim.upstream.complete), (None, true));
    assert_eq!(phases(&mut sim), "");
}

#[test]
fn a_listener_that_does_not_hold_headers_is_found_out_and_the_body_still_inspected() {
    let settings = r#"{"request": {"body": "whole", "access": "edit", "denyIfBody": "evil"}}"#;
    let mut sim = sim(HOLD, settings);
    let message = post(&["evil"]);
    let headers = portcullis_core::Headers::from_pairs(message.headers.iter().map(|(n, v)| (n, v)));
    sim.fake.put_headers(headers);
    assert_eq!(sim.driver.request_headers(&sim.fake, false), Then::Pause);
    let active = Rc::clone(&sim.driver.active);
    assert_eq!((active.tick_period(), active.wants_ticks()), (Some(Duration::from_millis(500)), false));
    let begin = Duration::from_secs(1_000);
    active.release_overdue(&sim.fake, begin + Duration::from_secs(1), |_| true);
    assert!(sim.fake.resumed.borrow().is_empty(), "not yet");
    active.release_overdue(&sim.fake, begin + Duration::from_secs(2), |context| context == 1);
    assert_eq!(*sim.fake.resumed.borrow(), [Direction::Request]);
    assert!(!sim.fake.headers(Map::Headers(Direction::Request)).contains("content-length"));
    assert!(sim.fake.lines.borrow().iter().any(|line| line.contains("allow_on_headers_stop_iteration")));
    assert_eq!(metric(&sim, HOLD, settings, "hold_headers_missing_total"), 1);
    sim.fake.put_body(b"evil");
    assert_eq!(sim.driver.body::<Request>(&sim.fake, 4, true), Then::Pause);
    assert_eq!(reply_status(&sim), Some(403));
    assert_eq!(
        active.tick_period(),
        Some(Duration::from_millis(500)),
        "one body after a release proves nothing"
    );
}
