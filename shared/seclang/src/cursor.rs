//! A reading position in a text that cannot run over its end.

pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Steps over this character if it comes next.
    pub(crate) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    pub(crate) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// [`Cursor::take_while`] for a condition that remembers what it has seen.
    pub(crate) fn take_while_with(&mut self, mut keep: impl FnMut(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !keep(c)).unwrap_or(rest.len());
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.take_while(|c| c.is_ascii_whitespace());
    }

    /// Reads to the next `quote` that has no backslash in front, and over it; `\` and the quote give the quote, any
    /// other pair stays as it is. `None` if the quote does not come.
    pub(crate) fn quoted(&mut self, quote: char) -> Option<String> {
        match self.quoted_or_rest(quote) {
            (text, true) => Some(text),
            _ => None,
        }
    }

    /// [`Cursor::quoted`], or all that is left if the quote does not come; and whether it came.
    pub(crate) fn quoted_or_rest(&mut self, quote: char) -> (String, bool) {
        let mut out = String::new();
        while let Some(c) = self.bump() {
            match c {
                c if c == quote => return (out, true),
                '\\' => match self.bump() {
                    Some(c) if c == quote => out.push(c),
                    Some(c) => out.extend(['\\', c]),
                    None => out.push('\\'),
                },
                c => out.push(c),
            }
        }
        (out, false)
    }
}
