//! A compiled set of policies with its data, and the evaluation of its entry point.

use crate::builtins::{self, Clock};
use crate::config::{AuthzConfig, DataConfig, RegoVersion};
use crate::entry::{self, Entry};
use crate::meter::Meter;
use crate::nesting;
use crate::parts::Parts;
use crate::place::{Place, location};
use crate::recursion;
use crate::syntax::Syntax;
use portcullis_core::ConfigError;
use regorus::{CompiledPolicy, Engine, PolicyLengthConfig, Rc as Shared, Value};
use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

/// Policies, data and entry point, checked and compiled.
#[derive(Debug)]
pub struct PolicySet {
    policy: CompiledPolicy,
    clock: Arc<Clock>,
    checked: Checked,
}

/// What the checks found out about the policies.
#[derive(Debug)]
struct Checked {
    parts: Parts,
    scans: bool,
}

/// An evaluation without a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The budget is used up.
    #[error("limits.fuel is used up")]
    Fuel,
    /// The policy went wrong. The interpreter's own message may hold values from the request, so only the place is kept.
    #[error("evaluation failed at {0}")]
    Failed(String),
}

/// Generous: a table in a policy may be one long line.
const LENGTHS: PolicyLengthConfig = PolicyLengthConfig {
    max_col: NonZeroU32::new(1 << 20).unwrap(),
    max_file_bytes: NonZeroUsize::new(8 << 20).unwrap(),
    max_lines: NonZeroUsize::new(200_000).unwrap(),
};

impl PolicySet {
    /// Parses and checks policies, data and entry point.
    ///
    /// Fails, with the place in the policy's text, on a syntax error, an unknown or refused builtin, a variable that is
    /// not safe, and where nothing stands at the entry point.
    pub fn compile(config: &AuthzConfig) -> Result<PolicySet, ConfigError> {
        if config.policies.is_empty() {
            return Err(ConfigError::new("policies", "at least one policy is needed"));
        }
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(false);
        engine.set_rego_v0(config.rego_version == RegoVersion::V0);
        engine.set_policy_length_config(LENGTHS);
        for (name, text) in &config.policies {
            if let Some(at) = nesting::too_deep(text) {
                return Err(place_error(
                    name,
                    Some(at),
                    "brackets are nested too deeply; a table belongs into `data`",
                ));
            }
            engine
                .add_policy(name.clone(), text.clone())
                .map_err(|error| of_policy(name, &error.to_string()))?;
        }
        let data = data(config.data.as_ref())?;
        engine.add_data(data.clone()).map_err(|_| ConfigError::new("data", "is not an object"))?;
        let entry = Entry::of(config)?;
        engine.set_rego_v0(false);
        engine
            .add_policy(entry.field.to_owned(), entry.module.clone())
            .map_err(|error| ConfigError::new(entry.field, location(&error.to_string()).message))?;
        let clock = Arc::new(Clock::default());
        let checked = check(&mut engine, config, &entry, &data, &clock)?;
        let rule: Shared<str> = entry::RULE.into();
        let policy = engine.compile_with_entrypoint(&rule).map_err(|error| of_any(&error.to_string()))?;
        Ok(PolicySet { policy, clock, checked })
    }

    /// Which parts of the input the policies refer to.
    pub fn parts(&self) -> &Parts {
        &self.checked.parts
    }

    /// Whether a single step may look at all of the input.
    pub fn scans_the_input(&self) -> bool {
        self.checked.scans
    }

    /// The value at the entry point for this input; `time` is what `time.now_ns` gives.
    pub fn evaluate(&self, input: Value, time: Duration, meter: Meter) -> Result<Value, EvalError> {
        self.clock.set(time);
        let (result, left) = meter.run(|| self.policy.eval_with_input(input));
        if left.is_none() {
            return Err(EvalError::Fuel);
        }
        result.map_err(|error| EvalError::Failed(location(&error.to_string()).to_string()))
    }
}

/// Checks what the interpreter would find only when a request meets it, and gives it the builtins of our own that the
/// policies call.
fn check(
    engine: &mut Engine,
    config: &AuthzConfig,
    entry: &Entry,
    data: &Value,
    clock: &Arc<Clock>,
) -> Result<Checked, ConfigError> {
    let modules: Vec<Syntax> = engine
        .get_modules()
        .iter()
        .zip(
            config
                .policies
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
                .chain([(entry.field, entry.module.as_str())]),
        )
        .filter_map(|(module, (name, text))| {
            Some(Syntax::new(name, text, serde_json::to_value(module).ok()?))
        })
        .collect();
    let defined: BTreeSet<String> = modules.iter().flat_map(Syntax::functions).collect();
    let mut parts = Parts::default();
    let mut called = BTreeSet::new();
    for module in &modules {
        for call in module.calls(&defined) {
            builtins::check(&call).map_err(|message| {
                let place = Place { name: module.name.clone(), at: Some((call.line, call.column)), message };
                of_place(&place, config)
            })?;
            called.insert(call.name);
        }
        parts.merge(module.parts());
    }
    if let Some((name, call)) = recursion::find(&modules, &defined) {
        let at = Some((call.line, call.column));
        return Err(place_error(name, at, &format!("`{}` comes back to itself", call.name)));
    }
    entry.check(&modules, data)?;
    builtins::install(engine, &called, clock);
    Ok(Checked { parts, scans: builtins::scan_the_input(&called) })
}

fn data(config: Option<&DataConfig>) -> Result<Value, ConfigError> {
    match config {
        None => Ok(Value::new_object()),
        Some(DataConfig::Document(document)) => {
            serde_json::from_value(serde_json::Value::Object(document.clone()))
                .map_err(|error| ConfigError::new("data", error))
        }
        Some(DataConfig::Text(text)) => serde_json::from_str(text)
            .map_err(|error| ConfigError::new("data", format!("is not JSON: {error}"))),
    }
}

/// An error in a policy that could not be read at all.
fn of_policy(name: &str, error: &str) -> ConfigError {
    let Place { at, message, .. } = location(error);
    place_error(name, at, &message)
}

/// An error of the compiler, which names the policy itself.
fn of_any(error: &str) -> ConfigError {
    let place = location(error);
    place_error(&place.name, place.at, &place.message)
}

fn of_place(place: &Place, config: &AuthzConfig) -> ConfigError {
    if config.policies.contains_key(&place.name) {
        return place_error(&place.name, place.at, &place.message);
    }
    ConfigError::new(place.name.clone(), &place.message)
}

fn place_error(name: &str, at: Option<(u64, u64)>, message: &str) -> ConfigError {
    let at = at.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
    ConfigError::new(format!("policies.{name}{at}"), message)
}
