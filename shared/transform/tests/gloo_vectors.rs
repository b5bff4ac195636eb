//! Gloo's and inja's own test cases, where they are at hand: templates, extractors and whole transformations.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use portcullis_core::{Edit, Fuel, Headers};
use portcullis_template::{
    Escaping, Metadata, MetadataKind, Notation, Random, Scope, Syntax, Template, Value,
};
use portcullis_testkit::corpus::{Outcome, Suite, conformance_dir};
use portcullis_transform::{GlooTransformation, Message, Transformation};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

const EXCEPTIONS: [(&str, &str); 3] = [
    (
        "g-075/UseDefaultNS",
        "dynamic metadata cannot be written through Proxy-Wasm; filter state in its place is not yet there",
    ),
    ("g-146/early overrides regular on response", "stages are not yet there"),
    (
        "g-173/array index by subscript (minijinja syntax; classic inja rejects it)",
        "another dialect, that of minijinja, which is not yet there",
    ),
];

#[test]
fn vectors() {
    let Some(dir) = conformance_dir() else { return };
    let text = std::fs::read_to_string(dir.join("transform/vectors.json")).unwrap();
    let file: Json = serde_json::from_str(&text).unwrap();
    let named = file["cases"].as_array().unwrap().iter().map(|case| {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        (format!("{}/{}", text("id"), text("case")), case.clone())
    });
    Suite::new("transform").floor(100).except_all(EXCEPTIONS).run(named, check).assert_clean();
}

fn check(case: &Json) -> Result<Outcome, String> {
    match case["kind"].as_str().unwrap_or_default() {
        "render" | "render-probe" | "word_count" | "metadata" | "random" => check_render(case),
        "extractor" => check_extractor(case),
        "transform" => check_transform(case),
        "header_body_transform" => check_wrapped(case),
        kind => Err(format!("the kind `{kind}` is not supported")),
    }
}

fn check_render(case: &Json) -> Result<Outcome, String> {
    let syntax = Syntax {
        notation: if case["advanced"] == true { Notation::Pointer } else { Notation::Dots },
        escaping: if case["escape"] == true { Escaping::Json } else { Escaping::None },
    };
    let body = case["body"].as_str().unwrap_or_default().as_bytes();
    let data = match &case["data"] {
        Json::Null if case["parse"] == "none" || body.is_empty() => Ok(Value::Null),
        Json::Null => Value::from_json(body),
        data => Value::from_json(data.to_string().as_bytes()),
    }
    .map_err(|error| error.to_string())?;
    let (headers, request_headers) = (headers_of(&case["headers"]), headers_of(&case["request_headers"]));
    let texts = |key: &str| texts_of(&case[key]);
    let extractions =
        texts("extractions").into_iter().map(|(name, text)| (name, text.into_bytes().into())).collect();
    let metadata = Known(case);
    let random = Random::new("seed");
    let scope = Scope {
        body,
        headers: Some(&headers),
        request_headers: Some(if case["request_headers"].is_null() { &headers } else { &request_headers }),
        extractions: Some(&extractions),
        data_sources: Some(&texts("data_sources")),
        environment: Some(&BTreeMap::new()),
        metadata: &metadata,
        random: Some(&random),
        ..Scope::of(&data)
    };
    let rendered = Template::parse(case["template"].as_str().unwrap(), syntax)
        .map_err(|error| error.to_string())
        .and_then(|template| {
            template.render(&scope, &Fuel::new(10_000_000), 1 << 20).map_err(|error| error.to_string())
        })
        .map(|out| String::from_utf8_lossy(&out).into_owned());
    compare(case, rendered)
}

fn compare(case: &Json, result: Result<String, String>) -> Result<Outcome, String> {
    match (&case["expect_error"], result) {
        (Json::String(wanted), Err(error)) => same_place(wanted, &error),
        (Json::String(wanted), Ok(output)) => Err(format!("gave `{output}` for the error `{wanted}`")),
        (_, Err(error)) => Err(error),
        (_, Ok(output)) => match (case["expected"].as_str(), case["expected_prefix"].as_str()) {
            (Some(expected), _) if output == expected => Ok(Outcome::Asserted),
            (None, Some(prefix)) if output.starts_with(prefix) && case["expected_length"] == output.len() => {
                Ok(Outcome::Asserted)
            }
            (expected, prefix) => Err(format!("gave `{output}`, not {:?}", expected.or(prefix))),
        },
    }
}

/// Where the oracle says a place, ours is the same.
fn same_place(wanted: &str, error: &str) -> Result<Outcome, String> {
    let place = wanted.split_once("(at ").and_then(|(_, rest)| rest.split_once(')')).map(|(place, _)| place);
    match place {
        Some(place) if !error.starts_with(&format!("{place}: ")) => {
            Err(format!("`{error}` is not at {place}"))
        }
        _ => Ok(Outcome::Asserted),
    }
}

struct Known<'a>(&'a Json);

impl Metadata for Known<'_> {
    fn get(&self, kind: MetadataKind, namespace: &[u8], path: &[&[u8]]) -> Option<Value> {
        let root = match kind {
            MetadataKind::Dynamic => &self.0["dynamic_metadata"],
            MetadataKind::Cluster => &self.0["cluster_metadata"],
            MetadataKind::Host => &self.0["host_metadata"],
        };
        let mut found = root.get(std::str::from_utf8(namespace).ok()?)?;
        for part in path {
            found = found.get(std::str::from_utf8(part).ok()?)?;
        }
        Value::from_json(found.to_string().as_bytes()).ok()
    }
}

fn check_extractor(case: &Json) -> Result<Outcome, String> {
    let mut extractor = case["extractor"].clone();
    let fields = extractor.as_object_mut().unwrap();
    let source = fields.remove("source").unwrap();
    let input = case["input"].as_str().unwrap();
    let (mut headers, mut body) = (Headers::new(), "");
    match source.as_str().unwrap().strip_prefix("header ") {
        Some(name) => {
            fields.insert("header".into(), name.into());
            headers = Headers::from_pairs([(name, input)]);
        }
        None => {
            fields.insert("body".into(), json!({}));
            body = input;
        }
    }
    let config = json!({
        "advanced_templates": true, "parse_body_behavior": "DontParse", "extractors": {"x": extractor},
        "body": "{{ extraction(\"x\") }}",
    });
    let result = transformation(&config, "request").and_then(|transformation| {
        let message = Message { body: body.as_bytes(), ..Message::of(&headers) };
        transformation.apply(&message, &Fuel::new(1_000_000)).map_err(|error| error.to_string())
    });
    compare(case, result.map(|outcome| String::from_utf8(outcome.body.unwrap()).unwrap()))
}

fn transformation(template: &Json, direction: &str) -> Result<Transformation, String> {
    compile(&json!({"transformation_template": template}), direction)
}

fn compile(config: &Json, direction: &str) -> Result<Transformation, String> {
    let config: GlooTransformation =
        serde_json::from_value(config.clone()).map_err(|error| error.to_string())?;
    let compiled = match direction {
        "response" => Transformation::of_gloo_response(&config),
        _ => Transformation::of_gloo_request(&config),
    };
    compiled.map_err(|error| error.to_string())
}

fn check_transform(case: &Json) -> Result<Outcome, String> {
    let mut config = case["transformation"].clone();
    // Kgateway's own form parses no body unless it is told to.
    if case["source"].as_str().is_some_and(|source| source.starts_with("kgateway")) {
        config["parse_body_behavior"] = "DontParse".into();
    }
    if let Some(keys) = config.get("merge_json_keys").cloned() {
        config["merge_json_keys"] = json!({"json_keys": keys});
    }
    let body = match &case["body"] {
        Json::Array(chunks) => chunks.iter().map(|chunk| chunk.as_str().unwrap()).collect(),
        body => body.as_str().unwrap_or_default().to_owned(),
    };
    let mut headers = headers_of(&case["headers"]);
    let request_headers = headers_of(&case["request_headers"]);
    let result = transformation(&config, case["direction"].as_str().unwrap()).and_then(|transformation| {
        let message =
            Message { body: body.as_bytes(), request_headers: &request_headers, ..Message::of(&headers) };
        transformation.apply(&message, &Fuel::new(1_000_000)).map_err(|error| error.to_string())
    });
    let outcome = match (result, case["expect_error"].is_string()) {
        (Err(_), true) => return Ok(Outcome::Asserted),
        (Ok(_), true) => return Err("there is no error".into()),
        (Err(error), false) => return Err(error),
        (Ok(outcome), false) => outcome,
    };
    for edit in &outcome.edits {
        headers.apply(edit);
    }
    if let Some(body) = &outcome.body {
        frame(&mut headers, body.len());
    }
    if let Some(expected) = case["expected_body"].as_str() {
        let body = outcome.body.unwrap_or(body.into_bytes());
        let body = String::from_utf8(body).unwrap();
        if body != expected {
            return Err(format!("the body is `{body}`, not `{expected}`"));
        }
    }
    check_headers(case, &headers)
}

fn check_wrapped(case: &Json) -> Result<Outcome, String> {
    let config = json!({"header_body_transform": {"add_request_metadata": case["add_request_metadata"]}});
    let pairs = case["headers"].as_array().unwrap().iter();
    let headers =
        Headers::from_pairs(pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())));
    let message =
        Message { body: case["body"].as_str().unwrap_or_default().as_bytes(), ..Message::of(&headers) };
    let outcome = compile(&config, "request")?.apply(&message, &Fuel::new(1_000_000));
    let outcome = outcome.map_err(|error| error.to_string())?;
    let body: Json = serde_json::from_slice(&outcome.body.unwrap()).unwrap();
    let same = match &case["expected_json_contains"] {
        Json::Object(fields) => fields.iter().all(|(name, value)| body[name] == *value),
        _ => body == case["expected_json"],
    };
    if same { Ok(Outcome::Asserted) } else { Err(format!("gave {body}")) }
}

/// What the host does to the headers of a message whose body has changed.
fn frame(headers: &mut Headers, length: usize) {
    headers.apply(&Edit::remove("transfer-encoding").unwrap());
    headers.apply(&Edit::set("content-length", length.to_string()).unwrap());
}

fn check_headers(case: &Json, headers: &Headers) -> Result<Outcome, String> {
    for (name, expected) in case["expected_headers"].as_object().into_iter().flatten() {
        let expected = strings(expected);
        let found: Vec<_> =
            headers.get_all(name).map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        if found != expected {
            return Err(format!("`{name}` is {found:?}, not {expected:?}"));
        }
    }
    for name in strings(&case["expected_absent_headers"]) {
        if headers.contains(&name) {
            return Err(format!("`{name}` is there"));
        }
    }
    match case["expected_metadata"].is_null() {
        true => Ok(Outcome::Asserted),
        false => Err("dynamic metadata cannot be written".into()),
    }
}

fn headers_of(json: &Json) -> Headers {
    let fields = json.as_object().into_iter().flatten();
    Headers::from_pairs(
        fields.flat_map(|(name, values)| strings(values).into_iter().map(move |value| (name, value))),
    )
}

fn texts_of(json: &Json) -> BTreeMap<String, String> {
    let fields = json.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn strings(json: &Json) -> Vec<String> {
    match json {
        Json::Array(values) => values.iter().flat_map(strings).collect(),
        Json::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}
