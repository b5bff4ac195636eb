//! The configuration's envelope: the keys that every filter has, checked whole before anything runs.
//!
//! ```json
//! {
//!   "version": 1,
//!   "onError": "deny",
//!   "holdHeaders": true,
//!   "hostBufferLimit": 1048576,
//!   "limits": {"fuel": 20000000, "heldBytes": 67108864, "maxBody": 1048576},
//!   "log": {"level": "info"},
//!   "mode": "enforce",
//!   "files": {"name": "text"},
//!   "trustedHeaders": [],
//!   "routes": [{"match": {"paths": [{"prefix": "/static/"}]}, "mode": "disabled"}],
//!   "default": {}
//! }
//! ```
//!
//! `version` and `default` are mandatory. The host takes its keys out, and what is left of each route and of `default`
//! are the filter's own settings. An error is one line that starts with the path of the field.

mod fields;
mod json;
mod limits;
mod loaded;
#[cfg(feature = "schema")]
mod schema;
#[cfg(test)]
mod tests;

use crate::route::{Lint, Matcher};
use fields::Fields;
pub use limits::Limits;
pub use loaded::{Loaded, Route};
use portcullis_core::{Boot, ConfigError, Level, OnError, Plugin};
#[cfg(feature = "schema")]
pub use schema::schema;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::Duration;

/// The host's keys at the top of a configuration.
const KEYS: [&str; 15] = [
    "version",
    "onError",
    "onConfigError",
    "holdHeaders",
    "hostBufferLimit",
    "limits",
    "log",
    "mode",
    "percent",
    "guard",
    "source",
    "files",
    "trustedHeaders",
    "routes",
    "default",
];

/// Keys that are reserved for what is not built yet.
const NOT_YET: [&str; 3] = ["percent", "guard", "source"];

/// Whether verdicts are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// The filter sees nothing.
    Disabled,
    /// The filter decides, and what it would have done is counted and logged, not done. Bodies are not held.
    Shadow,
    /// The filter decides and it is done.
    Enforce,
}

/// Loads a configuration: checks it, compiles all settings at once, and says what an operator should know about it.
///
/// `time` is the wall clock since the Unix epoch, `environment` the VM's. Costs time in proportion to the settings; a
/// configuration is loaded once a worker and twice more.
pub fn load<P: Plugin>(
    json: &[u8],
    environment: BTreeMap<String, String>,
    time: Duration,
) -> Result<Loaded<P>, ConfigError> {
    load_with(json, environment, time, &[])
}

/// As [`load`], in a module that carries data for its engine.
pub fn load_with<P: Plugin>(
    json: &[u8],
    environment: BTreeMap<String, String>,
    time: Duration,
    bundled: &'static [u8],
) -> Result<Loaded<P>, ConfigError> {
    let mut fields = Fields::new("", translated::<P>(json::parse(json)?)?)?;
    check_version(&mut fields)?;
    refuse_what_is_not_built(&mut fields)?;
    let mut warnings = Vec::new();
    let common = Common::take(&mut fields, P::FUEL, &mut warnings)?;
    let drafts = Draft::take_all(&mut fields, &common)?;
    fields.finish(&KEYS, "the filter's settings stand under `default`")?;

    let boot = Boot { bundled, ..common.boot(environment, time) };
    let mut settings = Vec::new();
    for draft in &drafts {
        settings.push(fields::typed::<P::Config>(draft.settings.clone(), &draft.path)?);
    }
    let plugins = P::compile(settings, &boot).map_err(|error| {
        let path = drafts.get(error.config).map(|draft| draft.path.clone()).unwrap_or_default();
        error.under(&path)
    })?;
    warnings.extend(of_plugins(&drafts, &plugins));
    let mut routes = assemble(drafts, plugins, &common)?;
    warnings.extend(unreachable(&routes));
    let Some(default) = routes.pop() else {
        return Err(ConfigError::new("", "the filter did not compile all settings"));
    };
    Ok(Loaded::new(common, routes, default, warnings))
}

/// A configuration in another product's form as an envelope.
fn translated<P: Plugin>(value: Value) -> Result<Value, ConfigError> {
    let is_foreign = value.as_object().is_some_and(|fields| {
        !fields.contains_key("version") && P::FOREIGN_KEYS.iter().any(|key| fields.contains_key(*key))
    });
    match is_foreign {
        true => json::parse(P::translate(&value.to_string())?.as_bytes()),
        false => Ok(value),
    }
}

/// The envelope's own settings.
struct Common {
    on_error: OnError,
    hold_headers: bool,
    host_buffer_limit: Option<usize>,
    limits: Limits,
    log_level: Level,
    mode: Mode,
    files: BTreeMap<String, String>,
    trusted_headers: Vec<String>,
}

impl Common {
    /// `fuel` is what the filter has where the configuration says nothing.
    fn take(fields: &mut Fields, fuel: u64, warnings: &mut Vec<String>) -> Result<Common, ConfigError> {
        let host_buffer_limit = limits::host_buffer_limit(fields)?;
        Ok(Common {
            on_error: fields.take_with("onError", on_error)?.unwrap_or_default(),
            hold_headers: fields.take::<bool>("holdHeaders")?.unwrap_or(false),
            host_buffer_limit,
            limits: Limits::take(fields, fuel, host_buffer_limit, warnings)?,
            log_level: log_level(fields)?,
            mode: fields.take_with("mode", mode)?.unwrap_or(Mode::Enforce),
            files: fields.take("files")?.unwrap_or_default(),
            trusted_headers: fields
                .take::<Vec<String>>("trustedHeaders")?
                .unwrap_or_default()
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
        })
    }

    fn boot(&self, environment: BTreeMap<String, String>, time: Duration) -> Boot {
        Boot {
            time,
            seed: RandomState::new().hash_one(0),
            environment,
            files: self.files.clone(),
            host_buffer_limit: self.host_buffer_limit,
            hold_headers: self.hold_headers,
            on_error: self.on_error,
            fuel: self.limits.fuel,
            max_body: self.limits.max_body,
            bundled: &[],
        }
    }
}

/// A route, or `default`, before its settings are compiled.
struct Draft {
    path: String,
    /// `None` for `default`.
    matcher: Option<Matcher>,
    mode: Mode,
    on_error: OnError,
    settings: Value,
}

impl Draft {
    /// Routes in order, `default` last.
    fn take_all(fields: &mut Fields, common: &Common) -> Result<Vec<Draft>, ConfigError> {
        let mut drafts = Vec::new();
        for (index, route) in fields.take::<Vec<Value>>("routes")?.unwrap_or_default().into_iter().enumerate()
        {
            let path = format!("routes[{index}]");
            let mut route = Fields::new(&path, route)?;
            let Some(matching) = route.take_value("match") else {
                return Err(ConfigError::new(
                    "match",
                    "missing; settings for all other requests stand under `default`",
                )
                .under(&path));
            };
            let matcher = Matcher::compile(matching).map_err(|error| error.under("match").under(&path))?;
            drafts.push(Draft::take(route, Some(matcher), common)?);
        }
        let Some(default) = fields.take_value("default") else {
            return Err(ConfigError::new(
                "default",
                "missing; it holds the settings for what no route matches, `{}` at least",
            ));
        };
        let default = Fields::new("default", default)?;
        if default.has("match") {
            return Err(ConfigError::new(
                "default.match",
                "`default` takes what no route matches, it has no `match`",
            ));
        }
        drafts.push(Draft::take(default, None, common)?);
        Ok(drafts)
    }

    fn take(mut fields: Fields, matcher: Option<Matcher>, common: &Common) -> Result<Draft, ConfigError> {
        let mode = fields.take_with("mode", mode)?.unwrap_or(common.mode);
        let on_error = fields.take_with("onError", on_error)?.unwrap_or(common.on_error);
        let path = fields.path().to_owned();
        Ok(Draft { path, matcher, mode, on_error, settings: fields.rest() })
    }
}

/// Routes in order, `default` last.
fn assemble<P: Plugin>(
    drafts: Vec<Draft>,
    plugins: Vec<Rc<P>>,
    common: &Common,
) -> Result<Vec<Route<P>>, ConfigError> {
    let (Some(default), Some(default_plugin)) = (drafts.last(), plugins.last()) else {
        return Ok(Vec::new());
    };
    let guarded = (default.mode, default.on_error, default.settings.clone());
    let default_plugin = Rc::clone(default_plugin);
    let mut routes = Vec::new();
    for (index, (draft, plugin)) in drafts.into_iter().zip(plugins).enumerate() {
        refuse_late_work(&draft, &*plugin, common)?;
        let less = draft.settings != guarded.2 && plugin.is_weaker_than(&default_plugin);
        let weaker = is_weaker((draft.mode, draft.on_error), (guarded.0, guarded.1), less);
        if let Some(matcher) = draft.matcher.as_ref().filter(|_| weaker) {
            matcher
                .refuse_untrusted_headers(&common.trusted_headers)
                .map_err(|error| error.under("match").under(&draft.path))?;
        }
        let index = draft.matcher.is_some().then_some(index);
        let (matcher, mode, on_error) = (draft.matcher, draft.mode, draft.on_error);
        routes.push(Route { plugin, index, mode, on_error, matcher, weaker });
    }
    Ok(routes)
}

/// What needs headers that are held until the body has been seen is refused where they are not.
fn refuse_late_work<P: Plugin>(draft: &Draft, plugin: &P, common: &Common) -> Result<(), ConfigError> {
    let held = plugin.needs().held_headers.filter(|_| !common.hold_headers && draft.mode == Mode::Enforce);
    let Some(path) = held else { return Ok(()) };
    let message = "needs `holdHeaders: true` (and allow_on_headers_stop_iteration on the filter), for otherwise headers \
                   leave before the body has been seen; `lateOk: true` accepts what comes too late";
    Err(ConfigError::new(path, message).under(&draft.path))
}

/// Whether a route guards less than `default`. Where `default` is disabled nothing can, and where it only shadows
/// nothing but a disabled route.
fn is_weaker(route: (Mode, OnError), default: (Mode, OnError), settings: bool) -> bool {
    route.0 < default.0
        || default.0 == Mode::Enforce
            && ((route.1 == OnError::Allow && default.1 == OnError::Deny) || settings)
}

/// What the engines warn of, each line once, with the path of the first settings that it is about.
fn of_plugins<P: Plugin>(drafts: &[Draft], plugins: &[Rc<P>]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut lines = Vec::new();
    for (draft, plugin) in drafts.iter().zip(plugins) {
        for warning in plugin.warnings() {
            if known.insert(warning.clone()) {
                lines.push(format!("{}: {warning}", draft.path));
            }
        }
    }
    lines
}

fn unreachable<P: Plugin>(routes: &[Route<P>]) -> Vec<String> {
    let matchers: Vec<Lint<'_>> = routes
        .iter()
        .filter_map(|route| Some(Lint { matcher: route.matcher.as_ref()?, covers: !route.weaker }))
        .collect();
    crate::route::unreachable(&matchers)
}

fn check_version(fields: &mut Fields) -> Result<(), ConfigError> {
    match fields.take_value("version") {
        Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(()),
        Some(other) => {
            Err(ConfigError::new("version", format!("`{other}` is not a known version, this is version 1")))
        }
        None => Err(ConfigError::new("version", "missing, must be 1")),
    }
}

fn refuse_what_is_not_built(fields: &mut Fields) -> Result<(), ConfigError> {
    if let Some(key) = NOT_YET.iter().find(|key| fields.has(key)) {
        return Err(ConfigError::new(*key, "not yet supported"));
    }
    match fields.take::<String>("onConfigError")?.as_deref() {
        None | Some("reject") => Ok(()),
        Some("deny" | "allow") => {
            Err(ConfigError::new("onConfigError", "not yet supported, only `reject` is"))
        }
        Some(other) => {
            Err(ConfigError::new("onConfigError", format!("`{other}` is none of `reject`, `deny`, `allow`")))
        }
    }
}

fn on_error(value: &Value) -> Result<OnError, String> {
    match value.as_str() {
        Some("deny") => Ok(OnError::Deny),
        Some("allow") => Ok(OnError::Allow),
        _ => Err(format!("`{}` is none of `deny`, `allow`", shown(value))),
    }
}

/// YAML 1.1 makes a truth value of an unquoted `on` or `off`; it means what its writer meant.
fn mode(value: &Value) -> Result<Mode, String> {
    match value {
        Value::Bool(true) => Ok(Mode::Enforce),
        Value::Bool(false) => Ok(Mode::Disabled),
        _ => match value.as_str() {
            Some("enforce") => Ok(Mode::Enforce),
            Some("shadow") => Ok(Mode::Shadow),
            Some("disabled") => Ok(Mode::Disabled),
            _ => Err(format!("`{}` is none of `enforce`, `shadow`, `disabled`", shown(value))),
        },
    }
}

fn log_level(fields: &mut Fields) -> Result<Level, ConfigError> {
    let Some(log) = fields.take_value("log") else { return Ok(Level::Info) };
    let mut log = Fields::new("log", log)?;
    let level = log.take_with("level", |value| match value.as_str() {
        Some("trace") => Ok(Level::Trace),
        Some("debug") => Ok(Level::Debug),
        Some("info") => Ok(Level::Info),
        Some("warn") => Ok(Level::Warn),
        Some("error") => Ok(Level::Error),
        _ => Err(format!("`{}` is none of `trace`, `debug`, `info`, `warn`, `error`", shown(value))),
    })?;
    log.finish(&["level"], "")?;
    Ok(level.unwrap_or(Level::Info))
}

/// A value as its writer would know it again: text without quotes, the rest as JSON, cut.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
