//! The compliance suite of RFC 9535, where it is at hand.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use portcullis_core::Fuel;
use portcullis_template::{Query, Value};
use portcullis_testkit::corpus::{Outcome, Suite, conformance_dir};
use serde_json::Value as Json;

#[test]
fn compliance() {
    let Some(dir) = conformance_dir() else { return };
    let text = std::fs::read_to_string(dir.join("jsonpath/cts.json")).unwrap();
    let file: Json = serde_json::from_str(&text).unwrap();
    let cases = file["tests"].as_array().unwrap().iter().enumerate();
    let named =
        cases.map(|(index, case)| (format!("{}/{index}", case["name"].as_str().unwrap()), case.clone()));
    Suite::new("jsonpath").floor(703).run(named, check).assert_clean();
}

fn check(case: &Json) -> Result<Outcome, String> {
    let query = Query::parse(case["selector"].as_str().unwrap());
    if case["invalid_selector"] == true {
        return match query {
            Ok(_) => Err("is taken for a query".into()),
            Err(_) => Ok(Outcome::Asserted),
        };
    }
    let query = query.map_err(|error| error.to_string())?;
    let document =
        Value::from_json(case["document"].to_string().as_bytes()).map_err(|error| error.to_string())?;
    let fuel = Fuel::new(10_000_000);
    let found = query.select(&document, &fuel).map_err(|error| error.to_string())?;
    let found = Value::list(found.into_iter().cloned().collect()).to_json(&fuel, 1 << 20).unwrap();
    let expected: Vec<&Json> = match &case["results"] {
        Json::Array(results) => results.iter().collect(),
        _ => vec![&case["result"]],
    };
    let print = |json: &Json| {
        Value::from_json(json.to_string().as_bytes())
            .unwrap()
            .to_json(&Fuel::new(10_000_000), 1 << 20)
            .unwrap()
    };
    match expected.iter().any(|expected| print(expected) == found) {
        true => Ok(Outcome::Asserted),
        false => Err(format!("gave {}", String::from_utf8_lossy(&found))),
    }
}
