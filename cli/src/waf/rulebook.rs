//! Rules as syntax, with their places and chains: what `explain`, `check` and `tune` look things up in.

use super::sources::Sources;
use portcullis_seclang::{Action, Body, Directive, Document, SecRule, Sign, parse};

/// All texts, parsed; a text that cannot be parsed is left out, for loading says what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Rulebook {
    texts: Vec<(Document, String)>,
}

/// A rule or action with the links of its chain.
#[derive(Debug, Clone)]
pub(crate) struct Rule<'a> {
    /// The file as named.
    pub(crate) file: &'a str,
    /// The first directive and the others of its chain.
    pub(crate) links: Vec<&'a Directive>,
    /// Its place among all directives.
    pub(crate) position: usize,
}

/// A directive that is no rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Other<'a> {
    pub(crate) file: &'a str,
    pub(crate) directive: &'a Directive,
    pub(crate) position: usize,
}

impl Rulebook {
    /// The rules of the sources.
    pub(crate) fn of(sources: &Sources) -> Rulebook {
        let parsed =
            sources.texts.iter().filter_map(|(name, text)| Some((parse(name, text).ok()?, text.clone())));
        Rulebook { texts: parsed.collect() }
    }

    /// All directives with their files and places, in order.
    pub(crate) fn directives(&self) -> impl Iterator<Item = Other<'_>> {
        let all = self.texts.iter().flat_map(|(document, _)| {
            document.directives.iter().map(move |directive| (document.file.as_str(), directive))
        });
        all.enumerate().map(|(position, (file, directive))| Other { file, directive, position })
    }

    /// All rules and `SecAction`s, in order.
    pub(crate) fn rules(&self) -> Vec<Rule<'_>> {
        let mut rules: Vec<Rule<'_>> = Vec::new();
        let mut goes_on = false;
        for Other { file, directive, position } in self.directives() {
            if !directive.is("SecRule") && !directive.is("SecAction") {
                continue;
            }
            match rules.last_mut().filter(|_| goes_on) {
                Some(rule) => rule.links.push(directive),
                None => rules.push(Rule { file, links: vec![directive], position }),
            }
            goes_on = actions(directive).iter().any(|action| action.is("chain"));
        }
        rules
    }

    /// The directives that are no rules.
    pub(crate) fn others(&self) -> impl Iterator<Item = Other<'_>> {
        self.directives().filter(|other| !other.directive.is("SecRule") && !other.directive.is("SecAction"))
    }

    /// The lines of a rule as written.
    pub(crate) fn source(&self, rule: &Rule<'_>) -> Vec<&str> {
        let (Some(first), Some(last)) = (rule.links.first(), rule.links.last()) else { return Vec::new() };
        let holds = |document: &Document| document.directives.iter().any(|known| std::ptr::eq(known, *first));
        let Some((_, text)) = self.texts.iter().find(|(document, _)| holds(document)) else {
            return Vec::new();
        };
        let lines: Vec<&str> = text.lines().collect();
        let (start, end) = (first.span.line as usize - 1, last.span.line as usize - 1);
        let more = lines.iter().skip(end).take_while(|line| line.trim_end().ends_with('\\')).count();
        lines.get(start..=end + more).unwrap_or_default().to_vec()
    }
}

impl<'a> Rule<'a> {
    /// The first directive.
    pub(crate) fn head(&self) -> Option<&'a Directive> {
        self.links.first().copied()
    }

    /// Its id, if it has one that is a number.
    pub(crate) fn id(&self) -> Option<u64> {
        self.value("id")?.parse().ok()
    }

    /// 1 to 5.
    pub(crate) fn phase(&self) -> u8 {
        match self.value("phase").unwrap_or_default().to_ascii_lowercase().as_str() {
            "1" => 1,
            "3" => 3,
            "4" | "response" => 4,
            "5" | "logging" => 5,
            _ => 2,
        }
    }

    /// The last value of an action of the first directive.
    pub(crate) fn value(&self, name: &str) -> Option<&'a str> {
        let actions = actions(self.head()?);
        actions.iter().rev().find(|action| action.is(name)).map(Action::text)
    }

    /// The values of an action that can stand more than once.
    pub(crate) fn values(&self, name: &str) -> Vec<&'a str> {
        let all = self.head().map(actions).unwrap_or_default();
        all.iter().filter(|action| action.is(name)).map(Action::text).collect()
    }

    /// Whether one of the actions of the first directive has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.head().is_some_and(|head| actions(head).iter().any(|action| action.is(name)))
    }

    /// Where it stands: `file:line`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.head().map_or(0, |head| head.span.line))
    }

    /// How a message names it.
    pub(crate) fn name(&self) -> String {
        match self.id() {
            Some(id) => format!("rule {id}"),
            None => format!("the rule at {}", self.place()),
        }
    }
}

/// The actions of a rule or action.
pub(crate) fn actions(directive: &Directive) -> &[Action] {
    match &directive.body {
        Body::Rule(rule) => &rule.actions,
        Body::Actions(actions) => actions,
        Body::Plain(_) => &[],
    }
}

/// The rule's syntax; `None` for `SecAction`.
pub(crate) fn rule_of(directive: &Directive) -> Option<&SecRule> {
    match &directive.body {
        Body::Rule(rule) => Some(rule),
        _ => None,
    }
}

/// The arguments of a directive that is no rule, as texts.
pub(crate) fn arguments(directive: &Directive) -> Vec<&str> {
    match &directive.body {
        Body::Plain(arguments) => arguments.iter().map(|argument| argument.text.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// Whether a list of ids and ranges, such as `1,5-7`, holds the id.
pub(crate) fn holds_id(list: &str, id: u64) -> bool {
    let items = list.split([',', ' ']).map(str::trim).filter(|item| !item.is_empty());
    items.into_iter().any(|item| {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let both = first.parse::<u64>().ok().zip(last.parse::<u64>().ok());
        both.is_some_and(|(first, last)| (first..=last).contains(&id))
    })
}

/// Whether a variable is left out rather than looked at.
pub(crate) fn is_exclusion(variable: &portcullis_seclang::Variable) -> bool {
    variable.sign == Sign::Exclude
}
