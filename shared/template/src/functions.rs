//! The functions that templates call: inja's own, and those of Gloo's transformation filter.
//!
//! To add one: write it in the module of its noun, and a line in [`FUNCTIONS`].

mod encoding;
mod exchange;
mod kind;
mod list;
mod math;
mod text;

use crate::error::RenderCause;
use crate::expression::Found;
use crate::operators::OPERATORS;
pub(crate) use crate::operators::{IN, NOT};
use crate::scope::Scope;
use crate::value::{Text, Value};
use portcullis_core::Fuel;

/// A function or operator.
#[derive(Debug)]
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Call<'_>, Arguments<'_>) -> Result<Value, RenderCause>,
}

/// What a function may look at besides its arguments.
pub(crate) struct Call<'a> {
    pub(crate) scope: &'a Scope<'a>,
    pub(crate) fuel: &'a Fuel,
}

/// The values that a function is called with: as many as its entry says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments<'a>(pub(crate) &'a [Value]);

/// The function of this name with so many arguments.
pub(crate) fn find(name: &str, arguments: usize) -> Option<Found> {
    if name == "default" {
        return (arguments == 2).then_some(Found::Default);
    }
    let fits = |arity: &(usize, usize)| (arity.0..=arity.1).contains(&arguments);
    FUNCTIONS
        .iter()
        .find(|(arity, builtin)| builtin.name == name && fits(arity))
        .map(|(_, builtin)| Found::Call(builtin))
}

/// The operator of this sign.
pub(crate) fn operator(sign: &str) -> Option<&'static Builtin> {
    OPERATORS.iter().find(|builtin| builtin.name == sign)
}

/// A refusal of the arguments.
pub(crate) fn complain<T>(function: &'static str, complaint: &'static str) -> Result<T, RenderCause> {
    Err(RenderCause::Argument { function, complaint })
}

impl<'a> Arguments<'a> {
    /// One of them; null if there are fewer.
    pub(crate) fn get(self, index: usize) -> &'a Value {
        const NULL: &Value = &Value::Null;
        self.0.get(index).unwrap_or(NULL)
    }

    /// One that must be text.
    pub(crate) fn text(self, function: &'static str, index: usize) -> Result<&'a Text, RenderCause> {
        match self.get(index) {
            Value::Text(text) => Ok(text),
            _ => complain(function, "takes text"),
        }
    }

    /// One that must be a number, cut to a whole one.
    pub(crate) fn integer(self, function: &'static str, index: usize) -> Result<i64, RenderCause> {
        self.get(index).as_integer().map_or_else(|| complain(function, "takes a number"), Ok)
    }

    /// One that must be a number.
    pub(crate) fn float(self, function: &'static str, index: usize) -> Result<f64, RenderCause> {
        self.get(index).as_float().map_or_else(|| complain(function, "takes a number"), Ok)
    }
}

/// A call with that many arguments, from one number to the other.
type Entry = ((usize, usize), Builtin);

/// All functions but `default`, which does not want the value of a variable that does not exist.
static FUNCTIONS: &[Entry] = &[
    ((1, 1), Builtin { name: "lower", run: text::lower }),
    ((1, 1), Builtin { name: "upper", run: text::upper }),
    ((2, 3), Builtin { name: "substring", run: text::substring }),
    ((1, 1), Builtin { name: "trim", run: text::trim }),
    ((1, 1), Builtin { name: "word_count", run: text::word_count }),
    ((1, 1), Builtin { name: "raw_string", run: text::raw_string }),
    ((3, 3), Builtin { name: "replace_with_string", run: text::replace_with_string }),
    ((2, 2), Builtin { name: "replace_with_random", run: text::replace_with_random }),
    ((1, 1), Builtin { name: "base64_encode", run: encoding::base64_encode }),
    ((1, 1), Builtin { name: "base64_decode", run: encoding::base64_decode }),
    ((1, 1), Builtin { name: "base64url_encode", run: encoding::base64url_encode }),
    ((1, 1), Builtin { name: "base64url_decode", run: encoding::base64url_decode }),
    ((2, 2), Builtin { name: "at", run: list::at }),
    ((2, 2), Builtin { name: "existsIn", run: list::exists_in }),
    ((1, 1), Builtin { name: "first", run: list::first }),
    ((1, 1), Builtin { name: "last", run: list::last }),
    ((1, 1), Builtin { name: "length", run: list::length }),
    ((1, 1), Builtin { name: "max", run: list::max }),
    ((1, 1), Builtin { name: "min", run: list::min }),
    ((1, 1), Builtin { name: "range", run: list::range }),
    ((1, 1), Builtin { name: "sort", run: list::sort }),
    ((2, 2), Builtin { name: "join", run: list::join }),
    ((1, 1), Builtin { name: "int", run: math::int }),
    ((1, 1), Builtin { name: "float", run: math::float }),
    ((2, 2), Builtin { name: "round", run: math::round }),
    ((2, 2), Builtin { name: "divisibleBy", run: math::divisible_by }),
    ((1, 1), Builtin { name: "even", run: math::even }),
    ((1, 1), Builtin { name: "odd", run: math::odd }),
    ((1, 1), Builtin { name: "isArray", run: kind::is_array }),
    ((1, 1), Builtin { name: "isBoolean", run: kind::is_boolean }),
    ((1, 1), Builtin { name: "isFloat", run: kind::is_float }),
    ((1, 1), Builtin { name: "isInteger", run: kind::is_integer }),
    ((1, 1), Builtin { name: "isNumber", run: kind::is_number }),
    ((1, 1), Builtin { name: "isObject", run: kind::is_object }),
    ((1, 1), Builtin { name: "isString", run: kind::is_string }),
    ((1, 1), Builtin { name: "exists", run: exchange::exists }),
    ((0, 0), Builtin { name: "body", run: exchange::body }),
    ((0, 0), Builtin { name: "context", run: exchange::context }),
    ((1, 2), Builtin { name: "jsonpath", run: exchange::jsonpath }),
    ((1, 1), Builtin { name: "header", run: exchange::header }),
    ((1, 1), Builtin { name: "request_header", run: exchange::request_header }),
    ((1, 1), Builtin { name: "extraction", run: exchange::extraction }),
    ((1, 1), Builtin { name: "env", run: exchange::env }),
    ((1, 1), Builtin { name: "data_source", run: exchange::data_source }),
    ((1, 1), Builtin { name: "clusterMetadata", run: exchange::cluster_metadata_joined }),
    ((1, 2), Builtin { name: "cluster_metadata", run: exchange::cluster_metadata }),
    ((1, 2), Builtin { name: "dynamic_metadata", run: exchange::dynamic_metadata }),
    ((1, 2), Builtin { name: "host_metadata", run: exchange::host_metadata }),
];
