//! Directives that remove rules or change them: by id, tag or message.
//!
//! As in ModSecurity v3 they mean rules in front of them and behind, so they are carried out when all are there, in the
//! order of the text. A rule that is changed becomes the rule set's own; others stay shared.

use super::builder;
use super::rule::{Rule, Target};
use crate::actions::{Disruptive, RuleMatch};
use crate::stored::{Str, stored_enum, stored_struct};
use crate::variables::Selection;
use portcullis_seclang::{Argument, Sign, Span, parse_actions, parse_variables};

/// A change of rules.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) rules: RuleMatch,
    effect: Effect,
    /// The directive as written, for warnings.
    pub(crate) text: Str,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
enum Effect {
    Remove,
    /// Targets to leave out or to add; with `replaced`, in the place of these, and only where they are.
    Targets {
        left_out: Vec<Selection>,
        added: Vec<Target>,
        replaced: Vec<Target>,
    },
    /// Actions as written, for the link of the chain; 0 is its head.
    Actions {
        link: usize,
        actions: Str,
    },
}

stored_struct!(Change { rules, effect, text, span });
stored_enum!(Effect {
    0 => Remove,
    1 => Targets { left_out, added, replaced },
    2 => Actions { link, actions },
});

impl Change {
    /// What a directive changes; `None` if it is not one of these.
    pub(super) fn compile(name: &str, arguments: &[Argument], span: Span) -> Result<Option<Change>, String> {
        let values: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
        let Some((rules, effect)) = compile(name, &values).transpose()? else { return Ok(None) };
        let text = std::iter::once(name).chain(values).collect::<Vec<_>>().join(" ").into();
        Ok(Some(Change { rules, effect, text, span }))
    }

    pub(super) fn removes(&self) -> bool {
        matches!(self.effect, Effect::Remove)
    }

    /// Whether it comes to the same in every rule set: what `block` does is not.
    pub(super) fn is_the_same_for_all(&self) -> bool {
        !matches!(self.effect, Effect::Actions { .. })
    }

    /// Changes a rule that is meant; says whether there was something to change. `block` is what that does by default.
    pub(super) fn apply(&self, rule: &mut Rule, block: Option<&Disruptive>) -> Result<bool, String> {
        match &self.effect {
            Effect::Remove => Ok(false),
            Effect::Targets { left_out, added, replaced } => {
                if !replaced.is_empty() && !replaced.iter().any(|gone| rule.targets.contains(gone)) {
                    return Ok(false);
                }
                rule.targets.retain(|target| !replaced.contains(target));
                rule.targets.extend(added.iter().cloned());
                rule.exclusions.extend(left_out.iter().cloned());
                Ok(true)
            }
            Effect::Actions { link, actions } => {
                let rule = match link.checked_sub(1) {
                    None => rule,
                    Some(index) => {
                        let fault = || format!("`{}`: the chain has no link `{link}`", self.text);
                        rule.links.get_mut(index).ok_or_else(fault)?
                    }
                };
                let actions = parse_actions(actions, Default::default()).map_err(|(_, message)| message)?;
                builder::update(rule, &actions, block).map(|()| true)
            }
        }
    }
}

type Compiled = Result<(RuleMatch, Effect), String>;

fn compile(name: &str, values: &[&str]) -> Option<Compiled> {
    let tag = |text: &str| Ok(RuleMatch::tag(text));
    let msg = |text: &str| Ok(RuleMatch::msg(text));
    let compiled = match name.to_ascii_lowercase().as_str() {
        "secruleremovebyid" => RuleMatch::ids(&values.join(" ")).map(|rules| (rules, Effect::Remove)),
        "secruleremovebymsg" => one(values).and_then(msg).map(|rules| (rules, Effect::Remove)),
        "secruleremovebytag" => one(values).and_then(tag).map(|rules| (rules, Effect::Remove)),
        "secruleupdatetargetbyid" => targets(values, RuleMatch::ids),
        "secruleupdatetargetbymsg" => targets(values, msg),
        "secruleupdatetargetbytag" => targets(values, tag),
        "secruleupdateactionbyid" => actions(values),
        _ => return None,
    };
    Some(compiled.map_err(|message| format!("{name}: {message}")))
}

fn one<'a>(values: &[&'a str]) -> Result<&'a str, String> {
    match values {
        [value] => Ok(value),
        _ => Err("it takes one value".to_owned()),
    }
}

fn targets(values: &[&str], rules: fn(&str) -> Result<RuleMatch, String>) -> Compiled {
    let (which, changed, gone) = match values {
        [which, changed] => (which, changed, None),
        [which, changed, gone] => (which, changed, Some(gone)),
        _ => return Err("it takes rules, targets and perhaps what they replace".to_owned()),
    };
    let (left_out, added) = read(changed)?;
    let replaced = gone.map(|gone| read(gone)).transpose()?.map(|(_, targets)| targets).unwrap_or_default();
    Ok((rules(which)?, Effect::Targets { left_out, added, replaced }))
}

/// Those with `!` in front, and the others.
fn read(text: &str) -> Result<(Vec<Selection>, Vec<Target>), String> {
    let (mut left_out, mut others) = (Vec::new(), Vec::new());
    for variable in parse_variables(text, Default::default()).map_err(|(_, message)| message)? {
        let selection = builder::selection(&variable)?;
        match variable.sign {
            Sign::Exclude => left_out.push(selection),
            sign => others.push(Target { selection, is_count: sign == Sign::Count }),
        }
    }
    Ok((left_out, others))
}

/// `942100` or, for a link of its chain, `942100:1`.
fn actions(values: &[&str]) -> Compiled {
    let [which, actions] = values else { return Err("it takes an id and actions".to_owned()) };
    let (id, link) = which.split_once(':').unwrap_or((which, "0"));
    let link = link.parse().map_err(|_| format!("`{link}` is not a link of a chain"))?;
    builder::check_update(&parse_actions(actions, Default::default()).map_err(|(_, message)| message)?)?;
    Ok((RuleMatch::ids(id)?, Effect::Actions { link, actions: (*actions).to_owned().into() }))
}
