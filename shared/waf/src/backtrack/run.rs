//! Runs instructions on a text, with a stack of places to go back to.

use super::compile::Instruction;
use super::parse::Assertion;
use super::{Groups, Program};

/// Steps for a text besides those for its bytes.
const STEPS: usize = 2_000;
/// Steps for each byte of a text.
pub(crate) const STEPS_A_BYTE: usize = 32;
/// The most steps, however long the text is.
const MOST_STEPS: usize = 2_000_000;
/// The most places to go back to.
const MOST_FRAMES: usize = 200_000;

/// The budget is spent.
struct Exhausted;

enum Frame {
    Branch { at: usize, place: usize },
    Slot { slot: usize, before: usize },
}

/// A register that notes nothing.
const NOWHERE: usize = usize::MAX;

struct Run<'p, 't> {
    program: &'p Program,
    text: &'t [u8],
    slots: Vec<usize>,
    frames: Vec<Frame>,
    left: usize,
}

impl Program {
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        self.find_at(text, 0).is_some()
    }

    /// The first match that begins at `start` or behind.
    pub(crate) fn find_at(&self, text: &[u8], start: usize) -> Option<Groups> {
        let left = STEPS.saturating_add(text.len().saturating_mul(STEPS_A_BYTE)).min(MOST_STEPS);
        let mut run = Run { program: self, text, slots: vec![NOWHERE; self.slots], frames: Vec::new(), left };
        for place in start..=text.len() {
            if let Some(first) = &self.first
                && !text.get(place).is_some_and(|byte| first.has(*byte))
            {
                continue;
            }
            run.slots.fill(NOWHERE);
            run.frames.clear();
            match run.run(0, place, 0) {
                Ok(Some(_)) => return Some(run.groups()),
                Ok(None) => {}
                Err(Exhausted) => return None,
            }
        }
        None
    }

    /// All matches, one behind the other, at most so many.
    pub(crate) fn find_all(&self, text: &[u8], most: usize) -> Vec<Groups> {
        let mut found = Vec::new();
        let mut start = 0;
        while found.len() < most {
            let Some(groups) = self.find_at(text, start) else { break };
            let whole = groups.first().cloned().flatten().unwrap_or_default();
            start = if whole.is_empty() { whole.end + 1 } else { whole.end };
            found.push(groups);
            if start > text.len() {
                break;
            }
        }
        found
    }
}

impl Run<'_, '_> {
    fn groups(&self) -> Groups {
        let pairs = self.slots.chunks(2).take(self.program.groups);
        let group = |pair: &[usize]| match pair {
            [start, end] if *start != NOWHERE && *end != NOWHERE => Some(*start..*end),
            _ => None,
        };
        pairs.map(group).collect()
    }

    /// Runs from an instruction to its `Match`; the place where that is. `nested` counts how deep it calls itself, which
    /// the pattern's own depth bounds.
    fn run(&mut self, at: usize, place: usize, nested: usize) -> Result<Option<usize>, Exhausted> {
        let bottom = self.frames.len();
        let (mut at, mut place) = (at, place);
        loop {
            self.left = self.left.checked_sub(1).ok_or(Exhausted)?;
            let program = self.program;
            let Some(instruction) = program.instructions.get(at) else { return Ok(None) };
            let goes_on = match instruction {
                Instruction::Match => return Ok(Some(place)),
                Instruction::Byte(set) => {
                    let set = program.sets.get(*set);
                    let taken =
                        self.text.get(place).is_some_and(|byte| set.is_some_and(|set| set.has(*byte)));
                    at += 1;
                    place += 1;
                    taken
                }
                Instruction::Assert(assertion) => {
                    at += 1;
                    self.holds(*assertion, place)
                }
                Instruction::Split(first, second) => {
                    if self.frames.len() >= MOST_FRAMES {
                        return Err(Exhausted);
                    }
                    self.frames.push(Frame::Branch { at: *second, place });
                    at = *first;
                    true
                }
                Instruction::Jump(to) => {
                    at = *to;
                    true
                }
                Instruction::Save(slot) => {
                    self.save(*slot, place)?;
                    at += 1;
                    true
                }
                Instruction::Moved(slot) => {
                    at += 1;
                    self.slots.get(*slot) != Some(&place)
                }
                Instruction::Reference { group, ignore_case } => {
                    at += 1;
                    match self.repeated(*group, *ignore_case, place)? {
                        Some(end) => {
                            place = end;
                            true
                        }
                        None => false,
                    }
                }
                Instruction::Look { end, widths, is_negative } => {
                    let found = self.look(at + 1, widths.as_deref(), *is_negative, place, nested)?;
                    at = *end;
                    found != *is_negative
                }
                Instruction::Atomic { end } => {
                    let inside = self.isolated(at + 1, place, nested)?;
                    at = *end;
                    place = inside.unwrap_or(place);
                    inside.is_some()
                }
            };
            if !goes_on {
                match self.back(bottom) {
                    Some((branch, from)) => (at, place) = (branch, from),
                    None => return Ok(None),
                }
            }
        }
    }

    fn save(&mut self, slot: usize, place: usize) -> Result<(), Exhausted> {
        if self.frames.len() >= MOST_FRAMES {
            return Err(Exhausted);
        }
        if let Some(register) = self.slots.get_mut(slot) {
            let before = std::mem::replace(register, place);
            self.frames.push(Frame::Slot { slot, before });
        }
        Ok(())
    }

    /// The last branch that is left, registers as they were then.
    fn back(&mut self, bottom: usize) -> Option<(usize, usize)> {
        while self.frames.len() > bottom {
            match self.frames.pop()? {
                Frame::Branch { at, place } => return Some((at, place)),
                Frame::Slot { slot, before } => {
                    if let Some(register) = self.slots.get_mut(slot) {
                        *register = before;
                    }
                }
            }
        }
        None
    }

    /// Runs a part by itself: how it has matched is not tried again. Its registers can still be undone.
    fn isolated(&mut self, at: usize, place: usize, nested: usize) -> Result<Option<usize>, Exhausted> {
        let bottom = self.frames.len();
        let end = self.run(at, place, nested + 1)?;
        if end.is_some() {
            let kept: Vec<Frame> =
                self.frames.drain(bottom..).filter(|frame| matches!(frame, Frame::Slot { .. })).collect();
            self.frames.extend(kept);
        }
        Ok(end)
    }

    fn look(
        &mut self,
        at: usize,
        widths: Option<&[usize]>,
        is_negative: bool,
        place: usize,
        nested: usize,
    ) -> Result<bool, Exhausted> {
        let bottom = self.frames.len();
        let found = match widths {
            None => self.isolated(at, place, nested)?.is_some(),
            Some(widths) => {
                let mut found = false;
                for start in widths.iter().filter_map(|width| place.checked_sub(*width)) {
                    found = self.isolated(at, start, nested)? == Some(place);
                    if found {
                        break;
                    }
                    while self.back(bottom).is_some() {}
                }
                found
            }
        };
        // What a look that must fail has noted does not stay.
        if found && is_negative {
            while self.back(bottom).is_some() {}
        }
        Ok(found)
    }

    /// Where the text of a group ends that stands here again; a group that has not matched does not.
    fn repeated(
        &mut self,
        group: usize,
        ignore_case: bool,
        place: usize,
    ) -> Result<Option<usize>, Exhausted> {
        let slot = |index: usize| self.slots.get(index).copied().filter(|place| *place != NOWHERE);
        let (Some(start), Some(end)) = (slot(group * 2), slot(group * 2 + 1)) else { return Ok(None) };
        let wanted = self.text.get(start..end).unwrap_or_default();
        self.left = self.left.checked_sub(wanted.len()).ok_or(Exhausted)?;
        let Some(found) = self.text.get(place..place + wanted.len()) else { return Ok(None) };
        let same = if ignore_case { found.eq_ignore_ascii_case(wanted) } else { found == wanted };
        Ok(same.then_some(place + wanted.len()))
    }

    fn holds(&self, assertion: Assertion, place: usize) -> bool {
        let before = place.checked_sub(1).and_then(|at| self.text.get(at));
        let behind = self.text.get(place);
        let is_word =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        match assertion {
            Assertion::TextStart => place == 0,
            Assertion::LineStart => before.is_none_or(|byte| *byte == b'\n'),
            Assertion::TextEnd => behind.is_none(),
            Assertion::LastEnd => matches!(self.text.get(place..), Some([] | [b'\n'])),
            Assertion::LineEnd => behind.is_none_or(|byte| *byte == b'\n'),
            Assertion::Word => is_word(before) != is_word(behind),
            Assertion::NotWord => is_word(before) == is_word(behind),
        }
    }
}
