//! From a tree to instructions.

use super::parse::{Assertion, Greed, Node};
use super::{Program, Set};

/// The most instructions of a pattern.
const MOST_INSTRUCTIONS: usize = 20_000;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Instruction {
    /// Takes one byte of the set of this number.
    Byte(usize),
    Assert(Assertion),
    /// Goes on at the first; if that fails, at the second.
    Split(usize, usize),
    Jump(usize),
    /// Notes the place.
    Save(usize),
    /// Fails where a loop has come round without taking a byte: the register has the place of its begin.
    Moved(usize),
    Reference {
        group: usize,
        ignore_case: bool,
    },
    /// What stands behind this instruction up to `end` is tried by itself; `widths` are the lengths of a look-behind.
    Look {
        end: usize,
        widths: Option<Vec<usize>>,
        is_negative: bool,
    },
    Atomic {
        end: usize,
    },
    Match,
}

pub(super) fn compile(pattern: &str, node: &Node, groups: usize) -> Result<Program, String> {
    let mut compiler = Compiler { instructions: Vec::new(), sets: Vec::new(), slots: groups * 2 };
    compiler.push(Instruction::Save(0))?;
    compiler.node(node)?;
    compiler.push(Instruction::Save(1))?;
    compiler.push(Instruction::Match)?;
    let Compiler { instructions, sets, slots } = compiler;
    let mut program = Program { source: pattern.to_owned(), instructions, sets, groups, slots, first: None };
    program.first = first(&program);
    Ok(program)
}

struct Compiler {
    instructions: Vec<Instruction>,
    sets: Vec<Set>,
    slots: usize,
}

impl Compiler {
    fn push(&mut self, instruction: Instruction) -> Result<usize, String> {
        if self.instructions.len() >= MOST_INSTRUCTIONS {
            return Err("it is too large".to_owned());
        }
        self.instructions.push(instruction);
        Ok(self.instructions.len() - 1)
    }

    fn here(&self) -> usize {
        self.instructions.len()
    }

    fn set(&mut self, at: usize, instruction: Instruction) {
        if let Some(place) = self.instructions.get_mut(at) {
            *place = instruction;
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
        match node {
            Node::Set(set) => {
                let number = self.sets.iter().position(|known| known == set).unwrap_or_else(|| {
                    self.sets.push(set.clone());
                    self.sets.len() - 1
                });
                self.push(Instruction::Byte(number))?;
            }
            Node::Assert(assertion) => {
                self.push(Instruction::Assert(*assertion))?;
            }
            Node::Capture(number, inner) => {
                self.push(Instruction::Save(number * 2))?;
                self.node(inner)?;
                self.push(Instruction::Save(number * 2 + 1))?;
            }
            Node::Sequence(nodes) => nodes.iter().try_for_each(|node| self.node(node))?,
            Node::Choice(branches) => self.choice(branches)?,
            Node::Repeat { node, least, most, greed: Greed::Possessive } => {
                let (node, least, most) = (node.clone(), *least, *most);
                self.atomic(&Node::Repeat { node, least, most, greed: Greed::Greedy })?;
            }
            Node::Repeat { node, least, most, greed } => self.repeat(node, *least, *most, *greed)?,
            Node::Look { node, is_behind, is_negative } => {
                let widths = if *is_behind { Some(widths(node)?) } else { None };
                self.isolated(node, |end| Instruction::Look { end, widths, is_negative: *is_negative })?;
            }
            Node::Atomic(inner) => self.atomic(inner)?,
            Node::Reference { group, ignore_case } => {
                self.push(Instruction::Reference { group: *group, ignore_case: *ignore_case })?;
            }
        }
        Ok(())
    }

    fn atomic(&mut self, node: &Node) -> Result<(), String> {
        self.isolated(node, |end| Instruction::Atomic { end })
    }

    fn isolated(&mut self, node: &Node, make: impl FnOnce(usize) -> Instruction) -> Result<(), String> {
        let at = self.push(Instruction::Match)?;
        self.node(node)?;
        let end = self.push(Instruction::Match)? + 1;
        self.set(at, make(end));
        Ok(())
    }

    fn choice(&mut self, branches: &[Node]) -> Result<(), String> {
        let mut jumps = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.node(branch)?;
                break;
            }
            let split = self.push(Instruction::Match)?;
            self.node(branch)?;
            jumps.push(self.push(Instruction::Match)?);
            self.set(split, Instruction::Split(split + 1, self.here()));
        }
        let end = self.here();
        jumps.into_iter().for_each(|jump| self.set(jump, Instruction::Jump(end)));
        Ok(())
    }

    fn repeat(&mut self, node: &Node, least: usize, most: Option<usize>, greed: Greed) -> Result<(), String> {
        for _ in 0..least {
            self.node(node)?;
        }
        let split = |inside, outside| match greed {
            Greed::Lazy => Instruction::Split(outside, inside),
            _ => Instruction::Split(inside, outside),
        };
        match most {
            None => {
                let slot = self.slots;
                self.slots += 1;
                let at = self.push(Instruction::Match)?;
                self.push(Instruction::Save(slot))?;
                self.node(node)?;
                self.push(Instruction::Moved(slot))?;
                self.push(Instruction::Jump(at))?;
                self.set(at, split(at + 1, self.here()));
            }
            Some(most) => {
                let mut splits = Vec::new();
                for _ in least..most {
                    splits.push(self.push(Instruction::Match)?);
                    self.node(node)?;
                }
                let end = self.here();
                splits.into_iter().for_each(|at| self.set(at, split(at + 1, end)));
            }
        }
        Ok(())
    }
}

/// The lengths of what a look-behind can be; PCRE wants that each branch has one.
fn widths(node: &Node) -> Result<Vec<usize>, String> {
    let fault = || "a look-behind without fixed length".to_owned();
    let mut all = match node {
        Node::Choice(branches) => {
            branches.iter().map(|branch| width(branch).ok_or_else(fault)).collect::<Result<Vec<_>, _>>()?
        }
        Node::Sequence(nodes) => match nodes.as_slice() {
            [only] => widths(only)?,
            _ => vec![width(node).ok_or_else(fault)?],
        },
        Node::Capture(_, inner) | Node::Atomic(inner) => widths(inner)?,
        node => vec![width(node).ok_or_else(fault)?],
    };
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn width(node: &Node) -> Option<usize> {
    match node {
        Node::Set(_) => Some(1),
        Node::Assert(_) | Node::Look { .. } => Some(0),
        Node::Capture(_, inner) | Node::Atomic(inner) => width(inner),
        Node::Sequence(nodes) => nodes.iter().map(width).sum(),
        Node::Choice(branches) => {
            let mut widths = branches.iter().map(width);
            let first = widths.next()??;
            widths.all(|width| width == Some(first)).then_some(first)
        }
        Node::Repeat { node, least, most, .. } => {
            (*most == Some(*least)).then(|| width(node))?.map(|w| w * least)
        }
        Node::Reference { .. } => None,
    }
}

/// The bytes with which a match can begin. What only looks is stepped over: it takes none.
fn first(program: &Program) -> Option<Set> {
    let mut set = Set::EMPTY;
    let mut seen = vec![false; program.instructions.len()];
    let mut todo = vec![0];
    while let Some(at) = todo.pop() {
        if std::mem::replace(seen.get_mut(at)?, true) {
            continue;
        }
        match program.instructions.get(at)? {
            Instruction::Byte(number) => set.unite(program.sets.get(*number)?),
            Instruction::Split(first, second) => todo.extend([*first, *second]),
            Instruction::Jump(to) => todo.push(*to),
            Instruction::Look { end, .. } => todo.push(*end),
            Instruction::Save(_) | Instruction::Moved(_) | Instruction::Assert(_) => todo.push(at + 1),
            Instruction::Atomic { .. } | Instruction::Reference { .. } | Instruction::Match => return None,
        }
    }
    Some(set)
}
