//! The part of Go's templates that request bodies of tests use: `{{ "1" | repeat 64200 }}`.

/// The longest text that a template may make.
const MOST_BYTES: usize = 16 << 20;

/// A value within a template.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Number(usize),
}

/// Carries out each `{{ ... }}`: literals, a pipeline, and the functions `repeat`, `upper`, `lower` and `trim`.
pub(crate) fn expand(text: &str) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, behind) = after.split_once("}}").ok_or_else(|| fault(after, "has no end"))?;
        let (inner, trims_before) = strip(inner, inner.strip_prefix("- "));
        let (inner, trims_behind) = strip(inner, inner.strip_suffix(" -"));
        expanded.push_str(if trims_before { before.trim_end() } else { before });
        expanded.push_str(&pipeline(inner)?);
        rest = if trims_behind { behind.trim_start() } else { behind };
        if expanded.len() > MOST_BYTES {
            return Err(format!("the body's templates make more than {MOST_BYTES} bytes"));
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn strip<'a>(whole: &'a str, stripped: Option<&'a str>) -> (&'a str, bool) {
    (stripped.unwrap_or(whole), stripped.is_some())
}

fn fault(inner: &str, what: &str) -> String {
    let shown: String = inner.chars().take(40).collect();
    format!("the body's template `{{{{{shown}` {what}")
}

fn pipeline(inner: &str) -> Result<String, String> {
    let words = words(inner).ok_or_else(|| fault(inner, "cannot be read"))?;
    let mut passed = None;
    for command in words.split(|word| word == "|") {
        passed =
            Some(call(command, passed).ok_or_else(|| fault(inner, "is not among those that this reads"))?);
    }
    match passed {
        Some(Value::Text(text)) => Ok(text),
        Some(Value::Number(number)) => Ok(number.to_string()),
        None => Err(fault(inner, "is empty")),
    }
}

/// One command; what the one before gave is its last argument.
fn call(command: &[String], passed: Option<Value>) -> Option<Value> {
    let (first, arguments) = command.split_first()?;
    if let Some(value) = literal(first) {
        return (arguments.is_empty() && passed.is_none()).then_some(value);
    }
    let given: Option<Vec<Value>> = arguments.iter().map(|word| literal(word)).collect();
    let values: Vec<Value> = given?.into_iter().chain(passed).collect();
    match (first.as_str(), values.as_slice()) {
        ("repeat", [Value::Number(count), Value::Text(text)]) => {
            (text.len().checked_mul(*count)? <= MOST_BYTES).then(|| Value::Text(text.repeat(*count)))
        }
        ("upper", [Value::Text(text)]) => Some(Value::Text(text.to_uppercase())),
        ("lower", [Value::Text(text)]) => Some(Value::Text(text.to_lowercase())),
        ("trim", [Value::Text(text)]) => Some(Value::Text(text.trim().to_owned())),
        _ => None,
    }
}

fn literal(word: &str) -> Option<Value> {
    if let Ok(number) = word.parse() {
        return Some(Value::Number(number));
    }
    let raw = word.strip_prefix('`').and_then(|word| word.strip_suffix('`'));
    let quoted = || serde_json::from_str::<String>(word).ok();
    raw.map(str::to_owned).or_else(quoted).map(Value::Text)
}

/// Words, literals with their quotes, and pipes.
fn words(inner: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = inner.chars().peekable();
    while let Some(&first) = chars.peek() {
        match first {
            c if c.is_whitespace() => drop(chars.next()),
            '|' => {
                chars.next();
                words.push("|".to_owned());
            }
            quote @ ('"' | '`') => {
                let mut word = String::new();
                word.extend(chars.next());
                loop {
                    let c = chars.next()?;
                    word.push(c);
                    if c == '\\' && quote == '"' {
                        word.push(chars.next()?);
                    } else if c == quote {
                        break;
                    }
                }
                words.push(word);
            }
            _ => {
                let mut word = String::new();
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != '|') {
                    word.push(c);
                }
                words.push(word);
            }
        }
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn pipelines_are_carried_out() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a{{ \"1\" | repeat 3 }}b", "a111b"),
            ("{{ repeat 2 `x\\` | upper }}", "X\\X\\"),
            ("a  {{- \" b \" | trim -}}  c", "abc"),
            ("{{\"\\\"\"}}{{ 7 }}", "\"7"),
        ] {
            assert_eq!(expand(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "{{7*7}}",
            "{{ .key }}",
            "{{",
            "{{ }}",
            "{{ \"a\" | nothing }}",
            "{{ \"a }}",
            "{{ repeat 99999999999 \"a\" }}",
        ] {
            assert!(expand(text).is_err(), "{text}");
        }
    }
}
