//! The transformations of all rules of a phase, as a tree: what two rules begin with alike is done once.

use crate::transformations::Transformation;
use portcullis_patterns::scanner::{Bits, Classes, set};

/// The tree. The first node is the value as it came.
#[derive(Debug)]
pub(super) struct Chains {
    pub(super) nodes: Vec<Node>,
    words: usize,
}

/// A value after some transformations.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: usize,
    /// `None` for the first.
    pub(super) transformation: Option<Transformation>,
    /// The bytes of which it needs one to change anything; `None` if it changes every text.
    pub(super) changes: Option<Classes>,
    /// The operators that see the value here.
    pub(super) ends: Bits,
    /// These, and those behind.
    pub(super) below: Bits,
}

impl Chains {
    pub(super) fn new(words: usize) -> Chains {
        let mut chains = Chains { nodes: Vec::new(), words };
        chains.push(0, None);
        chains
    }

    /// Puts an operator behind transformations, and with `is_multi` behind each; gives its last node.
    pub(super) fn add(
        &mut self,
        transformations: &[Transformation],
        is_multi: bool,
        operator: usize,
    ) -> usize {
        let mut node = 0;
        self.mark(node, operator, is_multi);
        for transformation in without_last_case(transformations) {
            node = self.child(node, transformation);
            self.mark(node, operator, is_multi);
        }
        if let Some(last) = self.nodes.get_mut(node) {
            set(&mut last.ends, operator);
        }
        node
    }

    fn mark(&mut self, node: usize, operator: usize, ends: bool) {
        if let Some(node) = self.nodes.get_mut(node) {
            set(&mut node.below, operator);
            if ends {
                set(&mut node.ends, operator);
            }
        }
    }

    fn child(&mut self, parent: usize, transformation: &Transformation) -> usize {
        let is_same =
            |node: &Node| node.parent == parent && node.transformation.as_ref() == Some(transformation);
        match self.nodes.iter().position(is_same) {
            Some(node) => node,
            None => self.push(parent, Some(*transformation)),
        }
    }

    fn push(&mut self, parent: usize, transformation: Option<Transformation>) -> usize {
        self.nodes.push(Node {
            parent,
            transformation,
            changes: transformation.map_or(Some(Classes::NONE), |transformation| transformation.changes()),
            ends: vec![0; self.words],
            below: vec![0; self.words],
        });
        self.nodes.len() - 1
    }

    /// Lets nodes that only change the case of letters change nothing, where nobody behind them sees it.
    pub(super) fn finish(&mut self) {
        let mut sees_case = vec![false; self.nodes.len()];
        for at in (0..self.nodes.len()).rev() {
            let Some(node) = self.nodes.get_mut(at) else { continue };
            if !sees_case.get(at).copied().unwrap_or(true) {
                node.changes = node.changes.map(|changes| changes.without(Classes::UPPER));
            }
            let sees = !node.transformation.is_none_or(|transformation| transformation.ignores_case());
            let seen = sees || sees_case.get(at).copied().unwrap_or(true);
            if let Some(parent) = sees_case.get_mut(node.parent).filter(|_| node.parent != at) {
                *parent |= seen;
            }
        }
    }
}

/// Scans take no notice of the case of letters, so a last change of case is none.
fn without_last_case(mut transformations: &[Transformation]) -> &[Transformation] {
    while let [rest @ .., last] = transformations
        && last.is_case()
    {
        transformations = rest;
    }
    transformations
}
