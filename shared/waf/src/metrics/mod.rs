//! What is counted: fixed counters, and one for each family of rules, phase, action and listed host. All of them are
//! defined when the configuration loads, so that no client can make one.

mod config;

pub use config::MetricsConfig;

use crate::actions::{Disruptive, Phase};
use crate::ruleset::{Entry, Rule, Ruleset};
use crate::transaction::{Interruption, Match};
use portcullis_core::{ConfigError, Effect, Exchange, MetricId, MetricKind, MetricSpec};
use std::collections::HashMap;

/// The most counters of one configuration, besides the fixed ones.
const MOST_SERIES: usize = 512;

/// The counters that rules of one route have, behind the fixed ones.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    specs: Vec<MetricSpec>,
    /// For a rule's id the first of its counters, one for each authority.
    matches: HashMap<u64, usize>,
    /// The same of Coraza's counters of interruptions.
    interruptions: HashMap<u64, usize>,
    /// Coraza's counter of requests.
    total: Option<usize>,
    /// Lower case. Behind them comes `other`.
    authorities: Vec<Vec<u8>>,
    /// How many counters stand before these.
    fixed: usize,
}

impl Metrics {
    pub(crate) fn compile(
        config: &MetricsConfig,
        ruleset: &Ruleset,
        fixed: usize,
    ) -> Result<Metrics, ConfigError> {
        config.check()?;
        let mut metrics = Metrics {
            authorities: config
                .authorities
                .iter()
                .map(|name| name.to_ascii_lowercase().into_bytes())
                .collect(),
            fixed,
            ..Metrics::default()
        };
        let mut known = HashMap::new();
        for rule in rules(ruleset).filter(|rule| rule.id > 0) {
            if rule.actions.log.unwrap_or(true) {
                let kind = (family(rule), phase(rule.phase), action(&rule.disruptive));
                let define = || metrics.define(config, |authority| name(&kind, authority));
                let first = *known.entry(kind.clone()).or_insert_with(define);
                metrics.matches.insert(rule.id, first);
            }
        }
        if config.coraza {
            metrics.coraza(config, ruleset);
        }
        match metrics.specs.len() {
            count if count <= MOST_SERIES => Ok(metrics),
            count => Err(ConfigError::new(
                "metrics",
                format!("these rules and authorities make {count} counters, and there may be {MOST_SERIES}"),
            )),
        }
    }

    pub(crate) fn specs(&self) -> &[MetricSpec] {
        &self.specs
    }

    /// A request has come.
    pub(crate) fn request(&self) -> Option<Effect> {
        self.total.map(|index| self.count(index))
    }

    /// Rules have matched.
    pub(crate) fn matched<'a>(
        &'a self,
        exchange: &'a Exchange,
        matches: &'a [Match],
    ) -> impl Iterator<Item = Effect> + 'a {
        let authority = self.authority(exchange);
        let logged = matches.iter().filter(|matched| matched.log);
        logged.filter_map(move |matched| Some(self.count(self.matches.get(&matched.id)? + authority)))
    }

    /// An exchange has been stopped.
    pub(crate) fn interrupted(&self, exchange: &Exchange, interruption: &Interruption) -> Option<Effect> {
        let first = self.interruptions.get(&interruption.rule)?;
        Some(self.count(first + self.authority(exchange)))
    }

    fn coraza(&mut self, config: &MetricsConfig, ruleset: &Ruleset) {
        self.total = Some(self.specs.len());
        self.specs.push(counter("/waf_filter.tx.total".to_owned()));
        let labels: String = config.labels.iter().map(|(name, value)| format!("_{name}={value}")).collect();
        for rule in rules(ruleset).filter(|rule| stops(&rule.disruptive)) {
            let phase = phase(rule.phase);
            let name = format!("/waf_filter.tx.interruptions_ruleid={}_phase=http_{phase}{labels}", rule.id);
            let first = self.define(config, |authority| match authority {
                Some(authority) => format!("{name}_authority={authority}"),
                None => name.clone(),
            });
            self.interruptions.insert(rule.id, first);
        }
    }

    /// A counter for each authority, or one; the index of the first.
    fn define(&mut self, config: &MetricsConfig, name: impl Fn(Option<&str>) -> String) -> usize {
        let first = self.specs.len();
        if config.authorities.is_empty() {
            self.specs.push(counter(name(None)));
            return first;
        }
        for authority in config.authorities.iter().map(String::as_str).chain(["other"]) {
            self.specs.push(counter(name(Some(&authority.to_ascii_lowercase()))));
        }
        first
    }

    /// Which of the authorities this exchange has; the first where none is listed.
    fn authority(&self, exchange: &Exchange) -> usize {
        let own = exchange.request.authority();
        let known = self.authorities.iter().position(|name| name.eq_ignore_ascii_case(own));
        known.unwrap_or(self.authorities.len())
    }

    fn count(&self, index: usize) -> Effect {
        let metric = MetricId(u16::try_from(self.fixed + index).unwrap_or(u16::MAX));
        Effect::Count { metric, by: 1 }
    }
}

fn rules(ruleset: &Ruleset) -> impl Iterator<Item = &Rule> {
    ruleset.entries.iter().filter_map(|entry| match entry {
        Entry::Rule(rule) => Some(&**rule),
        Entry::Marker(_) => None,
    })
}

fn counter(name: String) -> MetricSpec {
    MetricSpec { name, kind: MetricKind::Counter }
}

/// Family, phase and action of rules that share a counter.
type Kind = (String, &'static str, &'static str);

fn name((family, phase, action): &Kind, authority: Option<&str>) -> String {
    match authority.map(plain) {
        Some(host) => format!("matches_total.family.{family}.phase.{phase}.action.{action}.authority.{host}"),
        None => format!("matches_total.family.{family}.phase.{phase}.action.{action}"),
    }
}

/// The kind of attack that a rule of CRS has among its tags, else the name of its file, else `other`.
fn family(rule: &Rule) -> String {
    let tags = rule.meta.tags.iter().map(|tag| tag.written());
    let attack = tags.filter_map(|tag| tag.strip_prefix("attack-")).map(plain).next();
    let file = rule.file.rsplit('/').next().unwrap_or_default();
    let of_file = || {
        // As in `REQUEST-920-PROTOCOL-ENFORCEMENT.conf`.
        let (_, name) = file.strip_suffix(".conf")?.split_once('-')?;
        let (number, name) = name.split_once('-')?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| plain(name))
    };
    attack.or_else(of_file).filter(|family| !family.is_empty()).unwrap_or_else(|| "other".to_owned())
}

/// Lower case, and what a label cannot hold as `_`.
fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.to_ascii_lowercase().chars().map(|c| if is_plain(c) { c } else { '_' }).take(64).collect()
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::RequestHeaders => "request_headers",
        Phase::RequestBody => "request_body",
        Phase::ResponseHeaders => "response_headers",
        Phase::ResponseBody => "response_body",
        Phase::Logging => "logging",
    }
}

fn action(disruptive: &Disruptive) -> &'static str {
    match disruptive {
        Disruptive::Pass | Disruptive::Block => "pass",
        Disruptive::Deny => "deny",
        Disruptive::Drop => "drop",
        Disruptive::Allow(_) => "allow",
        Disruptive::Redirect(_) => "redirect",
    }
}

fn stops(disruptive: &Disruptive) -> bool {
    matches!(disruptive, Disruptive::Deny | Disruptive::Drop | Disruptive::Redirect(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const RULES: &str = "SecRuleEngine On\n\
        SecRule ARGS a \"id:1,phase:1,deny,tag:'x',tag:'attack-SQLi'\"\n\
        SecRule ARGS a \"id:2,phase:2,pass,tag:'attack-sqli'\"\n\
        SecRule ARGS a \"id:3,phase:2,pass,tag:'attack-sqli'\"\n\
        SecRule ARGS a \"id:4,phase:2,pass,nolog\"\n\
        SecAction \"id:5,phase:5,pass\"";

    fn names(file: &str, config: &MetricsConfig) -> Result<Vec<String>, String> {
        let ruleset =
            Ruleset::parse(&[(file, RULES)], &BTreeMap::new()).map_err(|error| error.to_string())?;
        let metrics = Metrics::compile(config, &ruleset, 13).map_err(|error| error.to_string())?;
        Ok(metrics.specs.into_iter().map(|spec| spec.name).collect())
    }

    #[test]
    fn rules_of_one_family_phase_and_action_share_a_counter() {
        let expected = [
            "matches_total.family.sqli.phase.request_headers.action.deny",
            "matches_total.family.sqli.phase.request_body.action.pass",
            "matches_total.family.protocol-enforcement.phase.logging.action.pass",
        ];
        let file = "@owasp_crs/REQUEST-920-PROTOCOL-ENFORCEMENT.conf";
        assert_eq!(names(file, &MetricsConfig::default()), Ok(expected.map(str::to_owned).into()));
        let other = names("rules[0]", &MetricsConfig::default()).unwrap_or_default();
        assert_eq!(
            other.last().map(String::as_str),
            Some("matches_total.family.other.phase.logging.action.pass")
        );
    }

    #[test]
    fn hosts_are_those_of_the_list() {
        let config =
            MetricsConfig { authorities: vec!["Shop.example:80".into()], ..MetricsConfig::default() };
        let names = names("rules", &config).unwrap_or_default();
        assert_eq!(names.len(), 6);
        assert!(
            names.iter().any(|name| name.ends_with("action.deny.authority.shop_example_80")),
            "{names:?}"
        );
        assert!(names.iter().any(|name| name.ends_with("action.deny.authority.other")), "{names:?}");
    }

    #[test]
    fn corazas_names_are_corazas() {
        let labels = BTreeMap::from([("owner".to_owned(), "edge".to_owned())]);
        let config = MetricsConfig { coraza: true, labels, ..MetricsConfig::default() };
        let names = names("rules", &config).unwrap_or_default();
        let own: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix('/')).collect();
        let interruptions = "waf_filter.tx.interruptions_ruleid=1_phase=http_request_headers_owner=edge";
        assert_eq!(own, ["waf_filter.tx.total", interruptions]);
    }

    #[test]
    fn there_are_no_more_than_an_operator_can_use() {
        let authorities = (0..200).map(|n| format!("host{n}.example")).collect();
        let config = MetricsConfig { authorities, ..MetricsConfig::default() };
        let expected = "metrics: these rules and authorities make 603 counters, and there may be 512";
        assert_eq!(names("rules", &config), Err(expected.to_owned()));
        let labels = BTreeMap::from([("a b".to_owned(), "c".to_owned())]);
        let config = MetricsConfig { coraza: true, labels, ..MetricsConfig::default() };
        assert!(names("rules", &config).is_err());
    }
}
