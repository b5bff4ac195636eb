//! Streams that wait for a service.

use super::*;
use portcullis_core::CallFailure;

fn settings(at: &str, body: &str) -> String {
    format!(
        r#"{{"request": {{"body": "{body}", "access": "edit", "grow": 1, "call": {{"cluster": "c", "at": "{at}"}}}}}}"#
    )
}

#[test]
fn a_stream_waits_at_any_phase_and_loses_nothing() {
    for keys in [HOLD, FREE] {
        for at in ["headers", "body", "end"] {
            for body in ["whole", "chunks"] {
                let mut sim = sim(keys, &settings(at, body));
                sim.answers = vec![ok_answer("200"); 4];
                sim.request(&post(&["ab", "cd"]));
                assert_eq!(text(&sim.upstream.body), "abcd+", "{at} {body} {keys}");
                assert!(sim.upstream.complete, "{at} {body} {keys}");
                assert_eq!(sim.fake.calls.borrow().len(), 1);
            }
        }
    }
}

/// Envoy drops a body that was gathered after everything had been stopped, if trailers then go on by themselves.
#[test]
fn a_body_with_trailers_survives_a_stop_at_the_headers() {
    for keys in [HOLD, FREE] {
        let mut sim = sim(keys, &settings("headers", "whole"));
        sim.answers = vec![ok_answer("200")];
        let trailers = Some(vec![("x-t".to_owned(), "1".to_owned())]);
        sim.request(&Message { trailers, ..post(&["ab", "cd"]) });
        assert_eq!(
            (text(&sim.upstream.body), sim.upstream.trailers.is_some()),
            ("abcd+".into(), true),
            "{keys}"
        );
    }
}

#[test]
fn a_refusing_service_denies_before_anything_is_released() {
    for at in ["headers", "body", "end"] {
        let mut sim = sim(HOLD, &settings(at, "whole"));
        sim.answers = vec![ok_answer("403")];
        sim.request(&post(&["ab", "cd"]));
        assert_eq!((reply_status(&sim), &sim.upstream), (Some(403), &Seen::default()), "{at}");
    }
}

#[test]
fn while_a_call_is_under_way_nothing_goes_on() {
    let mut sim = sim(HOLD, &settings("headers", "skip"));
    sim.request(&post(&["ab", "cd"]));
    assert_eq!(sim.upstream, Seen::default());
}

#[test]
fn no_answer_and_no_cluster_are_failures() {
    for keys in [HOLD, r#""onError": "allow", "holdHeaders": true,"#] {
        let expected = if keys.contains("allow") { None } else { Some(500) };
        let mut silent = sim(keys, &settings("headers", "whole"));
        silent.answers = vec![CallResult::Failed(CallFailure::NoAnswer)];
        silent.request(&post(&["ab"]));
        assert_eq!(reply_status(&silent), expected, "{keys}");
        let mut unknown = sim(keys, &settings("end", "whole"));
        unknown.fake.refuses_calls.set(true);
        unknown.request(&post(&["ab"]));
        assert_eq!(reply_status(&unknown), expected, "{keys}");
        assert_eq!(unknown.upstream.complete, expected.is_none());
    }
}

#[test]
fn an_engine_that_never_stops_asking_fails() {
    let settings = r#"{"request": {"call": {"cluster": "c", "at": "headers"}, "callTimes": 255}}"#;
    let mut sim = sim(HOLD, settings);
    sim.answers = vec![ok_answer("200"); 300];
    sim.request(&get("/"));
    assert_eq!((reply_status(&sim), sim.fake.calls.borrow().len()), (Some(500), 16));
    assert_eq!(metric(&sim, HOLD, settings, "errors_total.reason.call"), 1);
}

#[test]
fn responses_wait_too() {
    let settings = r#"{"response": {"body": "whole", "call": {"cluster": "c", "at": "end"}}}"#;
    let mut sim = sim(HOLD, settings);
    sim.request(&get("/"));
    sim.answers = vec![ok_answer("200")];
    sim.response(&answer("200", &["ab"]));
    assert_eq!((text(&sim.client.body), sim.client.complete), ("ab".into(), true));
}
