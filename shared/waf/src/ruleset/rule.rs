//! One compiled rule.

use crate::actions::{Actions, Disruptive, Meta, Phase};
use crate::operators::{self, Compile, Files, Recipe, Test};
use crate::stored::{Reader, Stored, Writer, stored_struct};
use crate::text::Text;
use crate::variables::Selection;
use portcullis_patterns::Conditions;
use portcullis_seclang::Span;
use std::rc::Rc;

/// A rule or action with the links of its chain. What copies of it seldom change is shared.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// 0 for links of a chain.
    pub(crate) id: u64,
    pub(crate) phase: Phase,
    pub(crate) file: Rc<str>,
    pub(crate) span: Span,
    pub(crate) targets: Vec<Target>,
    /// Members that are left out.
    pub(crate) exclusions: Vec<Selection>,
    /// `None` for `SecAction`, which always matches.
    pub(crate) operation: Option<Rc<Operation>>,
    pub(crate) actions: Rc<Actions>,
    pub(crate) meta: Rc<Meta>,
    /// `block` resolved by the phase's default.
    pub(crate) disruptive: Disruptive,
    /// The other links, in order.
    pub(crate) links: Vec<Rule>,
}

/// What a rule looks at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) selection: Selection,
    /// The number of members, instead of their values.
    pub(crate) is_count: bool,
}

/// What a rule looks for.
pub(crate) struct Operation {
    /// As ModSecurity spells it, for logs.
    pub(crate) name: &'static str,
    pub(crate) negated: bool,
    pub(crate) argument: Text,
    pub(crate) test: Box<dyn Test>,
    /// The conditions as the build has found them; `None` if they are not known, no bytes if there are none.
    conditions: Option<&'static [u8]>,
}

impl Rule {
    /// The rule with what its phase's default action says where it says nothing itself.
    pub(crate) fn on_top_of(&self, defaults: &Actions) -> Rule {
        let disruptive = match (&self.actions.disruptive, &defaults.disruptive) {
            (None | Some(Disruptive::Block), Some(default)) => default.clone(),
            _ => self.disruptive.clone(),
        };
        Rule {
            actions: Rc::new(self.actions.on_top_of(defaults)),
            meta: Rc::new(self.meta.on_top_of(&defaults.meta)),
            disruptive,
            links: self.links.iter().map(|link| link.on_top_of(defaults)).collect(),
            ..self.clone()
        }
    }
}

impl Rule {
    /// The operators of the rule and of its links.
    pub(crate) fn operations_mut(&mut self) -> impl Iterator<Item = &mut Rc<Operation>> {
        let links = self.links.iter_mut().filter_map(|link| link.operation.as_mut());
        self.operation.iter_mut().chain(links)
    }
}

impl Operation {
    pub(crate) fn compile(
        negated: bool,
        name: &str,
        argument: Text,
        files: Files<'_>,
        compile: Compile,
    ) -> Result<Operation, String> {
        let written = argument.written();
        let recipe = Recipe { argument: written, has_macros: argument.has_macros(), files, compile };
        let test = operators::compile(name, &recipe)?;
        Ok(Operation { name: operators::spelling(name), negated, argument, test, conditions: None })
    }

    /// What a value must have to match, where that is cheaper to ask.
    pub(crate) fn conditions(&self) -> Option<Conditions> {
        match self.conditions {
            Some(mut bytes) => Conditions::from_bytes(&mut bytes).ok(),
            None if self.negated => None,
            None => self.test.conditions(self.argument.fixed()),
        }
    }

    /// Whether it has read a file of this name.
    pub(crate) fn reads(&self, file: &str) -> bool {
        operators::reads_files(self.name)
            && self.argument.written().split_ascii_whitespace().any(|name| name == file)
    }
}

/// Without the conditions, which follow from the rest.
impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Operation { name, negated, argument, test, conditions: _ } = self;
        let mut shown = f.debug_struct("Operation");
        shown.field("name", name).field("negated", negated).field("argument", argument).field("test", test);
        shown.finish()
    }
}

stored_struct!(Target { selection, is_count });

/// All but the file, which the reader knows.
impl Stored for Rule {
    fn write(&self, writer: &mut Writer) {
        let Rule {
            id,
            phase,
            file: _,
            span,
            targets,
            exclusions,
            operation,
            actions,
            meta,
            disruptive,
            links,
        } = self;
        id.write(writer);
        phase.write(writer);
        span.write(writer);
        targets.write(writer);
        exclusions.write(writer);
        operation.write(writer);
        actions.write(writer);
        meta.write(writer);
        disruptive.write(writer);
        links.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Rule> {
        Some(Rule {
            file: Rc::clone(&reader.file),
            id: Stored::read(reader)?,
            phase: Stored::read(reader)?,
            span: Stored::read(reader)?,
            targets: Stored::read(reader)?,
            exclusions: Stored::read(reader)?,
            operation: Stored::read(reader)?,
            actions: Stored::read(reader)?,
            meta: Stored::read(reader)?,
            disruptive: Stored::read(reader)?,
            links: Stored::read(reader)?,
        })
    }
}

/// The operator is made again from its argument; what takes long of that waits for the first use.
impl Stored for Operation {
    fn write(&self, writer: &mut Writer) {
        let Operation { negated, name, argument, test: _, conditions: _ } = self;
        negated.write(writer);
        name.write(writer);
        argument.write(writer);
        let mut conditions = Vec::new();
        if let Some(found) = self.conditions() {
            found.to_bytes(&mut conditions);
        }
        writer.count(conditions.len());
        writer.bytes.extend(conditions);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Operation> {
        let negated = Stored::read(reader)?;
        let name = reader.text()?;
        let argument = Stored::read(reader)?;
        let length = reader.count()?;
        let conditions = Some(reader.take(length)?);
        let made = Operation::compile(negated, name, argument, reader.files, Compile::Lazily).ok()?;
        Some(Operation { conditions, ..made })
    }
}

impl Rule {
    /// The variables as the rule names them, like `ARGS|!ARGS:id`.
    pub(crate) fn targets_text(&self) -> String {
        let plain = self.targets.iter().map(|target| {
            let sign = if target.is_count { "&" } else { "" };
            format!("{sign}{}", target.selection.text())
        });
        let excluded = self.exclusions.iter().map(|selection| format!("!{}", selection.text()));
        plain.chain(excluded).collect::<Vec<_>>().join("|")
    }
}
