//! Log lines of matches, in the formats that there are.

use serde_json::Value;

/// A match in a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Logged {
    pub(crate) id: u64,
    pub(crate) msg: String,
    /// Like `ARGS:id`; empty where the line does not say.
    pub(crate) variable: String,
    /// Without the query.
    pub(crate) path: String,
}

/// The matches of one line.
pub(crate) fn read(line: &str) -> Vec<Logged> {
    match of_brackets(line) {
        Some(found) => vec![found],
        None => line.find('{').and_then(|at| line.get(at..)).map(of_json).unwrap_or_default(),
    }
}

/// `[id "942100"] [msg "..."] ...`, in quotes that may be escaped.
fn of_brackets(line: &str) -> Option<Logged> {
    let line = line.replace("\\\"", "\"");
    let field = |name: &str| {
        let rest = line.split_once(&format!("[{name} \""))?.1;
        rest.split_once("\"]").map(|(value, _)| value.to_owned())
    };
    let id = field("id")?.parse().ok()?;
    let data = field("data").unwrap_or_default();
    let against = line.split_once("against variable `").and_then(|(_, rest)| rest.split_once("' (Value:"));
    let variable = against.map(|(name, _)| name.to_owned()).filter(|name| !is_score(name));
    Some(Logged {
        id,
        msg: field("msg").unwrap_or_default(),
        variable: variable.or_else(|| found_within(&data)).unwrap_or_default(),
        path: path(&field("uri").unwrap_or_default()),
    })
}

/// A record of this filter, or a transaction of ModSecurity's and Coraza's audit logs.
fn of_json(text: &str) -> Vec<Logged> {
    // Text behind the object, such as the rest of a log line, does no harm.
    let Some(Ok(value)) = serde_json::Deserializer::from_str(text).into_iter::<Value>().next() else {
        return Vec::new();
    };
    let text = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    if let Some(id) = value.get("rule").and_then(Value::as_u64) {
        let (msg, variable, uri) = (text(&value, "/msg"), text(&value, "/variable"), text(&value, "/uri"));
        return vec![Logged { id, msg, variable, path: path(&uri) }];
    }
    let transaction = value.get("transaction").unwrap_or(&value);
    let uri = text(transaction, "/request/uri");
    let messages = transaction.get("messages").or_else(|| value.get("messages")).and_then(Value::as_array);
    let message = |message: &Value| {
        let details = message.get("details").or_else(|| message.get("data")).unwrap_or(message);
        let id = ["ruleId", "id"].iter().find_map(|name| match details.get(*name)? {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_u64(),
            _ => None,
        })?;
        let variable = found_within(&text(details, "/data")).unwrap_or_default();
        Some(Logged { id, msg: text(message, "/message"), variable, path: path(&uri) })
    };
    messages.map(|messages| messages.iter().filter_map(message).collect()).unwrap_or_default()
}

/// `Matched Data: ... found within ARGS:id: ...`, CRS's form of `logdata`.
fn found_within(data: &str) -> Option<String> {
    let (_, rest) = data.rsplit_once("found within ")?;
    let end = rest.find(": ").unwrap_or_else(|| rest.trim_end_matches(':').len());
    let name = rest.get(..end)?.trim();
    (!name.is_empty() && name.starts_with(|c: char| c.is_ascii_uppercase())).then(|| name.to_owned())
}

/// A score that a rule compares is no target.
fn is_score(variable: &str) -> bool {
    variable.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("tx:"))
}

fn path(uri: &str) -> String {
    uri.split(['?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[(u64, &str, &str, &str)]) {
        let logged = |(id, msg, variable, path): &(u64, &str, &str, &str)| Logged {
            id: *id,
            msg: (*msg).to_owned(),
            variable: (*variable).to_owned(),
            path: (*path).to_owned(),
        };
        assert_eq!(read(line), expected.iter().map(logged).collect::<Vec<_>>(), "{line}");
    }

    #[test]
    fn lines_of_modsecurity() {
        check(
            "[warn] [client \"1.2.3.4\"] ModSecurity: Warning. Matched \"Operator `Rx' with parameter `a' against variable \
             `ARGS:q' (Value: `x' ) [file \"f\"] [line \"3\"] [id \"932100\"] [msg \"RCE\"] [data \"Matched Data: x found \
             within ARGS:other: x\"] [uri \"/search\"] [unique_id \"u\"]",
            &[(932_100, "RCE", "ARGS:q", "/search")],
        );
        check(
            "ModSecurity: Warning. detected SQLi using libinjection. [id \"942100\"] [msg \"SQLi\"] [data \"Matched Data: \
             s&1 found within ARGS:id: 1' or '1'='1\"] [uri \"/a?b\"]",
            &[(942_100, "SQLi", "ARGS:id", "/a")],
        );
        check("x [id \\\"1\\\"] [uri \\\"/\\\"]", &[(1, "", "", "/")]);
    }

    #[test]
    fn lines_of_json() {
        check(
            r#"[info] wasm log: {"rule": 942100, "msg": "SQLi", "variable": "ARGS:id", "uri": "/a"} trailing"#,
            &[(942_100, "SQLi", "ARGS:id", "/a")],
        );
        check(
            r#"{"transaction": {"request": {"uri": "/a?x=1"}, "messages": [{"message": "m", "details": {"ruleId": "5", "data": "x found within ARGS:a: y"}}]}}"#,
            &[(5, "m", "ARGS:a", "/a")],
        );
    }

    #[test]
    fn other_lines_are_none() {
        for line in ["", "GET / 200", "[id \"x\"]", "{", "{}", "{\"a\": 1}", "[id \""] {
            check(line, &[]);
        }
    }
}
