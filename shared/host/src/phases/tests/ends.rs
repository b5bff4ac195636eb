//! Each message ends exactly once for the engine, and what cannot be held is not held.

use super::*;

fn request_phases(settings: &str, message: &Message) -> String {
    let mut sim = sim(HOLD, settings);
    sim.request(message);
    phases(&mut sim)
}

#[test]
fn the_end_comes_once_however_the_message_ends() {
    let whole = r#"{"request": {"body": "whole"}}"#;
    let chunks = r#"{"request": {"body": "chunks"}}"#;
    assert_eq!(request_phases(whole, &get("/")), "request_headers request_end");
    assert_eq!(request_phases(whole, &post(&["ab", "c"])), "request_headers request_body:3 request_end");
    assert_eq!(
        request_phases(whole, &trailers(post(&["ab", "c"]), &[("x-t", "1")])),
        "request_headers request_body:3 request_trailers request_end"
    );
    assert_eq!(
        request_phases(chunks, &post(&["ab", "c"])),
        "request_headers request_body:2 request_body:1 request_end"
    );
    assert_eq!(
        request_phases(chunks, &trailers(post(&["ab"]), &[("x-t", "1")])),
        "request_headers request_body:2 request_trailers request_end"
    );
    let empty_end = Message { empty_end: true, ..post(&["ab"]) };
    assert_eq!(request_phases(chunks, &empty_end), "request_headers request_body:2 request_end");
    assert_eq!(request_phases(whole, &empty_end), "request_headers request_body:2 request_end");
}

#[test]
fn a_body_that_nobody_reads_ends_with_the_headers() {
    assert_eq!(request_phases("{}", &post(&["ab"])), "request_headers request_end");
    let mut sim = sim(HOLD, r#"{"request": {"denyAt": "end"}}"#);
    sim.request(&post(&["ab"]));
    assert_eq!((reply_status(&sim), &sim.upstream), (Some(403), &Seen::default()));
}

#[test]
fn a_message_that_is_cut_off_ends_as_aborted() {
    for body in ["whole", "chunks"] {
        let mut sim = sim(HOLD, &format!(r#"{{"request": {{"body": "{body}", "denyAt": "end"}}}}"#));
        sim.request(&Message { cut: true, ..post(&["ab", "cd"]) });
        assert!(phases(&mut sim).ends_with(" request_end!"), "{body}");
        assert_eq!(reply_status(&sim), None);
    }
    let mut sim = sim(HOLD, r#"{"request": {"body": "whole", "denyAt": "headers"}}"#);
    sim.request(&post(&["ab"]));
    assert_eq!(phases(&mut sim), "request_headers request_end!");
}

const UPGRADE: [(&str, &str); 2] = [("connection", "Upgrade"), ("upgrade", "websocket")];

fn upgrade(mut message: Message) -> Message {
    message.headers.extend(UPGRADE.map(|(n, v)| (n.to_owned(), v.to_owned())));
    message
}

#[test]
fn an_upgrade_is_not_held_and_counts_as_uninspected() {
    let settings = r#"{"request": {"body": "whole", "denyIfBody": "evil"}, "response": {"body": "whole"}}"#;
    let mut sim = sim(HOLD, settings);
    let mut message = upgrade(get("/ws"));
    message.chunks = vec![b"evil frame".to_vec()];
    sim.request(&message);
    assert_eq!(text(&sim.upstream.body), "evil frame");
    sim.response(&answer("101", &["frames"]));
    assert_eq!((reply_status(&sim), text(&sim.client.body)), (None, "frames".into()));
    assert_eq!(metric(&sim, HOLD, settings, "uninspected_total.reason.upgrade"), 1);
}

#[test]
fn an_upgrade_that_was_none_is_looked_at_again() {
    let settings = r#"{"request": {"body": "whole", "denyIfBody": "evil"}}"#;
    let mut sim = sim(HOLD, settings);
    let mut message = upgrade(get("/ws"));
    message.chunks = vec![b"ev".to_vec(), b"il".to_vec()];
    sim.request(&message);
    sim.response(&answer("200", &["secret"]));
    assert_eq!((reply_status(&sim), &sim.client), (Some(403), &Seen::default()));
}

#[test]
fn a_post_with_a_forged_upgrade_is_held() {
    let mut sim = sim(HOLD, r#"{"request": {"body": "whole", "denyIfBody": "evil"}}"#);
    sim.request(&upgrade(post(&["evil"])));
    assert_eq!((reply_status(&sim), &sim.upstream), (Some(403), &Seen::default()));
}

#[test]
fn grpc_is_not_held_where_it_can_be_grpc() {
    let settings = r#"{"request": {"body": "whole", "denyIfBody": "evil"}}"#;
    let message = with(post(&["evil"]), "content-type", "application/grpc");
    let mut http1 = sim(HOLD, settings);
    http1.request(&message);
    assert_eq!(reply_status(&http1), Some(403), "HTTP/1 carries no gRPC");

    let http2 = || {
        let sim = sim(HOLD, settings);
        sim.fake.properties.borrow_mut().insert("request.protocol".into(), b"HTTP/2".to_vec());
        sim
    };
    let mut honest = http2();
    honest.request(&message);
    honest.response(&with(answer("200", &["x"]), "content-type", "application/grpc"));
    assert_eq!((reply_status(&honest), text(&honest.upstream.body)), (None, "evil".into()));
    assert_eq!(metric(&honest, HOLD, settings, "uninspected_total.reason.grpc"), 1);

    let mut forged = http2();
    forged.request(&message);
    forged.response(&with(answer("200", &["x"]), "content-type", "text/html"));
    assert_eq!((reply_status(&forged), &forged.client), (Some(403), &Seen::default()));
}

#[test]
fn event_streams_are_not_held() {
    let settings = r#"{"response": {"body": "whole"}}"#;
    let mut sim = sim(HOLD, settings);
    sim.request(&get("/"));
    sim.response(&with(answer("200", &["data: 1\n\n"]), "content-type", "text/event-stream"));
    assert_eq!(text(&sim.client.body), "data: 1\n\n");
    assert_eq!(metric(&sim, HOLD, settings, "uninspected_total.reason.event_stream"), 1);
    assert_eq!(phases(&mut sim), "request_headers request_end response_headers response_end");
}

/// `Sim` looks at a map itself when it passes headers on, so the driver is called alone here.
fn map_reads(settings: &str) -> [usize; 2] {
    let mut sim = sim(HOLD, settings);
    sim.driver.request_headers(&sim.fake, true);
    let request = sim.fake.map_reads.get();
    sim.driver.response_headers(&sim.fake, false);
    sim.driver.body::<crate::phases::side::Response>(&sim.fake, 0, true);
    sim.driver.log(&sim.fake);
    [request, sim.fake.map_reads.get() - request]
}

#[test]
fn headers_are_read_once_a_phase_and_not_at_all_where_nobody_looks() {
    assert_eq!(map_reads("{}"), [1, 0]);
    assert_eq!(map_reads(r#"{"response": {"body": "whole", "set": {"x-a": "1"}}}"#), [1, 1]);
}
