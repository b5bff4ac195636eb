//! From PCRE's notation to a tree.

mod class;

use super::{Flags, Set};

/// How deep groups may stand within one another.
const DEPTH: usize = 64;
/// The most repetitions that a number may ask for.
const MOST_REPETITIONS: usize = 1_000;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Set(Set),
    Assert(Assertion),
    /// A group that is kept under its number.
    Capture(usize, Box<Node>),
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: usize,
        most: Option<usize>,
        greed: Greed,
    },
    Look {
        node: Box<Node>,
        is_behind: bool,
        is_negative: bool,
    },
    Atomic(Box<Node>),
    Reference {
        group: usize,
        ignore_case: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assertion {
    /// `\A`, or `^` without lines.
    TextStart,
    LineStart,
    /// `\z`.
    TextEnd,
    /// `\Z`, or `$` without lines: a line end may follow.
    LastEnd,
    LineEnd,
    Word,
    NotWord,
}

/// The tree, and the number of groups with the whole match.
pub(super) fn parse(pattern: &str, flags: Flags) -> Result<(Node, usize), String> {
    let mut parser = Parser { rest: pattern.as_bytes(), flags, groups: 1, names: Vec::new(), depth: 0 };
    let node = parser.choice()?;
    match parser.rest {
        [] => Ok((node, parser.groups)),
        _ => Err("unopened group".to_owned()),
    }
}

struct Parser<'p> {
    rest: &'p [u8],
    flags: Flags,
    groups: usize,
    names: Vec<(Vec<u8>, usize)>,
    depth: usize,
}

impl<'p> Parser<'p> {
    fn eat(&mut self, text: &[u8]) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn choice(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("groups nest too deeply".to_owned());
        }
        let flags = self.flags;
        let mut branches = vec![self.sequence()?];
        while self.eat(b"|") {
            branches.push(self.sequence()?);
        }
        self.flags = flags;
        self.depth -= 1;
        Ok(match (branches.len(), branches.pop()) {
            (1, Some(only)) => only,
            (_, last) => Node::Choice(branches.into_iter().chain(last).collect()),
        })
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while !matches!(self.rest, [] | [b'|' | b')', ..]) {
            if self.flags.extended && self.skip_blank() {
                continue;
            }
            if let Some(node) = self.atom()? {
                let node = self.repetition(node)?;
                nodes.push(node);
            }
        }
        Ok(Node::Sequence(nodes))
    }

    fn skip_blank(&mut self) -> bool {
        match self.rest {
            [byte, rest @ ..] if byte.is_ascii_whitespace() => self.rest = rest,
            [b'#', ..] => {
                let end = self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len());
                self.rest = self.rest.get(end..).unwrap_or_default();
            }
            _ => return false,
        }
        true
    }

    /// `None` for what is no part of the pattern: comments and flags.
    fn atom(&mut self) -> Result<Option<Node>, String> {
        let lines = self.flags.multi_line;
        Ok(Some(match self.next() {
            Some(b'(') => return self.group(),
            Some(b'[') => self.class()?,
            Some(b'.') if self.flags.dot_all => Node::Set(Set::EMPTY.inverted()),
            Some(b'.') => Node::Set(Set::of([b'\n']).inverted()),
            Some(b'^') => Node::Assert(if lines { Assertion::LineStart } else { Assertion::TextStart }),
            Some(b'$') => Node::Assert(if lines { Assertion::LineEnd } else { Assertion::LastEnd }),
            Some(b'\\') => return self.escape(),
            Some(b'*' | b'+' | b'?') => return Err("nothing to repeat".to_owned()),
            Some(byte) => self.literal(Set::of([byte])),
            None => return Ok(None),
        }))
    }

    fn literal(&self, set: Set) -> Node {
        Node::Set(if self.flags.ignore_case { set.folded() } else { set })
    }

    fn group(&mut self) -> Result<Option<Node>, String> {
        if self.eat(b"?#") {
            let end = self.rest.iter().position(|byte| *byte == b')').ok_or("a comment does not end")?;
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            return Ok(None);
        }
        if self.rest.starts_with(b"*") {
            return Err("backtracking verbs are not supported".to_owned());
        }
        let look = |is_behind, is_negative| move |node| Node::Look { node, is_behind, is_negative };
        let node = if self.eat(b"?=") {
            self.inner(look(false, false))?
        } else if self.eat(b"?!") {
            self.inner(look(false, true))?
        } else if self.eat(b"?<=") {
            self.inner(look(true, false))?
        } else if self.eat(b"?<!") {
            self.inner(look(true, true))?
        } else if self.eat(b"?>") {
            self.inner(Node::Atomic)?
        } else if self.eat(b"?P<") || self.eat(b"?<") {
            self.named(b'>')?
        } else if self.eat(b"?'") {
            self.named(b'\'')?
        } else if self.eat(b"?") {
            return self.with_flags();
        } else {
            self.captured()?
        };
        Ok(Some(node))
    }

    fn inner(&mut self, make: impl FnOnce(Box<Node>) -> Node) -> Result<Node, String> {
        let node = self.choice()?;
        match self.eat(b")") {
            true => Ok(make(Box::new(node))),
            false => Err("unclosed group".to_owned()),
        }
    }

    fn captured(&mut self) -> Result<Node, String> {
        let number = self.groups;
        self.groups += 1;
        self.inner(|node| Node::Capture(number, node))
    }

    fn named(&mut self, end: u8) -> Result<Node, String> {
        let name = self.name(end)?;
        self.names.push((name, self.groups));
        self.captured()
    }

    fn name(&mut self, end: u8) -> Result<Vec<u8>, String> {
        let length = self.rest.iter().position(|byte| *byte == end).ok_or("a name does not end")?;
        let (name, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest.get(1..).unwrap_or_default();
        match name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            true => Err("a name of a group is none".to_owned()),
            false => Ok(name.to_vec()),
        }
    }

    /// `(?i)`, `(?i-s:...)`, `(?:...)`.
    fn with_flags(&mut self) -> Result<Option<Node>, String> {
        let mut flags = self.flags;
        let mut on = true;
        loop {
            match self.next() {
                Some(b'-') => on = false,
                Some(b'i') => flags.ignore_case = on,
                Some(b'm') => flags.multi_line = on,
                Some(b's') => flags.dot_all = on,
                Some(b'x') => flags.extended = on,
                Some(b')') => {
                    self.flags = flags;
                    return Ok(None);
                }
                Some(b':') => {
                    let before = std::mem::replace(&mut self.flags, flags);
                    let node = self.inner(|node| *node);
                    self.flags = before;
                    return node.map(Some);
                }
                _ => return Err("a conditional or recursive group is not supported".to_owned()),
            }
        }
    }

    fn repetition(&mut self, node: Node) -> Result<Node, String> {
        if self.flags.extended {
            while self.skip_blank() {}
        }
        let (least, most) = match self.rest {
            [b'*', rest @ ..] => {
                self.rest = rest;
                (0, None)
            }
            [b'+', rest @ ..] => {
                self.rest = rest;
                (1, None)
            }
            [b'?', rest @ ..] => {
                self.rest = rest;
                (0, Some(1))
            }
            [b'{', ..] => match self.counts()? {
                Some(counts) => counts,
                None => return Ok(node),
            },
            _ => return Ok(node),
        };
        let greed = match (self.eat(b"?"), self.rest.first()) {
            (true, _) => Greed::Lazy,
            (false, Some(b'+')) => {
                self.next();
                Greed::Possessive
            }
            _ => Greed::Greedy,
        };
        self.repetition(Node::Repeat { node: Box::new(node), least, most, greed })
    }

    /// `{n}`, `{n,}`, `{n,m}`; anything else is a sign.
    fn counts(&mut self) -> Result<Option<(usize, Option<usize>)>, String> {
        let Some(end) = self.rest.iter().position(|byte| *byte == b'}') else { return Ok(None) };
        let inside = self.rest.get(1..end).unwrap_or_default();
        let mut parts = inside.splitn(2, |byte| *byte == b',');
        let digits = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<usize>().ok();
        let Some(least) = parts.next().and_then(digits) else { return Ok(None) };
        let most = match parts.next() {
            None => Some(least),
            Some([]) => None,
            Some(text) => match digits(text) {
                Some(most) => Some(most),
                None => return Ok(None),
            },
        };
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        match least.max(most.unwrap_or(least)) > MOST_REPETITIONS || most.is_some_and(|most| most < least) {
            true => Err("a repetition's numbers are none".to_owned()),
            false => Ok(Some((least, most))),
        }
    }

    fn escape(&mut self) -> Result<Option<Node>, String> {
        let assertion = match self.rest.first() {
            Some(b'A') => Some(Assertion::TextStart),
            Some(b'z') => Some(Assertion::TextEnd),
            Some(b'Z') => Some(Assertion::LastEnd),
            Some(b'b') => Some(Assertion::Word),
            Some(b'B') => Some(Assertion::NotWord),
            _ => None,
        };
        if let Some(assertion) = assertion {
            self.next();
            return Ok(Some(Node::Assert(assertion)));
        }
        if let Some(group) = self.reference()? {
            return Ok(Some(Node::Reference { group, ignore_case: self.flags.ignore_case }));
        }
        if self.eat(b"Q") {
            return Ok(Some(self.quoted()));
        }
        match self.rest.first() {
            Some(b'E') => {
                self.next();
                return Ok(None);
            }
            Some(b'R') => {
                self.next();
                let ends = Set::of([b'\n', 0x0b, 0x0c, b'\r', 0x85]);
                let pair = Node::Sequence(vec![Node::Set(Set::of(*b"\r")), Node::Set(Set::of(*b"\n"))]);
                return Ok(Some(Node::Atomic(Box::new(Node::Choice(vec![pair, Node::Set(ends)])))));
            }
            _ => {}
        }
        let set = self.escaped()?;
        Ok(Some(self.literal(set)))
    }

    fn quoted(&mut self) -> Node {
        let end = self.rest.windows(2).position(|pair| pair == b"\\E").unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest.get(2..).unwrap_or_default();
        Node::Sequence(text.iter().map(|byte| self.literal(Set::of([*byte]))).collect())
    }

    /// `\1`, `\g1`, `\g{1}`, `\g{-1}`, `\k<name>` and its like.
    fn reference(&mut self) -> Result<Option<usize>, String> {
        let group = match self.rest {
            [b'1'..=b'9', ..] if !self.is_octal() => {
                let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let (digits, rest) = self.rest.split_at_checked(length).unwrap_or_default();
                self.rest = rest;
                number(digits)
            }
            [b'g', b'{', rest @ ..] => {
                self.rest = rest;
                let end = rest.iter().position(|byte| *byte == b'}').ok_or("a reference does not end")?;
                let (text, rest) = rest.split_at_checked(end).unwrap_or_default();
                self.rest = rest.get(1..).unwrap_or_default();
                match text.strip_prefix(b"-") {
                    Some(back) => number(back).and_then(|back| self.groups.checked_sub(back)),
                    None => number(text).or_else(|| self.named_group(text)),
                }
            }
            [b'g', digit @ b'1'..=b'9', rest @ ..] => {
                self.rest = rest;
                Some(usize::from(digit - b'0'))
            }
            [b'k', open @ (b'<' | b'{' | b'\''), rest @ ..] => {
                self.rest = rest;
                let name = self.name(if *open == b'<' {
                    b'>'
                } else if *open == b'{' {
                    b'}'
                } else {
                    b'\''
                })?;
                self.named_group(&name)
            }
            _ => return Ok(None),
        };
        match group.filter(|group| (1..self.groups).contains(group)) {
            Some(group) => Ok(Some(group)),
            None => Err("a reference to a group that is not there".to_owned()),
        }
    }

    fn named_group(&self, name: &[u8]) -> Option<usize> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, group)| *group)
    }

    fn is_octal(&self) -> bool {
        matches!(self.rest, [b'1'..=b'3', b'0'..=b'7', b'0'..=b'7', ..])
    }

    /// The bytes that an escape means; the backslash is gone.
    fn escaped(&mut self) -> Result<Set, String> {
        let one = |byte: u8| Ok(Set::of([byte]));
        let digits = || Set::of(b'0'..=b'9');
        let word = || Set::of((0..=255u8).filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'));
        let space = || Set::of([9, 10, 11, 12, 13, 32]);
        match self.next() {
            Some(b'd') => Ok(digits()),
            Some(b'D') => Ok(digits().inverted()),
            Some(b'w') => Ok(word()),
            Some(b'W') => Ok(word().inverted()),
            Some(b's') => Ok(space()),
            Some(b'S') => Ok(space().inverted()),
            Some(b'h') => Ok(Set::of([9, 32, 0xa0])),
            Some(b'H') => Ok(Set::of([9, 32, 0xa0]).inverted()),
            Some(b'v') => Ok(Set::of([10, 11, 12, 13, 0x85])),
            Some(b'V') => Ok(Set::of([10, 11, 12, 13, 0x85]).inverted()),
            Some(b'N') => Ok(Set::of([b'\n']).inverted()),
            Some(b'a') => one(7),
            Some(b'e') => one(27),
            Some(b'f') => one(12),
            Some(b'n') => one(10),
            Some(b'r') => one(13),
            Some(b't') => one(9),
            Some(b'x') => one(self.hex()?),
            Some(b'c') => {
                let letter = self.next().ok_or("it ends in `\\c`")?;
                one(letter.to_ascii_uppercase() ^ 0x40)
            }
            Some(digit @ b'0'..=b'7') => {
                let more = self.rest.iter().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                let (text, rest) = self.rest.split_at_checked(more).unwrap_or_default();
                self.rest = rest;
                one(text.iter().fold(digit - b'0', |value, digit| value.wrapping_shl(3) | (digit & 7)))
            }
            Some(byte) if byte.is_ascii_alphanumeric() => {
                Err(format!("unknown escape `\\{}`", char::from(byte)))
            }
            Some(byte) => one(byte),
            None => Err("it ends in a backslash".to_owned()),
        }
    }

    fn hex(&mut self) -> Result<u8, String> {
        let (text, length) = match self.rest {
            [b'{', inside @ ..] => {
                let end = inside.iter().position(|byte| *byte == b'}').ok_or("a `\\x{}` does not end")?;
                (inside.get(..end).unwrap_or_default(), end + 2)
            }
            rest => {
                let length = rest.iter().take(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
                (rest.get(..length).unwrap_or_default(), length)
            }
        };
        self.rest = self.rest.get(length..).unwrap_or_default();
        let digits = std::str::from_utf8(text).unwrap_or_default();
        match digits {
            "" => Ok(0),
            digits => u8::from_str_radix(digits, 16).map_err(|_| "a `\\x{}` that is not a byte".to_owned()),
        }
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
