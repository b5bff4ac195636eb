//! Template text to tokens.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text to put out as it is.
    Text,
    /// `{{`, `{{-`.
    ExpressionOpen,
    /// `}}`, `-}}`.
    ExpressionClose,
    /// `{%`, `{%-`, `{%+`.
    StatementOpen,
    /// `%}`, `-%}`.
    StatementClose,
    /// `##` at the start of a line.
    LineOpen,
    /// The end of that line.
    LineClose,
    /// `{#`, `{#-`.
    CommentOpen,
    /// The whole comment.
    CommentClose,
    /// A name or a word.
    Id,
    /// A JSON number, not checked.
    Number,
    /// A JSON string, not checked.
    String,
    /// An operator or bracket of these bytes.
    Sign(&'static str),
    /// A byte that means nothing.
    Unknown,
    /// The end of the template.
    End,
}

/// A token and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    pub(crate) fn is(&self, sign: &str) -> bool {
        matches!(self.kind, Kind::Sign(found) if found == sign)
    }
}

/// Cuts a template into tokens.
#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    state: State,
    minus: Minus,
    /// Where the last token begins: the place of errors.
    pub(crate) last: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// In front of an opening sign: its kind, where it stands, its length.
    Open(Kind, usize, usize),
    /// Within a body that ends with this close, or this trimming close.
    Body(Body),
    Comment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Expression,
    Statement,
    Line,
}

/// What a minus means at this point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Minus {
    Operator,
    Number,
}

/// Longer signs in front of those that they begin with.
const SIGNS: [&str; 22] = [
    ">=", "<=", "==", "!=", ">", "<", "=", "+", "-", "*", "/", "^", "%", ".", ",", ":", "(", ")", "[", "]",
    "{", "}",
];

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str) -> Lexer<'a> {
        let at = if source.starts_with('\u{feff}') { 3 } else { 0 };
        Lexer { source: source.as_bytes(), at, state: State::Text, minus: Minus::Number, last: at }
    }

    pub(crate) fn next(&mut self) -> Token {
        let token = loop {
            self.last = self.at;
            if self.at >= self.source.len() {
                break self.token(Kind::End, self.at);
            }
            match self.state {
                State::Text => {
                    if let Some(text) = self.text() {
                        break text;
                    }
                }
                State::Open(kind, open, length) => {
                    self.at = open;
                    self.state = match kind {
                        Kind::ExpressionOpen => State::Body(Body::Expression),
                        Kind::StatementOpen => State::Body(Body::Statement),
                        Kind::LineOpen => State::Body(Body::Line),
                        _ => State::Comment,
                    };
                    self.minus = Minus::Number;
                    break self.token(kind, self.at + length);
                }
                State::Body(body) => break self.body(body),
                State::Comment => break self.comment(),
            }
        };
        self.at = token.end;
        self.last = token.start;
        self.after(token);
        token
    }

    fn token(&self, kind: Kind, end: usize) -> Token {
        Token { kind, start: self.at, end }
    }

    fn rest(&self, from: usize) -> &'a [u8] {
        self.source.get(from..).unwrap_or_default()
    }

    /// Text up to the next opening sign; `None` if there is none to put out.
    fn text(&mut self) -> Option<Token> {
        let mut open = self.at;
        let (kind, length) = loop {
            let Some(step) = self.rest(open).iter().position(|byte| matches!(byte, b'{' | b'#')) else {
                return Some(self.token(Kind::Text, self.source.len()));
            };
            open += step;
            match self.opening(open) {
                Some(found) => break found,
                None => open += 1,
            }
        };
        let text = self.source.get(self.at..open).unwrap_or_default();
        // A sign with a minus takes the blanks in front of it, if the line has nothing else.
        let kept = match self.rest(open).get(2) {
            Some(b'-') if length == 3 => without_blank_line(text),
            _ => text.len(),
        };
        let token = self.token(Kind::Text, self.at + kept);
        self.state = State::Open(kind, open, length);
        self.at = open;
        (kept > 0).then_some(token)
    }

    fn opening(&self, at: usize) -> Option<(Kind, usize)> {
        let rest = self.rest(at);
        let (kind, plus) = match rest.get(..2)? {
            b"{{" => (Kind::ExpressionOpen, false),
            b"{%" => (Kind::StatementOpen, true),
            b"{#" => (Kind::CommentOpen, false),
            b"##" if at == 0 || self.source.get(at.wrapping_sub(1)) == Some(&b'\n') => {
                return Some((Kind::LineOpen, 2));
            }
            _ => return None,
        };
        match rest.get(2) {
            Some(b'-') => Some((kind, 3)),
            Some(b'+') if plus => Some((kind, 3)),
            _ => Some((kind, 2)),
        }
    }

    fn comment(&mut self) -> Token {
        let Some(length) = find(self.rest(self.at), b"#}") else {
            return Token { kind: Kind::End, start: self.at, end: self.source.len() };
        };
        self.state = State::Text;
        self.token(Kind::CommentClose, self.at + length + 2)
    }

    fn body(&mut self, body: Body) -> Token {
        loop {
            if let Some(close) = self.close(body) {
                self.state = State::Text;
                return close;
            }
            match self.rest(self.at).first() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(byte) => return self.inner(*byte),
                None => return self.token(Kind::End, self.at),
            }
        }
    }

    fn close(&self, body: Body) -> Option<Token> {
        let rest = self.rest(self.at);
        let (kind, plain, trimming) = match body {
            Body::Expression => (Kind::ExpressionClose, &b"}}"[..], &b"-}}"[..]),
            Body::Statement => (Kind::StatementClose, &b"%}"[..], &b"-%}"[..]),
            Body::Line => return rest.starts_with(b"\n").then(|| self.token(Kind::LineClose, self.at + 1)),
        };
        let close = [trimming, plain].into_iter().find(|close| rest.starts_with(close))?;
        Some(self.token(kind, self.at + close.len()))
    }

    fn inner(&mut self, first: u8) -> Token {
        match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'@' | b'$' => self.run(Kind::Id, is_name),
            b'0'..=b'9' => self.number(),
            b'-' if self.minus == Minus::Number => self.number(),
            b'"' => self.string(),
            _ => {
                let rest = self.rest(self.at);
                match SIGNS.into_iter().find(|sign| rest.starts_with(sign.as_bytes())) {
                    Some(sign) => self.token(Kind::Sign(sign), self.at + sign.len()),
                    None => self.token(Kind::Unknown, self.at + 1),
                }
            }
        }
    }

    fn run(&self, kind: Kind, belongs: impl Fn(u8) -> bool) -> Token {
        let rest = self.rest(self.at + 1);
        let length = rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len());
        self.token(kind, self.at + 1 + length)
    }

    fn number(&self) -> Token {
        let mut end = self.at + 1;
        while let Some(&byte) = self.source.get(end) {
            let exponent = matches!(self.source.get(end - 1), Some(b'e' | b'E'));
            let belongs =
                matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E') || (exponent && matches!(byte, b'+' | b'-'));
            if !belongs {
                break;
            }
            end += 1;
        }
        self.token(Kind::Number, end)
    }

    /// Up to a quote that has no backslash before it. In this dialect a quote behind two backslashes does not end the
    /// string either.
    fn string(&self) -> Token {
        let mut before = b'"';
        for (offset, &byte) in self.rest(self.at).iter().enumerate().skip(1) {
            if byte == b'"' && before != b'\\' {
                return self.token(Kind::String, self.at + offset + 1);
            }
            before = byte;
        }
        self.token(Kind::String, self.source.len())
    }

    /// What a token means for those that follow it.
    fn after(&mut self, token: Token) {
        let text = self.source.get(token.start..token.end).unwrap_or_default();
        match token.kind {
            Kind::ExpressionClose | Kind::StatementClose if text.starts_with(b"-") => self.skip(b" \t\r\n"),
            Kind::CommentClose if text.ends_with(b"-#}") => {
                self.skip(b" \t");
                self.skip_line_end();
            }
            Kind::Id | Kind::Number | Kind::Sign(")" | "]" | "}") => self.minus = Minus::Operator,
            _ => self.minus = Minus::Number,
        }
    }

    fn skip(&mut self, blanks: &[u8]) {
        let rest = self.rest(self.at);
        self.at += rest.iter().position(|byte| !blanks.contains(byte)).unwrap_or(rest.len());
    }

    fn skip_line_end(&mut self) {
        let rest = self.rest(self.at);
        self.at += match rest {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'_' | b'-' | b'~')
}

/// The length of a text without the blanks of its last line, if that line is blank.
fn without_blank_line(text: &[u8]) -> usize {
    let blanks = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let kept = text.len() - blanks;
    match kept.checked_sub(1).and_then(|last| text.get(last)) {
        None | Some(b'\n' | b'\r') => kept,
        Some(_) => text.len(),
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
