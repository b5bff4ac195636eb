//! The plugin: compiled settings of one route.

use crate::config::TransformConfig;
use crate::plan::{Direction, Plan};
use crate::stream::TransformStream;
use portcullis_core::{Boot, ConfigError, Exchange, MetricId, MetricKind, MetricSpec, Needs, Plugin};
use std::rc::Rc;

/// Transforms requests and responses.
#[derive(Debug)]
pub struct Transform {
    pub(crate) request: Plan,
    pub(crate) response: Plan,
    /// For one stream.
    pub(crate) fuel: u64,
}

/// What a stream counts, in the order of [`METRICS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// A transformation failed.
    Failed,
    /// A body was left alone because it is compressed.
    Encoded,
    /// A body was left alone because it is a part.
    Partial,
    /// A body was left alone because it is too long.
    OverLimit,
}

const METRICS: [&str; 4] = [
    "render_errors_total",
    "bodies_skipped_total.reason.encoded",
    "bodies_skipped_total.reason.partial",
    "bodies_skipped_total.reason.over_limit",
];

impl Count {
    pub(crate) fn metric(self) -> MetricId {
        MetricId(self as u16)
    }
}

impl Transform {
    fn new(config: &TransformConfig, boot: &Boot) -> Result<Transform, ConfigError> {
        let (request, response) = match (&config.request, &config.response, &config.gloo) {
            (request, response, None) => {
                let plan = |config: &Option<_>, direction, path| match config {
                    Some(config) => Plan::own(config, direction, boot, path),
                    None => Ok(Plan::default()),
                };
                (
                    plan(request, Direction::Request, "request")?,
                    plan(response, Direction::Response, "response")?,
                )
            }
            (None, None, Some(gloo)) => {
                let plan = |config: &Option<_>, direction, path| match config {
                    Some(config) => Plan::gloo(config, direction, boot, path),
                    None => Ok(Plan::default()),
                };
                let request =
                    plan(&gloo.request_transformation, Direction::Request, "gloo.requestTransformation")?;
                let response =
                    plan(&gloo.response_transformation, Direction::Response, "gloo.responseTransformation")?;
                (request, response)
            }
            _ => return Err(ConfigError::new("gloo", "stands in place of `request` and `response`")),
        };
        let mut transform = Transform { request, response, fuel: boot.fuel };
        let environment = Rc::new(boot.environment.clone());
        for plan in [&mut transform.request, &mut transform.response] {
            for part in [&mut plan.early, &mut plan.late] {
                part.environment = Rc::clone(&environment);
                part.data_sources.clone_from(&boot.files);
            }
        }
        Ok(transform)
    }
}

impl Plugin for Transform {
    const NAME: &'static str = "transform";
    type Config = TransformConfig;
    type Stream = TransformStream;

    fn compile(configs: Vec<TransformConfig>, boot: &Boot) -> Result<Vec<Rc<Transform>>, ConfigError> {
        let mut compiled: Vec<Rc<Transform>> = Vec::new();
        for (index, config) in configs.iter().enumerate() {
            let same = configs.iter().take(index).position(|earlier| earlier == config);
            let transform = match same.and_then(|same| compiled.get(same)) {
                Some(transform) => Rc::clone(transform),
                None => Rc::new(Transform::new(config, boot).map_err(|error| error.of(index))?),
            };
            compiled.push(transform);
        }
        Ok(compiled)
    }

    fn needs(&self) -> Needs {
        let spec = |name: &str| MetricSpec { name: name.to_owned(), kind: MetricKind::Counter };
        Needs {
            response: !self.response.early.is_empty() || !self.response.late.is_empty(),
            metrics: METRICS.into_iter().map(spec).collect(),
            held_headers: self.request.held.clone().or_else(|| self.response.held.clone()),
            ..Needs::default()
        }
    }

    fn stream(self: &Rc<Self>, exchange: &Exchange) -> TransformStream {
        TransformStream::new(Rc::clone(self), exchange)
    }

    /// It guards nothing, so no route guards less.
    fn is_weaker_than(&self, _default: &Transform) -> bool {
        false
    }
}
