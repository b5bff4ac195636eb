//! The entry point: `path` or `query` as a module of our own with one rule, so that it is compiled once.

use crate::config::AuthzConfig;
use crate::syntax::Syntax;
use portcullis_core::ConfigError;
use regorus::Value;

/// The rule to evaluate. No package that a person writes has a blank in its name.
pub(crate) const RULE: &str = "data.portcullis[\"entry point\"].decision";

const PACKAGE: &str = "package portcullis[\"entry point\"]\n";

/// What the policies are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The field that it comes from.
    pub field: &'static str,
    /// The module's text.
    pub module: String,
    /// The steps of a path under `data`; `None` for a condition.
    path: Option<Vec<String>>,
}

impl Entry {
    /// Reads `path` or `query`, of which one at most may be given.
    pub(crate) fn of(config: &AuthzConfig) -> Result<Entry, ConfigError> {
        match (&config.path, &config.query) {
            (Some(_), Some(_)) => Err(ConfigError::new("query", "cannot stand beside `path`")),
            (_, None) => Entry::path(config.path.as_deref().unwrap_or("envoy/authz/allow")),
            (None, Some(query)) => Entry::query(query),
        }
    }

    /// OPA-Envoy's `path`: steps between slashes; a step that is a number is a number.
    fn path(path: &str) -> Result<Entry, ConfigError> {
        let steps: Vec<String> = path.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect();
        if steps.is_empty() {
            return Err(ConfigError::new("path", "names nothing"));
        }
        let reference: String = steps
            .iter()
            .map(|step| match step.parse::<i64>() {
                Ok(number) => format!("[{number}]"),
                Err(_) => format!("[{}]", serde_json::Value::from(step.as_str())),
            })
            .collect();
        Ok(Entry {
            field: "path",
            module: format!("{PACKAGE}decision := data{reference}\n"),
            path: Some(steps),
        })
    }

    /// A reference such as `data.a.allow` gives its value; any other expression allows where it holds.
    fn query(query: &str) -> Result<Entry, ConfigError> {
        let query = query.trim();
        if query.contains(['\n', '\r', ';', '#', '{', '}']) || query.contains(":=") {
            return Err(ConfigError::new("query", "must be one expression without `;`, `:=` and braces"));
        }
        let steps =
            query.strip_prefix("data.").map(|rest| rest.split('.').map(str::to_owned).collect::<Vec<_>>());
        let name = |step: &String| {
            !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match steps.filter(|steps| steps.iter().all(name)) {
            Some(steps) => Ok(Entry {
                field: "query",
                module: format!("{PACKAGE}decision := {query}\n"),
                path: Some(steps),
            }),
            None => {
                let module = format!("{PACKAGE}default decision := false\ndecision if {{ {query} }}\n");
                Ok(Entry { field: "query", module, path: None })
            }
        }
    }

    /// Refuses an entry point at which neither a policy nor the data has anything.
    pub(crate) fn check(&self, modules: &[Syntax], data: &Value) -> Result<(), ConfigError> {
        let Some(path) = &self.path else { return Ok(()) };
        let in_policies =
            modules.iter().filter(|module| module.name != self.field).any(|module| module.defines(path));
        let in_data = path
            .iter()
            .try_fold(data, |value, step| value.as_object().ok()?.get(&Value::from(step.as_str())));
        if in_policies || in_data.is_some() {
            return Ok(());
        }
        let shown = path.join(".");
        Err(ConfigError::new(self.field, format!("no policy defines `data.{shown}`")))
    }
}
