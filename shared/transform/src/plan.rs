//! Settings to what is done with each message of a direction, and when.

use crate::config::{OnRenderError, OverLimit, ParseBody, SideConfig};
use crate::gloo::{self, GlooTransformation};
use crate::transformation::{Assignment, BodyWork, Order, Parse, Transformation};
use portcullis_core::{Boot, ConfigError, Edit, HeaderName, Over};
use portcullis_template::{Syntax, Template};

/// What is done with the messages of one direction.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// At the headers.
    pub(crate) early: Transformation,
    /// When the body is there.
    pub(crate) late: Transformation,
    pub(crate) on_error: OnRenderError,
    pub(crate) max_body: usize,
    pub(crate) over: Option<Over>,
    /// The path of the field that makes a header from the body.
    pub(crate) held: Option<String>,
}

/// Which headers can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
    /// Appended, on either side: no pseudo-headers.
    Append,
}

/// The most bytes of a new body where the host's buffer is not known: its own default.
const DEFAULT_OUTPUT: usize = 1 << 20;

/// Headers that frame the message: only the proxy may write them.
const FRAMING: [&str; 8] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "upgrade",
];

impl Plan {
    /// From our own form.
    pub(crate) fn own(
        config: &SideConfig,
        direction: Direction,
        boot: &Boot,
        path: &str,
    ) -> Result<Plan, ConfigError> {
        let whole = compile(config, direction, path)?;
        let held = match config.late_ok {
            true => None,
            false => from_body(&whole, path),
        };
        let over = match config.over_limit {
            OverLimit::Pass => Over::Pass,
            OverLimit::Refuse => Over::Refuse,
        };
        let max_body = config.max_body.unwrap_or(boot.max_body).min(boot.max_body);
        if max_body == 0 {
            return Err(ConfigError::new(format!("{path}.maxBody"), "must be at least 1"));
        }
        let (early, late) = split(whole);
        let plan = Plan { early, late, on_error: config.on_render_error, max_body, over: Some(over), held };
        Ok(plan.within(boot))
    }

    /// From Gloo's form: all at once, when the body is there, if anything reads it.
    pub(crate) fn gloo(
        config: &GlooTransformation,
        direction: Direction,
        boot: &Boot,
        path: &str,
    ) -> Result<Plan, ConfigError> {
        let whole = gloo::compile(config, direction, path)?;
        let edits = whole.set.len() + whole.append.len() + whole.remove.len();
        let held =
            (whole.reads_body() && edits > 0).then(|| format!("{path}.transformationTemplate.headers"));
        let (early, late) = match whole.reads_body() {
            true => (Transformation::default(), whole),
            false => (whole, Transformation::default()),
        };
        let plan = Plan {
            early,
            late,
            on_error: OnRenderError::Gloo,
            max_body: boot.max_body,
            over: Some(Over::Refuse),
            held,
        };
        Ok(plan.within(boot))
    }

    fn within(mut self, boot: &Boot) -> Plan {
        for transformation in [&mut self.early, &mut self.late] {
            transformation.max_output = boot.host_buffer_limit.unwrap_or(DEFAULT_OUTPUT.max(boot.max_body));
        }
        self
    }
}

/// The transformation of our own form, whole.
pub(crate) fn compile(
    config: &SideConfig,
    direction: Direction,
    path: &str,
) -> Result<Transformation, ConfigError> {
    let syntax = Syntax::default();
    let mut set = Vec::new();
    for (name, text) in &config.headers.set {
        set.push(assignment(name, Some(text), syntax, direction, &format!("{path}.headers.set.{name}"))?);
    }
    let mut append = Vec::new();
    for (name, texts) in &config.headers.append {
        for text in texts.iter() {
            let path = format!("{path}.headers.append.{name}");
            append.push(assignment(name, Some(text), syntax, Direction::Append, &path)?);
        }
    }
    let remove = config.headers.remove.iter().enumerate();
    let remove = remove
        .map(|(index, name)| removal(name, &format!("{path}.headers.remove[{index}]")))
        .collect::<Result<Vec<_>, _>>()?;
    let body = match &config.body {
        Some(text) => BodyWork::Render(parse_template(text, syntax, &format!("{path}.body"))?),
        None => BodyWork::Keep,
    };
    let parse = match config.parse_body {
        ParseBody::Json => Parse::IfRead,
        ParseBody::None => Parse::Not,
    };
    Ok(Transformation {
        parse,
        remove,
        set,
        append,
        order: Order::RemoveSetAppend,
        body,
        ..Transformation::default()
    })
}

/// A header and its template.
pub(crate) fn assignment(
    name: &str,
    text: Option<&str>,
    syntax: Syntax,
    direction: Direction,
    path: &str,
) -> Result<Assignment, ConfigError> {
    let template = text.map(|text| parse_template(text, syntax, path)).transpose()?;
    let name = header_name(name, path)?;
    let bytes = name.as_bytes();
    let editable = match direction {
        Direction::Request => matches!(bytes, b":path" | b":method" | b":authority"),
        Direction::Response => bytes == b":status",
        Direction::Append => false,
    };
    if bytes.starts_with(b":") && !editable {
        let name = String::from_utf8_lossy(bytes);
        return Err(ConfigError::new(path, format!("`{name}` cannot be edited here")));
    }
    Ok(Assignment { name, template })
}

/// A header that is removed.
pub(crate) fn removal(name: &str, path: &str) -> Result<HeaderName, ConfigError> {
    let name = header_name(name, path)?;
    Edit::remove(name.as_bytes()).map_err(|error| ConfigError::new(path, error))?;
    Ok(name)
}

fn header_name(name: &str, path: &str) -> Result<HeaderName, ConfigError> {
    let name = HeaderName::new(name).map_err(|error| ConfigError::new(path, error))?;
    match FRAMING.iter().find(|framing| framing.as_bytes() == name.as_bytes()) {
        Some(framing) => Err(ConfigError::new(path, format!("`{framing}` is the proxy's own"))),
        None => Ok(name),
    }
}

/// A template that calls nothing that cannot be had.
pub(crate) fn parse_template(text: &str, syntax: Syntax, path: &str) -> Result<Template, ConfigError> {
    let template = Template::parse(text, syntax).map_err(|error| ConfigError::new(path, error))?;
    let metadata = ["dynamic_metadata", "cluster_metadata", "clusterMetadata", "host_metadata"];
    match metadata.iter().find(|function| template.calls(function)) {
        Some(function) => Err(ConfigError::new(path, format!("`{function}` is not yet supported"))),
        None => Ok(template),
    }
}

/// The path of the first header that is made from the body.
fn from_body(whole: &Transformation, path: &str) -> Option<String> {
    let lists = [("set", &whole.set), ("append", &whole.append)];
    lists.iter().find_map(|(list, assignments)| {
        let assignment = assignments.iter().find(|assignment| reads_body(assignment))?;
        Some(format!("{path}.headers.{list}.{}", String::from_utf8_lossy(assignment.name.as_bytes())))
    })
}

fn reads_body(assignment: &Assignment) -> bool {
    assignment.template.as_ref().is_some_and(Template::reads_body)
}

/// What can be done at the headers, and what has to wait for the body.
fn split(whole: Transformation) -> (Transformation, Transformation) {
    let (late_set, set) = whole.set.into_iter().partition(reads_body);
    let (late_append, append) = whole.append.into_iter().partition(reads_body);
    let early =
        Transformation { remove: whole.remove, set, append, order: whole.order, ..Transformation::default() };
    let late = Transformation {
        parse: whole.parse,
        set: late_set,
        append: late_append,
        order: whole.order,
        body: whole.body,
        ..Transformation::default()
    };
    (early, late)
}
