//! What becomes of bodies.

use super::*;

const EDIT: &str = r#"{"request": {"body": "whole", "access": "edit", "max": 100, "grow": 3}}"#;

fn length(seen: &Seen) -> Option<String> {
    seen.headers.as_ref().unwrap().get("content-length").map(text)
}

#[test]
fn a_grown_body_has_its_new_length_where_headers_are_held() {
    let mut sim = sim(HOLD, EDIT);
    sim.request(&post(&["ab", "cd"]));
    assert_eq!((text(&sim.upstream.body), length(&sim.upstream)), ("abcd+++".into(), Some("7".into())));
    assert!(sim.upstream.complete);
}

#[test]
fn a_grown_body_has_no_length_where_headers_have_left() {
    let mut sim = sim(FREE, EDIT);
    sim.request(&post(&["ab", "cd"]));
    assert_eq!((text(&sim.upstream.body), length(&sim.upstream)), ("abcd+++".into(), None));
}

#[test]
fn a_reader_leaves_the_length_alone() {
    for keys in [HOLD, FREE] {
        let mut sim = sim(keys, r#"{"request": {"body": "whole"}}"#);
        sim.request(&post(&["abcd"]));
        assert_eq!((text(&sim.upstream.body), length(&sim.upstream)), ("abcd".into(), Some("4".into())));
    }
}

#[test]
fn a_held_request_that_is_denied_by_its_body_is_never_seen() {
    let mut sim = sim(HOLD, r#"{"request": {"body": "whole", "denyIfBody": "evil"}}"#);
    sim.request(&post(&["ev", "il"]));
    assert_eq!((reply_status(&sim), &sim.upstream), (Some(403), &Seen::default()));
}

#[test]
fn without_held_headers_the_body_at_least_stays_back() {
    let mut sim = sim(FREE, r#"{"request": {"body": "whole", "denyIfBody": "evil"}}"#);
    sim.request(&post(&["ev", "il"]));
    assert_eq!(
        (reply_status(&sim), text(&sim.upstream.body), sim.upstream.complete),
        (Some(403), String::new(), false)
    );
}

#[test]
fn the_limit_is_inclusive() {
    for (size, expected) in [(99, None), (100, None), (101, Some(413))] {
        for declared in [true, false] {
            let (head, tail) = ("x".repeat(50), "x".repeat(size - 50));
            let mut message = post(&[&head, &tail]);
            if !declared {
                message.headers.retain(|(name, _)| name != "content-length");
            }
            let mut sim = sim(HOLD, EDIT);
            sim.request(&message);
            assert_eq!(reply_status(&sim), expected, "{size} bytes, declared {declared}");
        }
    }
}

#[test]
fn over_the_limit_what_was_inspected_passes_with_the_rest() {
    let settings = r#"{"request": {"body": "whole", "max": 4, "over": "pass", "access": "edit", "grow": 3}}"#;
    for keys in [HOLD, FREE] {
        let mut sim = sim(keys, settings);
        sim.request(&post(&["abc", "def", "ghi"]));
        assert_eq!(text(&sim.upstream.body), "abcdefghi");
        assert_eq!(phases(&mut sim), "request_headers request_body:4 request_end");
        assert_eq!(metric(&sim, keys, settings, "uninspected_total.reason.over_limit"), 1);
    }
}

#[test]
fn a_denial_over_the_limit_still_denies() {
    let settings = r#"{"request": {"body": "whole", "max": 4, "over": "pass", "denyIfBody": "cd"}}"#;
    let mut sim = sim(HOLD, settings);
    sim.request(&post(&["abc", "def", "ghi"]));
    assert_eq!((reply_status(&sim), &sim.upstream), (Some(403), &Seen::default()));
}

#[test]
fn a_response_never_grows_past_the_hosts_limit() {
    let settings = r#"{"response": {"body": "whole", "access": "edit", "grow": 100}}"#;
    let keys = r#""hostBufferLimit": 1024,"#;
    let mut sim = sim(keys, settings);
    sim.request(&get("/"));
    sim.response(&answer("200", &[&"x".repeat(1000)]));
    assert_eq!(metric(&sim, keys, settings, "errors_total.reason.limit"), 1);
    assert!(sim.fake.reset.get() && sim.client.body.is_empty());
}

#[test]
fn without_a_stated_limit_a_response_grows_to_16_kib_or_not_at_all() {
    for (size, grown) in [(16_000, true), (16_384, false), (40_000, false)] {
        let mut sim = sim(
            r#""onError": "allow","#,
            r#"{"response": {"body": "whole", "access": "edit", "grow": 100}}"#,
        );
        sim.request(&get("/"));
        sim.response(&answer("200", &[&"x".repeat(size)]));
        assert_eq!(sim.client.body.len(), if grown { size + 100 } else { size });
    }
}

#[test]
fn chunks_are_edited_as_they_pass_and_the_tail_comes_with_the_end() {
    let settings =
        r#"{"response": {"body": "chunks", "access": "edit", "upper": true, "holdBack": 3, "grow": 1}}"#;
    for empty_end in [false, true] {
        let mut sim = sim(HOLD, settings);
        sim.request(&get("/"));
        let mut message = answer("200", &["abcd", "e", "fghi"]);
        message.empty_end = empty_end;
        sim.response(&message);
        assert_eq!((text(&sim.client.body), length(&sim.client)), ("ABCDEFGHI+".into(), None));
        assert!(sim.client.complete);
    }
}

#[test]
fn announced_trailers_hold_a_streamed_body_so_that_its_tail_finds_its_place() {
    let settings = r#"{"response": {"body": "chunks", "access": "edit", "holdBack": 3, "grow": 1}}"#;
    let mut sim = sim(FREE, settings);
    sim.request(&get("/"));
    sim.response(&trailers(with(answer("200", &["abcd", "ef"]), "trailer", "x-t"), &[("x-t", "1")]));
    assert_eq!((text(&sim.client.body), sim.client.trailers.is_some()), ("abcdef+".into(), true));
    assert_eq!(
        phases(&mut sim),
        "request_headers request_end response_headers response_body:6 response_trailers response_end"
    );
}

#[test]
fn unannounced_trailers_over_a_held_tail_reset_the_stream() {
    let settings = r#"{"response": {"body": "chunks", "access": "edit", "holdBack": 3}}"#;
    let mut sim = sim(FREE, settings);
    sim.request(&get("/"));
    sim.response(&trailers(answer("200", &["abcd", "ef"]), &[("x-t", "1")]));
    assert!(sim.fake.reset.get());
    assert_eq!(metric(&sim, FREE, settings, "resets_total"), 1);
}

#[test]
fn a_message_without_a_body_takes_none() {
    for body in ["whole", "chunks", "skip"] {
        let settings = format!(r#"{{"response": {{"body": "{body}", "access": "edit", "grow": 3}}}}"#);
        let mut sim = sim(HOLD, &settings);
        sim.request(&get("/"));
        sim.response(&Message { chunks: Vec::new(), ..answer("204", &[]) });
        assert!(!sim.fake.reset.get() && sim.client.complete && sim.client.body.is_empty(), "{body}");
    }
}

#[test]
fn a_held_body_with_trailers_is_replaced_before_them() {
    let settings =
        r#"{"request": {"body": "whole", "access": "edit", "grow": 2, "setTrailers": {"x-u": "2"}}}"#;
    for keys in [HOLD, FREE] {
        let mut sim = sim(keys, settings);
        sim.request(&trailers(post(&["ab", "cd"]), &[("x-t", "1")]));
        let expected = portcullis_core::Headers::from_pairs([("x-t", "1"), ("x-u", "2")]);
        assert_eq!((text(&sim.upstream.body), sim.upstream.trailers), ("abcd++".into(), Some(expected)));
    }
}

#[test]
fn the_vms_account_of_held_bytes_is_kept() {
    let keys = r#""holdHeaders": true, "limits": {"heldBytes": 1024},"#;
    let (active, _) = active(keys, r#"{"request": {"body": "whole"}}"#);
    let fake = Fake::default();
    assert!(active.account(&fake, 0, 1000));
    let mut sim = sim(keys, r#"{"request": {"body": "whole"}}"#);
    sim.driver.active = Rc::clone(&active);
    sim.request(&post(&[&"x".repeat(100)]));
    assert_eq!(reply_status(&sim), Some(503));
    assert!(active.account(&fake, 1000, 0));
    assert!(active.account(&fake, 0, 1024), "what was refused is not in the account");
}

#[test]
fn shadow_mode_changes_nothing_and_counts() {
    let keys = r#""mode": "shadow", "holdHeaders": true,"#;
    let settings = r#"{"request": {"body": "whole", "access": "edit", "grow": 2, "denyIfBody": "evil", "set": {"x-a": "1"}}}"#;
    let mut sim = sim(keys, settings);
    sim.request(&post(&["ev", "il"]));
    assert_eq!(
        (text(&sim.upstream.body), reply_status(&sim), sim.upstream.complete),
        ("evil".into(), None, true)
    );
    assert!(!sim.upstream.headers.as_ref().unwrap().contains("x-a"));
    assert_eq!(metric(&sim, keys, settings, "shadow_denied_total"), 1);
}
