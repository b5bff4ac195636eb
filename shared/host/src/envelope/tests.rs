//! Configurations, and the one line that each of the bad ones gets.

use super::*;
use portcullis_core::{Exchange, Needs, Stream};
use serde::Deserialize;

/// A filter with one setting of each kind.
struct Sample;

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct SampleConfig {
    level: u32,
    names: Vec<String>,
    held: bool,
    bad: bool,
}

struct SampleStream;
impl Stream for SampleStream {}

thread_local! {
    static HELD: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl Plugin for Sample {
    const NAME: &'static str = "sample";
    type Config = SampleConfig;
    type Stream = SampleStream;

    fn compile(configs: Vec<SampleConfig>, _boot: &Boot) -> Result<Vec<Rc<Sample>>, ConfigError> {
        HELD.set(configs.iter().any(|config| config.held));
        if let Some(at) =
            configs.iter().position(|config| config.bad || config.level > 9 || config.names.len() > 9)
        {
            return Err(ConfigError::new("bad", "is set").of(at));
        }
        Ok(configs.iter().map(|_| Rc::new(Sample)).collect())
    }

    fn needs(&self) -> Needs {
        Needs { held_headers: HELD.get().then(|| "held".to_owned()), ..Needs::default() }
    }

    fn warnings(&self) -> Vec<String> {
        vec!["a sample".to_owned()]
    }

    fn stream(self: &Rc<Sample>, _exchange: &Exchange) -> SampleStream {
        SampleStream
    }
}

fn sample(json: &str) -> Result<Loaded<Sample>, ConfigError> {
    load::<Sample>(json.as_bytes(), BTreeMap::new(), Duration::ZERO)
}

const GOOD: [&str; 14] = [
    r#"{"version": 1, "default": {}}"#,
    r#"{"version": 1.0, "default": {"level": 8.0, "names": ["a"]}}"#,
    r#"{"version": 1, "default": {}, "limits": {"fuel": 1e6, "heldBytes": 1048576, "maxBody": 4096}}"#,
    r#"{"version": 1, "default": {}, "mode": true}"#,
    r#"{"version": 1, "default": {"mode": false}}"#,
    r#"{"version": 1, "default": {"onError": "allow"}, "onError": "deny", "onConfigError": "reject"}"#,
    r#"{"version": 1, "default": {}, "log": {"level": "debug"}, "files": {"a.data": "x"}}"#,
    r#"{"version": 1, "default": {}, "holdHeaders": true, "hostBufferLimit": 65536}"#,
    r#"{"version": 1, "default": {"held": true}, "holdHeaders": true}"#,
    r#"{"version": 1, "default": {}, "routes": []}"#,
    r#"{"version": 1, "default": {}, "routes": [{"match": {"paths": [{"prefix": "/a"}]}, "mode": "disabled"}]}"#,
    r#"{"version": 1, "default": {}, "routes": [{"match": {"hosts": ["*.a.example"], "methods": ["GET"]}, "level": 1}]}"#,
    r#"{"version": 1, "default": {}, "trustedHeaders": ["X-In"],
        "routes": [{"match": {"headers": [{"name": "x-in", "present": true}]}, "mode": "shadow"}]}"#,
    r#"{"version": 1, "default": {}, "routes": [{"match": {"routeName": "r", "routeMetadata": {"n": {"k": "v"}}}}]}"#,
];

/// A configuration, and the beginning of its error. Of those marked `true` a schema cannot know.
const BAD: [(&str, &str, bool); 44] = [
    ("", "configuration: empty; it needs `version`", true),
    ("  \n", "configuration: empty", true),
    ("{", "1:1: EOF while parsing", true),
    (r#"{"version": 1,}"#, "1:15: trailing comma", true),
    (r#"{"version": 1, "default": {}} x"#, "1:31: trailing characters", true),
    ("[]", "configuration: must be an object, not a list", false),
    ("{}", "version: missing, must be 1", false),
    (r#"{"version": 2, "default": {}}"#, "version: `2` is not a known version", false),
    (r#"{"version": "1", "default": {}}"#, "version: `\"1\"` is not a known version", false),
    (r#"{"version": 1}"#, "default: missing", false),
    (r#"{"version": 1, "default": []}"#, "default: must be an object, not a list", false),
    (r#"{"version": 1, "default": {}, "default": {}}"#, "default: given twice", true),
    (r#"{"version": 1, "default": {"level": 1, "level": 2}}"#, "default.level: given twice", true),
    (r#"{"version": 1, "default": {}, "guard": {}}"#, "guard: not yet supported", false),
    (r#"{"version": 1, "default": {}, "percent": 5}"#, "percent: not yet supported", false),
    (r#"{"version": 1, "default": {}, "source": {}}"#, "source: not yet supported", false),
    (r#"{"version": 1, "default": {}, "onConfigError": "allow"}"#, "onConfigError: not yet supported", false),
    (r#"{"version": 1, "default": {}, "onConfigError": "x"}"#, "onConfigError: `x` is none of", false),
    (
        r#"{"version": 1, "default": {}, "holdHeader": true}"#,
        "holdHeader: unknown field, did you mean `holdHeaders`?",
        false,
    ),
    (
        r#"{"version": 1, "default": {}, "level": 1}"#,
        "level: unknown field; the filter's settings stand under `default`",
        false,
    ),
    (
        r#"{"version": 1, "default": {"lvl": 1}}"#,
        "default.lvl: unknown field `lvl`, expected one of `level`",
        false,
    ),
    (
        r#"{"version": 1, "default": {"level": "x"}}"#,
        "default.level: invalid type: string \"x\", expected u32",
        false,
    ),
    (
        r#"{"version": 1, "default": {"level": -1}}"#,
        "default.level: invalid value: integer `-1`, expected u32",
        false,
    ),
    (
        r#"{"version": 1, "default": {"names": ["a", 1]}}"#,
        "default.names[1]: invalid type: integer `1`",
        false,
    ),
    (r#"{"version": 1, "default": {"bad": true}}"#, "default.bad: is set", true),
    (
        r#"{"version": 1, "default": {"match": {}}}"#,
        "default.match: `default` takes what no route matches",
        false,
    ),
    (r#"{"version": 1, "default": {"held": true}}"#, "default.held: needs `holdHeaders: true`", true),
    (
        r#"{"version": 1, "default": {}, "onError": "open"}"#,
        "onError: `open` is none of `deny`, `allow`",
        false,
    ),
    (r#"{"version": 1, "default": {"onError": true}}"#, "default.onError: `true` is none of", false),
    (
        r#"{"version": 1, "default": {}, "mode": "on"}"#,
        "mode: `on` is none of `enforce`, `shadow`, `disabled`",
        false,
    ),
    (
        r#"{"version": 1, "default": {}, "holdHeaders": "yes"}"#,
        "holdHeaders: invalid type: string \"yes\", expected a boolean",
        false,
    ),
    (r#"{"version": 1, "default": {}, "log": {"level": "loud"}}"#, "log.level: `loud` is none of", false),
    (
        r#"{"version": 1, "default": {}, "log": {"lvl": "info"}}"#,
        "log.lvl: unknown field, did you mean `level`?",
        false,
    ),
    (r#"{"version": 1, "default": {}, "limits": {"fuel": 0}}"#, "limits.fuel: must be at least 1", false),
    (
        r#"{"version": 1, "default": {}, "limits": {"maxBody": 1e12}}"#,
        "limits.maxBody: must be between 1 and",
        true,
    ),
    (
        r#"{"version": 1, "default": {}, "limits": {"maxBodys": 1}}"#,
        "limits.maxBodys: unknown field, did you mean `maxBody`?",
        false,
    ),
    (
        r#"{"version": 1, "default": {}, "hostBufferLimit": 10}"#,
        "hostBufferLimit: must be at least 1024 bytes",
        false,
    ),
    (r#"{"version": 1, "default": {}, "routes": [{}]}"#, "routes[0].match: missing", false),
    (
        r#"{"version": 1, "default": {}, "routes": [{"match": {}}]}"#,
        "routes[0].match: matches everything",
        false,
    ),
    (
        r#"{"version": 1, "default": {}, "routes": [{"match": {"paths": [{"prefix": "a"}]}}]}"#,
        "routes[0].match.paths[0].prefix: `a` does not start with `/`",
        false,
    ),
    (
        r#"{"version": 1, "default": {}, "routes": [{"match": {"paths": [{"regex": "("}]}}]}"#,
        "routes[0].match.paths[0].regex: `(`: unclosed group",
        true,
    ),
    (
        r#"{"version": 1, "default": {}, "routes": [{"match": {"hosts": ["a:80"]}}]}"#,
        "routes[0].match.hosts[0]: `a:80` is not a host name",
        true,
    ),
    (
        r#"{"version": 1, "default": {}, "routes": [{"match": {"headers": [{"name": "x-in", "present": true}]}, "mode": "disabled"}]}"#,
        "routes[0].match.headers[0].name: any client can send `x-in`",
        true,
    ),
    (
        r#"{"version": 1, "default": {}, "routes": [{"match": {"routeName": "r"}, "bad": true}]}"#,
        "routes[0].bad: is set",
        true,
    ),
];

#[test]
fn good_configurations_load() {
    for json in GOOD {
        assert!(sample(json).is_ok(), "{json}: {}", sample(json).err().unwrap());
    }
}

#[test]
fn bad_ones_say_where_and_why_in_one_line() {
    for (json, expected, _) in BAD {
        let error = sample(json).err().unwrap_or_else(|| panic!("accepted: {json}")).to_string();
        assert!(error.starts_with(expected), "{json}\n  expected {expected}\n  got      {error}");
        assert!(!error.contains('\n') && !error.ends_with('.'), "{error}");
    }
}

#[test]
fn a_limit_above_the_hosts_is_lowered_with_a_warning() {
    let json = r#"{"version": 1, "default": {}, "hostBufferLimit": 65536, "limits": {"maxBody": 100000}}"#;
    let loaded = sample(json).unwrap();
    assert_eq!(loaded.max_body(), 65536);
    assert_eq!(
        loaded.warnings,
        [
            "limits.maxBody: lowered from 100000 to hostBufferLimit 65536, the host holds no more",
            "default: a sample",
        ]
    );
}

#[test]
fn unreachable_routes_are_named() {
    let json = r#"{"version": 1, "default": {}, "routes": [
        {"match": {"paths": [{"prefix": "/a"}]}}, {"match": {"paths": [{"exact": "/a/b"}], "methods": ["GET"]}}]}"#;
    assert_eq!(
        sample(json).unwrap().warnings,
        ["routes[0]: a sample", "routes[1]: never matches, routes[0] takes all of it"]
    );
}

#[test]
fn arbitrary_bytes_never_panic() {
    arbtest::arbtest(|u| {
        let json: Vec<u8> = match u.arbitrary::<bool>()? {
            true => u.arbitrary()?,
            false => {
                let mut json = u.choose(&GOOD)?.as_bytes().to_vec();
                let at = u.choose_index(json.len())?;
                json[at] = u.arbitrary()?;
                json
            }
        };
        if let Err(error) = load::<Sample>(&json, BTreeMap::new(), Duration::ZERO) {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
        Ok(())
    })
    .budget_ms(1_000);
}

#[cfg(feature = "schema")]
#[test]
fn schema_and_loader_agree() {
    let schema = schema::<Sample>();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for json in GOOD {
        let value = serde_json::from_str(json).unwrap();
        let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{json}: {problems:?}");
    }
    for (json, _, beyond) in BAD {
        let Ok(value) = serde_json::from_str(json) else { continue };
        assert!(beyond || !validator.is_valid(&value), "the schema takes what the loader refuses: {json}");
    }
}
