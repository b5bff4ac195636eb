//! The XML body as a tree, for XPath.

use super::xml::{Sink, scan};

/// Nodes in the document's order; the first is the document itself.
#[derive(Debug, Default)]
pub(crate) struct Dom {
    nodes: Vec<Node>,
    /// The URIs of namespaces; the first is that of none.
    uris: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Node {
    kind: Kind,
    parent: usize,
    name: Name,
    /// Of attributes and text.
    value: Vec<u8>,
    children: Vec<usize>,
    attributes: Vec<usize>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Document,
    Element,
    Attribute,
    Text,
}

/// A name of an element or attribute.
#[derive(Debug, Default)]
pub(crate) struct Name {
    pub(crate) prefix: Vec<u8>,
    pub(crate) local: Vec<u8>,
    /// The number of its namespace.
    uri: usize,
}

/// The most nodes of a document; what is beyond is not seen by expressions.
const MOST_NODES: usize = 100_000;

impl Dom {
    pub(crate) const ROOT: usize = 0;

    /// Reads a body whose elements stand at most `depth` deep.
    pub(crate) fn read(body: &[u8], depth: usize) -> Result<Dom, String> {
        let dom = Dom { nodes: vec![Node::default()], uris: vec![Vec::new()] };
        let mut builder = Builder { dom, open: vec![Dom::ROOT], scopes: Vec::new() };
        scan(body, depth, &mut builder)?;
        Ok(builder.dom)
    }

    pub(crate) fn parent(&self, node: usize) -> Option<usize> {
        self.nodes.get(node).filter(|_| node != Dom::ROOT).map(|node| node.parent)
    }

    pub(crate) fn children(&self, node: usize) -> &[usize] {
        self.nodes.get(node).map_or(&[], |node| &node.children)
    }

    pub(crate) fn attributes(&self, node: usize) -> &[usize] {
        self.nodes.get(node).map_or(&[], |node| &node.attributes)
    }

    /// The name of an element or attribute.
    pub(crate) fn name(&self, node: usize) -> Option<&Name> {
        let node = self.nodes.get(node)?;
        matches!(node.kind, Kind::Element | Kind::Attribute).then_some(&node.name)
    }

    pub(crate) fn uri(&self, name: &Name) -> &[u8] {
        self.uris.get(name.uri).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_text(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.kind == Kind::Text)
    }

    pub(crate) fn is_attribute(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.kind == Kind::Attribute)
    }

    /// The node, its parent, and so on.
    pub(crate) fn ancestors(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(node), |node| self.parent(*node))
    }

    /// The node and all nodes below, without attributes.
    pub(crate) fn descendants(&self, node: usize) -> impl Iterator<Item = usize> {
        (node..self.end(node)).filter(move |below| *below == node || !self.is_attribute(*below))
    }

    /// The node behind the last one below this node: numbers are in the document's order.
    fn end(&self, node: usize) -> usize {
        let mut last = node;
        while let Some(&below) = self.children(last).last().or_else(|| self.attributes(last).last()) {
            last = below;
        }
        last + 1
    }

    /// The children of the same parent in front and behind.
    pub(crate) fn siblings(&self, node: usize) -> (&[usize], &[usize]) {
        let all = self.parent(node).map_or(&[][..], |parent| self.children(parent));
        match all.binary_search(&node) {
            Ok(at) => (all.get(..at).unwrap_or_default(), all.get(at + 1..).unwrap_or_default()),
            Err(_) => (&[], &[]),
        }
    }

    /// All nodes that begin behind the end of this one.
    pub(crate) fn following(&self, node: usize) -> impl Iterator<Item = usize> {
        (self.end(node)..self.nodes.len()).filter(|behind| !self.is_attribute(*behind))
    }

    /// All nodes that end in front of this one, the nearest first.
    pub(crate) fn preceding(&self, node: usize) -> impl Iterator<Item = usize> {
        let is_over = move |before: &usize| self.end(*before) <= node && !self.is_attribute(*before);
        (1..node).rev().filter(is_over)
    }

    /// The value of an attribute, else all text in it.
    pub(crate) fn content(&self, node: usize) -> Vec<u8> {
        let Some(found) = self.nodes.get(node) else { return Vec::new() };
        match found.kind {
            Kind::Attribute | Kind::Text => found.value.clone(),
            Kind::Document | Kind::Element => {
                let below = self.nodes.get(node..self.end(node)).unwrap_or_default();
                let texts = below.iter().filter(|node| node.kind == Kind::Text);
                texts.flat_map(|node| node.value.iter().copied()).collect()
            }
        }
    }
}

struct Builder {
    dom: Dom,
    open: Vec<usize>,
    /// Depth, prefix and number of each namespace that holds.
    scopes: Vec<(usize, Vec<u8>, usize)>,
}

impl Builder {
    fn push(&mut self, kind: Kind, name: &[u8], value: &[u8]) -> Option<usize> {
        if self.dom.nodes.len() >= MOST_NODES {
            return None;
        }
        let parent = self.open.last().copied().unwrap_or(Dom::ROOT);
        let number = self.dom.nodes.len();
        let (prefix, local) = match memchr::memchr(b':', name) {
            Some(at) => (name.get(..at).unwrap_or_default(), name.get(at + 1..).unwrap_or_default()),
            None => (&[][..], name),
        };
        let name = Name { prefix: prefix.to_vec(), local: local.to_vec(), uri: 0 };
        self.dom.nodes.push(Node { kind, parent, name, value: value.to_vec(), ..Node::default() });
        let above = self.dom.nodes.get_mut(parent)?;
        match kind {
            Kind::Attribute => above.attributes.push(number),
            _ => above.children.push(number),
        }
        Some(number)
    }

    fn declare(&mut self, prefix: &[u8], uri: &[u8]) {
        let number = match self.dom.uris.iter().position(|known| known == uri) {
            Some(number) => number,
            None => {
                self.dom.uris.push(uri.to_vec());
                self.dom.uris.len() - 1
            }
        };
        self.scopes.push((self.open.len(), prefix.to_vec(), number));
    }

    fn resolve(&mut self, node: usize) {
        let Some(found) = self.dom.nodes.get_mut(node) else { return };
        // An attribute without prefix is in no namespace.
        if found.kind == Kind::Attribute && found.name.prefix.is_empty() {
            return;
        }
        let scope = self.scopes.iter().rev().find(|(_, prefix, _)| *prefix == found.name.prefix);
        found.name.uri = scope.map_or(0, |(.., number)| *number);
    }
}

/// The most declarations of namespaces that hold at once.
const MOST_SCOPES: usize = 256;

impl Sink for Builder {
    fn open(&mut self, name: &[u8]) {
        let number = self.push(Kind::Element, name, &[]);
        // Beyond the limit nodes are no longer told apart.
        self.open.push(number.unwrap_or(usize::MAX));
    }

    fn attribute(&mut self, name: &[u8], value: &[u8]) {
        match name.strip_prefix(b"xmlns") {
            Some([]) if self.scopes.len() < MOST_SCOPES => self.declare(&[], value),
            Some([b':', prefix @ ..]) if self.scopes.len() < MOST_SCOPES => self.declare(prefix, value),
            Some([] | [b':', ..]) => {}
            _ => {
                self.push(Kind::Attribute, name, value);
            }
        }
    }

    fn opened(&mut self) {
        let Some(&element) = self.open.last() else { return };
        self.resolve(element);
        for attribute in self.dom.attributes(element).to_vec() {
            self.resolve(attribute);
        }
    }

    fn close(&mut self) {
        self.open.pop();
        let depth = self.open.len();
        while self.scopes.last().is_some_and(|(at, ..)| *at > depth) {
            self.scopes.pop();
        }
    }

    fn text(&mut self, text: &[u8]) {
        let Some(&element) = self.open.last() else { return };
        let last = self.dom.children(element).last().copied().unwrap_or(0);
        match self.dom.nodes.get_mut(last) {
            Some(node) if node.kind == Kind::Text => node.value.extend_from_slice(text),
            _ if text.is_empty() || element == Dom::ROOT => {}
            _ => {
                self.push(Kind::Text, &[], text);
            }
        }
    }
}
