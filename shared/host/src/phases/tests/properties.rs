//! What holds for every chunking, and for every order of callbacks that a proxy could come up with.

use super::*;
use crate::phases::side::{Request, Response};
use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

const SETTINGS: [&str; 5] = [
    r#"{"request": {"body": "whole", "access": "edit", "max": 64, "grow": 3, "upper": true}}"#,
    r#"{"request": {"body": "chunks", "access": "edit", "holdBack": 5, "grow": 3}}"#,
    r#"{"request": {"body": "chunks", "access": "edit", "shrink": 4, "denyIfBody": "evil"}}"#,
    r#"{"request": {"body": "whole", "max": 16, "over": "pass", "denyIfBody": "evil"}}"#,
    r#"{"request": {"body": "whole", "access": "edit", "shrink": 2, "call": {"cluster": "c", "at": "end"}}}"#,
];

/// What the client and the upstream see of a request in these pieces.
fn outcome(keys: &str, settings: &str, pieces: &[&str], end: &Message) -> (Option<u16>, String, bool) {
    let mut sim = sim(keys, settings);
    sim.answers = vec![ok_answer("200"); 4];
    let mut message = post(pieces);
    message.headers.retain(|(name, _)| name != "content-length");
    message.headers.extend(end.headers.clone());
    message.trailers = end.trailers.clone();
    message.empty_end = end.empty_end;
    sim.request(&message);
    let body = if sim.upstream.complete { text(&sim.upstream.body) } else { String::new() };
    (reply_status(&sim), body, sim.fake.reset.get())
}

fn split<'a>(u: &mut Unstructured<'_>, body: &'a str) -> Result<Vec<&'a str>> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(u.int_in_range(1..=rest.len())?);
        pieces.push(piece);
        rest = tail;
    }
    Ok(pieces)
}

#[test]
fn the_chunking_never_changes_what_comes_of_a_request() {
    arbtest(|u| {
        let body: String =
            (0..u.int_in_range(1..=40)?).map(|_| *u.choose(&['e', 'v', 'i', 'l']).unwrap()).collect();
        let keys = *u.choose(&[HOLD, FREE])?;
        let settings = *u.choose(&SETTINGS)?;
        let announced = [("trailer".to_owned(), "x-t".to_owned())].to_vec();
        let with_trailers = Message {
            headers: announced,
            trailers: Some(vec![("x-t".into(), "1".into())]),
            ..Message::default()
        };
        let end = match u.int_in_range(0..=2)? {
            0 => Message::default(),
            1 => Message { empty_end: true, ..Message::default() },
            _ => with_trailers,
        };
        let whole = outcome(keys, settings, &[&body], &end);
        let pieces = split(u, &body)?;
        assert_eq!(outcome(keys, settings, &pieces, &end), whole, "{settings} {pieces:?}");
        Ok(())
    })
    .budget_ms(1_500);
}

#[test]
fn no_order_of_callbacks_confuses_a_stream() {
    arbtest(|u| {
        let keys =
            *u.choose(&[HOLD, FREE, r#""onError": "allow","#, r#""mode": "shadow", "holdHeaders": true,"#])?;
        let response = u.choose(&SETTINGS)?.replace("request", "response");
        let settings = if u.arbitrary()? { (*u.choose(&SETTINGS)?).to_owned() } else { response };
        let mut sim = sim(keys, &settings);
        let (fake, driver) = (&sim.fake, &mut sim.driver);
        for _ in 0..u.int_in_range(1..=24)? {
            let (size, end) = (u.int_in_range(0..=200)?, u.arbitrary()?);
            match u.int_in_range(0..=6)? {
                0 => drop(driver.request_headers(fake, end)),
                1 => drop(driver.body::<Request>(fake, size, end)),
                2 => drop(driver.trailers::<Request>(fake)),
                3 => drop(driver.response_headers(fake, end)),
                4 => drop(driver.body::<Response>(fake, size, end)),
                5 => drop(driver.trailers::<Response>(fake)),
                _ if fake.replied.borrow().is_none() => driver.call_done(fake, &ok_answer("200")),
                _ => {}
            }
        }
        driver.log(fake);
        Ok(())
    })
    .budget_ms(1_500);
}
