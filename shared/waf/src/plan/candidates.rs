//! The operators of a phase that may match, found out as the phase goes.

use super::Body;
use super::texts::Texts;
use crate::transaction::{Data, View};
use crate::transformations::Transformation;
use portcullis_core::{Fuel, OutOfFuel};
use portcullis_patterns::scanner::{Bits, has, set};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// What of a phase may match an exchange.
#[derive(Debug)]
pub(crate) struct Candidates<'p> {
    plan: &'p Body,
    texts: Texts,
    /// For each selection the texts of its members, if they have been taken.
    members: Vec<Option<Vec<u32>>>,
    /// Operators that have been looked for.
    known: Bits,
    /// Operators that may match some text.
    any: Bits,
    /// For each text the operators that may match it.
    rows: Bits,
}

/// A look at all texts for some operators.
struct Look<'l> {
    /// For each text the operators that look at it.
    wanted: Bits,
    /// Sets of operators, and the nodes that they need.
    lives: Vec<(Bits, Vec<usize>)>,
    /// For each node the text there.
    at_node: Vec<usize>,
    fuel: &'l Fuel,
}

impl<'p> Candidates<'p> {
    pub(crate) fn new(plan: &'p Body) -> Candidates<'p> {
        let words = plan.scanner.scanner.words();
        Candidates {
            plan,
            texts: Texts::new(words),
            members: vec![None; plan.selections.len()],
            known: vec![0; words],
            any: vec![0; words],
            rows: Vec::new(),
        }
    }

    /// The number of the operator of the rule at a place of the phase; `None` if that rule always runs.
    pub(crate) fn number(&self, place: usize) -> Option<usize> {
        self.plan.number(place)
    }

    /// Whether the rule at a place compares a variable of `TX` with what it is not.
    pub(crate) fn is_plainly_other(&self, place: usize, data: &Data, fuel: &Fuel) -> Result<bool, OutOfFuel> {
        match self.plan.plain.get(place) {
            Some(Some(plain)) => Ok(!plain.may_match(data, fuel)?),
            _ => Ok(false),
        }
    }

    /// Whether the operator may match anything.
    pub(crate) fn may_match(&mut self, operator: usize, data: &Data, fuel: &Fuel) -> Result<bool, OutOfFuel> {
        if !has(&self.known, operator) {
            let closed = self.plan.guards.closed(data);
            self.look(operator, closed, data, fuel)?;
        }
        Ok(has(&self.any, operator))
    }

    /// Of one target of the operator's rule the members that may match, by their places in it.
    pub(crate) fn places(&self, operator: usize, target: usize) -> impl Iterator<Item = usize> + '_ {
        let selection = self.plan.operators.get(operator).and_then(|known| known.selections.get(target));
        let members = selection.and_then(|&selection| self.members.get(selection)?.as_deref());
        let texts = members.unwrap_or_default().iter().enumerate();
        texts.filter(move |(_, text)| self.may_match_text(operator, **text as usize)).map(|(place, _)| place)
    }

    fn may_match_text(&self, operator: usize, text: usize) -> bool {
        let words = self.plan.scanner.scanner.words();
        self.rows.get(text * words..(text + 1) * words).is_some_and(|row| has(row, operator))
    }

    /// Looks for this operator, and for all that no closed guard leads around.
    fn look(&mut self, operator: usize, closed: u64, data: &Data, fuel: &Fuel) -> Result<(), OutOfFuel> {
        let plan = self.plan;
        let words = plan.scanner.scanner.words();
        let mut mask = vec![0; words];
        for (number, other) in plan.operators.iter().enumerate() {
            if other.guards & closed == 0 && !has(&self.known, number) {
                set(&mut mask, number);
            }
        }
        set(&mut mask, operator);
        self.known.iter_mut().zip(&mask).for_each(|(known, new)| *known |= new);
        let mut look =
            Look { wanted: Vec::new(), lives: Vec::new(), at_node: vec![0; plan.chains.nodes.len()], fuel };
        for (number, planned) in plan.selections.iter().enumerate() {
            let users: Bits = planned.users.iter().zip(&mask).map(|(users, mask)| users & mask).collect();
            if users.iter().any(|word| *word != 0) {
                self.take(number, data, fuel)?;
                self.want(number, &users, &mut look.wanted);
            }
        }
        let count = self.texts.len();
        self.rows.resize(count * words, 0);
        look.wanted.resize(count * words, 0);
        let wanted = std::mem::take(&mut look.wanted);
        for (text, wanted) in wanted.chunks_exact(words).enumerate() {
            if wanted.iter().any(|word| *word != 0) {
                self.text(text, wanted, &mut look)?;
            }
        }
        Ok(())
    }

    /// Takes the members of a selection, unless that has been done.
    fn take(&mut self, number: usize, data: &Data, fuel: &Fuel) -> Result<(), OutOfFuel> {
        let Some(planned) = self.plan.selections.get(number) else { return Ok(()) };
        let Some(slot) = self.members.get_mut(number).filter(|slot| slot.is_none()) else { return Ok(()) };
        let mut members = Vec::new();
        let _ = planned.selection.each(View { data, rule: None }, &mut |item| {
            members.push(self.texts.intern(&item.value) as u32);
            ControlFlow::Continue(())
        });
        fuel.charge((members.len() as u64).saturating_mul(Fuel::VALUE))?;
        *slot = Some(members);
        Ok(())
    }

    fn want(&self, selection: usize, users: &[u64], wanted: &mut Bits) {
        let words = users.len();
        wanted.resize(self.texts.len() * words, 0);
        for &text in self.members.get(selection).and_then(Option::as_deref).unwrap_or_default() {
            let row = wanted.get_mut(text as usize * words..(text as usize + 1) * words);
            row.unwrap_or_default().iter_mut().zip(users).for_each(|(row, users)| *row |= users);
        }
    }

    /// Looks at one text, and at what the transformations of the wanted operators make of it.
    fn text(&mut self, root: usize, wanted: &[u64], look: &mut Look<'_>) -> Result<(), OutOfFuel> {
        let plan = self.plan;
        self.texts.scan(root, &plan.scanner.scanner, look.fuel)?;
        let live = look.live(plan, wanted);
        let Look { lives, at_node, fuel, .. } = look;
        if let Some(first) = at_node.first_mut() {
            *first = root;
        }
        for &number in lives.get(live).map(|(_, nodes)| nodes.as_slice()).unwrap_or_default() {
            let Some(node) = plan.chains.nodes.get(number) else { continue };
            let before = at_node.get(node.parent).copied().unwrap_or(root);
            let mut here = before;
            if let Some(transformation) = &node.transformation
                && node.changes.is_none_or(|changes| {
                    self.texts.entry(before).is_some_and(|text| text.classes.meets(changes))
                })
            {
                here = self.transform(before, transformation, fuel)?;
            }
            if let Some(slot) = at_node.get_mut(number) {
                *slot = here;
            }
            if here != root {
                self.texts.scan(here, &plan.scanner.scanner, fuel)?;
                self.note(root, here, wanted, Some(&node.ends), at_node);
            }
        }
        self.note(root, root, wanted, None, at_node);
        Ok(())
    }

    fn transform(
        &mut self,
        text: usize,
        transformation: &Transformation,
        fuel: &Fuel,
    ) -> Result<usize, OutOfFuel> {
        let bytes = self.texts.bytes(text);
        fuel.charge_call(bytes.len())?;
        let changed = match transformation.apply(bytes) {
            Cow::Borrowed(same) if same.len() == bytes.len() => return Ok(text),
            Cow::Owned(same) if same == bytes => return Ok(text),
            changed => changed.into_owned(),
        };
        Ok(self.texts.intern(&changed))
    }

    /// Notes for the text `root` the operators that may match what has become of it.
    fn note(&mut self, root: usize, here: usize, wanted: &[u64], ends: Option<&Bits>, at_node: &[usize]) {
        let plan = self.plan;
        let Some(text) = self.texts.entry(here) else { return };
        let words = plan.scanner.scanner.words();
        let row = self.rows.get_mut(root * words..(root + 1) * words).unwrap_or_default();
        for (index, (found, wanted)) in self.texts.found(here).iter().zip(wanted).enumerate() {
            let ends = ends.map_or(u64::MAX, |ends| ends.get(index).copied().unwrap_or(0));
            let mut left = found & wanted & ends;
            while left != 0 {
                let number = index * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let Some(operator) = plan.operators.get(number) else { continue };
                let is_here = here != root
                    || operator.is_multi
                    || operator.node == 0
                    || at_node.get(operator.node) == Some(&root);
                if is_here && plan.scanner.scanner.allows(number, text.alphabet, text.len(), text.classes) {
                    set(row, number);
                    set(&mut self.any, number);
                }
            }
        }
    }
}

impl Look<'_> {
    /// The nodes that some operators need, by their number among those that have been asked for.
    fn live(&mut self, plan: &Body, wanted: &[u64]) -> usize {
        if let Some(known) = self.lives.iter().position(|(operators, _)| operators == wanted) {
            return known;
        }
        let is_live = |below: &Bits| below.iter().zip(wanted).any(|(below, wanted)| below & wanted != 0);
        let nodes = plan.chains.nodes.iter().enumerate().skip(1).filter(|(_, node)| is_live(&node.below));
        self.lives.push((wanted.to_vec(), nodes.map(|(number, _)| number).collect()));
        self.lives.len() - 1
    }
}
