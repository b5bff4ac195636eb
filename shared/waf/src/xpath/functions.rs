//! The functions of XPath 1.0 (section 4), but those that need an identifier or a language.

use super::evaluate::{Context, Exhausted, Value};
use super::{Expression, evaluate};

macro_rules! functions {
    ($($name:literal => $variant:ident $least:literal..=$most:literal),* $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Function { $($variant),* }

        impl Function {
            pub(super) fn find(name: &str) -> Option<Function> {
                match name { $($name => Some(Function::$variant),)* _ => None }
            }

            pub(super) fn takes(self, count: usize) -> bool {
                match self { $(Function::$variant => ($least..=$most).contains(&count)),* }
            }
        }
    };
}

functions! {
    "boolean" => Boolean 1..=1,
    "ceiling" => Ceiling 1..=1,
    "concat" => Concat 2..=32,
    "contains" => Contains 2..=2,
    "count" => Count 1..=1,
    "false" => False 0..=0,
    "floor" => Floor 1..=1,
    "last" => Last 0..=0,
    "local-name" => LocalName 0..=1,
    "name" => Name 0..=1,
    "namespace-uri" => NamespaceUri 0..=1,
    "normalize-space" => NormalizeSpace 0..=1,
    "not" => Not 1..=1,
    "number" => Number 0..=1,
    "position" => Position 0..=0,
    "round" => Round 1..=1,
    "starts-with" => StartsWith 2..=2,
    "string" => String 0..=1,
    "string-length" => StringLength 0..=1,
    "substring" => Substring 2..=3,
    "substring-after" => SubstringAfter 2..=2,
    "substring-before" => SubstringBefore 2..=2,
    "sum" => Sum 1..=1,
    "translate" => Translate 3..=3,
    "true" => True 0..=0,
}

impl Function {
    pub(super) fn call(self, arguments: &[Expression], context: &Context<'_>) -> Result<Value, Exhausted> {
        let value = |index: usize| match arguments.get(index) {
            Some(argument) => evaluate::evaluate(argument, context),
            None => Ok(Value::Nodes(vec![context.node])),
        };
        let text = |index: usize| Ok::<_, Exhausted>(value(index)?.into_text(context));
        let number = |index: usize| Ok::<_, Exhausted>(value(index)?.into_number(context));
        Ok(match self {
            Function::Boolean => Value::Bool(value(0)?.into_bool()),
            Function::Not => Value::Bool(!value(0)?.into_bool()),
            Function::True => Value::Bool(true),
            Function::False => Value::Bool(false),
            Function::Last => Value::Number(context.size as f64),
            Function::Position => Value::Number(context.position as f64),
            Function::Count => Value::Number(nodes(value(0)?).len() as f64),
            Function::Sum => {
                let numbers = nodes(value(0)?).into_iter().map(|node| to_number(&context.dom.content(node)));
                Value::Number(numbers.sum())
            }
            Function::Number => Value::Number(number(0)?),
            Function::Ceiling => Value::Number(number(0)?.ceil()),
            Function::Floor => Value::Number(number(0)?.floor()),
            Function::Round => Value::Number((number(0)? + 0.5).floor()),
            Function::LocalName | Function::Name | Function::NamespaceUri => {
                let first = nodes(value(0)?).first().copied();
                Value::Text(first.map(|node| self.naming(context, node)).unwrap_or_default())
            }
            Function::String => Value::Text(text(0)?),
            Function::StringLength => {
                Value::Number(String::from_utf8_lossy(&text(0)?).chars().count() as f64)
            }
            Function::NormalizeSpace => {
                let text = text(0)?;
                let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
                Value::Text(words.collect::<Vec<_>>().join(&b' '))
            }
            Function::Concat => {
                let mut whole = Vec::new();
                for index in 0..arguments.len() {
                    whole.extend(text(index)?);
                }
                context.spend(whole.len())?;
                Value::Text(whole)
            }
            Function::Contains => Value::Bool(memchr::memmem::find(&text(0)?, &text(1)?).is_some()),
            Function::StartsWith => Value::Bool(text(0)?.starts_with(&text(1)?)),
            Function::SubstringBefore => {
                let whole = text(0)?;
                let end = memchr::memmem::find(&whole, &text(1)?).unwrap_or(0);
                Value::Text(whole.get(..end).unwrap_or_default().to_vec())
            }
            Function::SubstringAfter => {
                let (whole, mark) = (text(0)?, text(1)?);
                let start = memchr::memmem::find(&whole, &mark).map_or(whole.len(), |at| at + mark.len());
                Value::Text(whole.get(start..).unwrap_or_default().to_vec())
            }
            Function::Substring => {
                let length = if arguments.len() > 2 { Some(number(2)?) } else { None };
                Value::Text(substring(&text(0)?, number(1)?, length))
            }
            Function::Translate => Value::Text(translate(&text(0)?, &text(1)?, &text(2)?)),
        })
    }

    fn naming(self, context: &Context<'_>, node: usize) -> Vec<u8> {
        let name = context.dom.name(node);
        match (self, name) {
            (_, None) => Vec::new(),
            (Function::LocalName, Some(name)) => name.local.clone(),
            (Function::NamespaceUri, Some(name)) => context.dom.uri(name).to_vec(),
            (_, Some(name)) if name.prefix.is_empty() => name.local.clone(),
            (_, Some(name)) => [&name.prefix[..], &name.local].join(&b':'),
        }
    }
}

fn nodes(value: Value) -> Vec<usize> {
    match value {
        Value::Nodes(nodes) => nodes,
        _ => Vec::new(),
    }
}

/// A number as XPath reads it; what is none is not a number.
pub(super) fn to_number(text: &[u8]) -> f64 {
    let text = text.trim_ascii();
    let is_number = text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    let parsed = std::str::from_utf8(text).ok().filter(|_| is_number).and_then(|text| text.parse().ok());
    parsed.unwrap_or(f64::NAN)
}

/// Characters from 1, places rounded.
fn substring(text: &[u8], start: f64, length: Option<f64>) -> Vec<u8> {
    let round = |number: f64| (number + 0.5).floor();
    let start = round(start);
    let end = length.map_or(f64::INFINITY, |length| start + round(length));
    let text = String::from_utf8_lossy(text);
    let kept = text.chars().enumerate().filter(|(index, _)| {
        let place = (*index + 1) as f64;
        place >= start && place < end
    });
    kept.map(|(_, c)| c).collect::<std::string::String>().into_bytes()
}

fn translate(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (text, from, to) =
        (String::from_utf8_lossy(text), String::from_utf8_lossy(from), String::from_utf8_lossy(to));
    let map = |c: char| match from.chars().position(|known| known == c) {
        None => Some(c),
        Some(place) => to.chars().nth(place),
    };
    text.chars().filter_map(map).collect::<std::string::String>().into_bytes()
}
