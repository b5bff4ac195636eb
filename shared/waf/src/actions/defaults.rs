//! `SecDefaultAction`: what a rule says where it says nothing itself.

use super::{Actions, Disruptive, Meta};

impl Actions {
    /// Whether a rule with these defaults does what it does without.
    pub(crate) fn is_neutral(&self) -> bool {
        let said = Actions {
            phase: None,
            log: self.log.filter(|log| !log),
            audit: self.audit.filter(|audit| !audit),
            disruptive: self.disruptive.clone().filter(|disruptive| *disruptive != Disruptive::Pass),
            ..self.clone()
        };
        said == Actions::default()
    }

    /// A rule's own actions on top of its phase's defaults.
    pub(crate) fn on_top_of(&self, defaults: &Actions) -> Actions {
        let own = self.clone();
        // All fields are named, so that none is forgotten.
        let Actions {
            id,
            phase,
            transformations,
            clears_transformations,
            multi_match,
            capture,
            disruptive,
            status,
            log,
            audit,
            chain,
            skip,
            skip_after,
            meta,
            sanitises,
            namespaces,
            setvars,
            ctls,
        } = own;
        let base = if clears_transformations { &[] } else { defaults.transformations.as_slice() };
        Actions {
            id,
            phase,
            transformations: joined(base, transformations),
            clears_transformations,
            multi_match: multi_match || defaults.multi_match,
            capture: capture || defaults.capture,
            disruptive,
            status: status.or(defaults.status),
            log: log.or(defaults.log),
            // What a rule says of the log it says of the audit log, unless it speaks of that.
            audit: audit.or(log).or(defaults.audit),
            chain,
            skip: if skip > 0 { skip } else { defaults.skip },
            skip_after: skip_after.or_else(|| defaults.skip_after.clone()),
            meta,
            sanitises: joined(&defaults.sanitises, sanitises),
            namespaces: joined(&defaults.namespaces, namespaces),
            setvars: joined(&defaults.setvars, setvars),
            ctls: joined(&defaults.ctls, ctls),
        }
    }
}

impl Meta {
    /// What a rule says of itself on top of its phase's defaults.
    pub(crate) fn on_top_of(&self, defaults: &Meta) -> Meta {
        let Meta { msg, logdata, severity, tags, ver, rev, maturity, accuracy } = self.clone();
        Meta {
            msg: msg.or_else(|| defaults.msg.clone()),
            logdata: logdata.or_else(|| defaults.logdata.clone()),
            severity: severity.or(defaults.severity),
            tags: joined(&defaults.tags, tags),
            ver: ver.or_else(|| defaults.ver.clone()),
            rev: rev.or_else(|| defaults.rev.clone()),
            maturity: maturity.or(defaults.maturity),
            accuracy: accuracy.or(defaults.accuracy),
        }
    }
}

fn joined<T: Clone>(first: &[T], then: Vec<T>) -> Vec<T> {
    match first {
        [] => then,
        first => first.iter().cloned().chain(then).collect(),
    }
}
