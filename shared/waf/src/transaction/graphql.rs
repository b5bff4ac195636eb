//! GraphQL documents (specification of October 2021, section 2) as arguments: fields as `graphql.user.name`, their
//! arguments as `graphql.user.id`, members of objects and lists as in JSON.

use super::data::Pair;

/// The arguments in order, and what is wrong with the document, if anything. What stands before the fault is there.
pub(super) fn arguments(text: &[u8], depth: usize, most: usize) -> (Vec<Pair>, Result<(), String>) {
    let mut reader = Reader { rest: text, depth, most, out: Vec::new() };
    let outcome = reader.document();
    (reader.out, outcome)
}

struct Reader<'t> {
    rest: &'t [u8],
    /// How much deeper braces may still go.
    depth: usize,
    most: usize,
    out: Vec<Pair>,
}

type Outcome = Result<(), String>;

impl<'t> Reader<'t> {
    /// Steps over what does not count: blanks, commas, comments, a byte order mark.
    fn skip(&mut self) {
        loop {
            self.rest = match self.rest {
                [b' ' | b'\t' | b'\r' | b'\n' | b',', rest @ ..] | [0xef, 0xbb, 0xbf, rest @ ..] => rest,
                [b'#', rest @ ..] => {
                    let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                    rest.get(end..).unwrap_or_default()
                }
                _ => return,
            };
        }
    }

    fn eat(&mut self, sign: &[u8]) -> bool {
        self.skip();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, sign: &str) -> Outcome {
        match self.eat(sign.as_bytes()) {
            true => Ok(()),
            false => Err(format!("expected `{sign}`")),
        }
    }

    fn name(&mut self) -> Option<&'t [u8]> {
        self.skip();
        let length =
            self.rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let (name, rest) = self.rest.split_at_checked(length)?;
        let is_name = name.first().is_some_and(|byte| !byte.is_ascii_digit());
        is_name.then(|| {
            self.rest = rest;
            name
        })
    }

    fn push(&mut self, path: &[u8], value: &[u8]) -> Outcome {
        if self.out.len() >= self.most {
            return Err("too many arguments".to_owned());
        }
        self.out.push(Pair::new(path, value));
        Ok(())
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        self.depth = self.depth.checked_sub(1).ok_or("nested too deeply")?;
        let outcome = read(self);
        self.depth += 1;
        outcome
    }

    fn document(&mut self) -> Outcome {
        loop {
            self.skip();
            match self.rest {
                [] if self.out.is_empty() => return Err("an empty document".to_owned()),
                [] => return Ok(()),
                [b'{', ..] => self.selections(b"graphql")?,
                _ => self.definition()?,
            }
        }
    }

    fn definition(&mut self) -> Outcome {
        match self.name() {
            Some(b"query" | b"mutation" | b"subscription") => {
                if let Some(name) = self.name() {
                    self.push(b"graphql", name)?;
                }
                self.variables()?;
            }
            Some(b"fragment") => {
                let name = self.name().ok_or("a fragment without name")?;
                self.push(b"graphql", name)?;
                if self.name() != Some(b"on") || self.name().is_none() {
                    return Err("a fragment without type".to_owned());
                }
            }
            _ => return Err("expected an operation or a fragment".to_owned()),
        }
        self.directives(b"graphql")?;
        self.selections(b"graphql")
    }

    /// `($id: ID! = 1 @a, ...)`: the defaults are values.
    fn variables(&mut self) -> Outcome {
        if !self.eat(b"(") {
            return Ok(());
        }
        while !self.eat(b")") {
            self.expect("$")?;
            let name = self.name().ok_or("a variable without name")?;
            self.expect(":")?;
            self.variable_type()?;
            let path = [b"graphql.$", name].concat();
            if self.eat(b"=") {
                self.value(&path)?;
            }
            self.directives(&path)?;
        }
        Ok(())
    }

    fn variable_type(&mut self) -> Outcome {
        let mut brackets = 0usize;
        while self.eat(b"[") {
            brackets += 1;
        }
        self.name().ok_or("a variable without type")?;
        loop {
            match (self.eat(b"!"), brackets > 0 && self.eat(b"]")) {
                (_, true) => brackets -= 1,
                (true, false) => {}
                (false, false) if brackets == 0 => return Ok(()),
                (false, false) => return Err("expected `]`".to_owned()),
            }
        }
    }

    fn selections(&mut self, path: &[u8]) -> Outcome {
        self.expect("{")?;
        self.deeper(|reader| {
            while !reader.eat(b"}") {
                match reader.eat(b"...") {
                    true => reader.spread(path)?,
                    false => reader.field(path)?,
                }
            }
            Ok(())
        })
    }

    /// `...name`, `... on Type { }`, `... @a { }`.
    fn spread(&mut self, path: &[u8]) -> Outcome {
        match self.name() {
            Some(b"on") => {
                self.name().ok_or("a spread without type")?;
            }
            Some(name) => {
                self.push(path, name)?;
                return self.directives(path);
            }
            None => {}
        }
        self.directives(path)?;
        self.selections(path)
    }

    fn field(&mut self, path: &[u8]) -> Outcome {
        let first = self.name().ok_or("expected a field")?;
        let (alias, name) = match self.eat(b":") {
            true => (first, self.name().ok_or("an alias without field")?),
            false => (&[][..], first),
        };
        let path = [path, name].join(&b'.');
        self.push(&path, alias)?;
        self.named_values(&path)?;
        self.directives(&path)?;
        self.skip();
        match self.rest.first() {
            Some(b'{') => self.selections(&path),
            _ => Ok(()),
        }
    }

    /// `(name: value ...)`, if there is one.
    fn named_values(&mut self, path: &[u8]) -> Outcome {
        if !self.eat(b"(") {
            return Ok(());
        }
        while !self.eat(b")") {
            self.named_value(path)?;
        }
        Ok(())
    }

    fn named_value(&mut self, path: &[u8]) -> Outcome {
        let name = self.name().ok_or("an argument without name")?;
        self.expect(":")?;
        self.value(&[path, name].join(&b'.'))
    }

    fn directives(&mut self, path: &[u8]) -> Outcome {
        while self.eat(b"@") {
            let name = self.name().ok_or("a directive without name")?;
            self.named_values(&[path, b".@", name].concat())?;
        }
        Ok(())
    }

    fn value(&mut self, path: &[u8]) -> Outcome {
        self.skip();
        match self.rest {
            [b'{', ..] => {
                self.expect("{")?;
                self.deeper(|reader| {
                    while !reader.eat(b"}") {
                        reader.named_value(path)?;
                    }
                    Ok(())
                })
            }
            [b'[', ..] => {
                self.expect("[")?;
                self.deeper(|reader| {
                    let mut index = 0usize;
                    while !reader.eat(b"]") {
                        reader.value(&[path, format!(".array_{index}").as_bytes()].concat())?;
                        index += 1;
                    }
                    Ok(())
                })
            }
            [b'"', b'"', b'"', inside @ ..] => {
                let end = memchr::memmem::find(inside, b"\"\"\"").ok_or("a string does not end")?;
                let (text, rest) = inside.split_at_checked(end).unwrap_or_default();
                self.rest = rest.get(3..).unwrap_or_default();
                self.push(path, text)
            }
            [b'"', inside @ ..] => {
                let text = self.string(inside)?;
                self.push(path, &text)
            }
            _ => {
                let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$-+.".contains(byte);
                let length = self.rest.iter().take_while(|byte| is_plain(byte)).count();
                let (text, rest) = self.rest.split_at_checked(length).unwrap_or_default();
                if text.is_empty() {
                    return Err("expected a value".to_owned());
                }
                self.rest = rest;
                self.push(path, text)
            }
        }
    }

    /// A string's text behind its quote (section 2.9.4).
    fn string(&mut self, inside: &'t [u8]) -> Result<Vec<u8>, String> {
        let mut text = Vec::new();
        let mut rest = inside;
        loop {
            rest = match rest {
                [b'"', behind @ ..] => {
                    self.rest = behind;
                    return Ok(text);
                }
                [] | [b'\n' | b'\r', ..] => return Err("a string does not end".to_owned()),
                [b'\\', b'u', a, b, c, d, behind @ ..] => {
                    let digits = [*a, *b, *c, *d];
                    let code =
                        std::str::from_utf8(&digits).ok().and_then(|text| u32::from_str_radix(text, 16).ok());
                    let code = code.ok_or("a bad escape")?;
                    // Halves of pairs stay unreadable, and are seen.
                    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                    text.extend(c.encode_utf8(&mut [0; 4]).bytes());
                    behind
                }
                [b'\\', escaped, behind @ ..] => {
                    text.push(match escaped {
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'"' | b'\\' | b'/' => *escaped,
                        _ => return Err("a bad escape".to_owned()),
                    });
                    behind
                }
                [byte, behind @ ..] => {
                    text.push(*byte);
                    behind
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let (found, outcome) = arguments(text.as_bytes(), 8, 100);
        assert_eq!(outcome, Ok(()), "{text}");
        let expected: Vec<Pair> = expected.iter().map(|(name, value)| Pair::new(*name, *value)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn fields_and_arguments() {
        check("{ a }", &[("graphql.a", "")]);
        check(
            "query Q($id: [ID!]! = [1], $b: Int) @x(y: 2) { me: user(id: \"1' or \\u0031\", n: {k: [true, $b]}) { name } }",
            &[
                ("graphql", "Q"),
                ("graphql.$id.array_0", "1"),
                ("graphql.@x.y", "2"),
                ("graphql.user", "me"),
                ("graphql.user.id", "1' or 1"),
                ("graphql.user.n.k.array_0", "true"),
                ("graphql.user.n.k.array_1", "$b"),
                ("graphql.user.name", ""),
            ],
        );
        check(
            "mutation { a ...F ... on T { b } ... @include(if: true) { c } } fragment F on T { d(e: \"\"\"x \"y\" z\"\"\") } # end",
            &[
                ("graphql.a", ""),
                ("graphql", "F"),
                ("graphql.b", ""),
                ("graphql.@include.if", "true"),
                ("graphql.c", ""),
                ("graphql", "F"),
                ("graphql.d", ""),
                ("graphql.d.e", "x \"y\" z"),
            ],
        );
    }

    #[test]
    fn faults() {
        for bad in [
            "",
            "{",
            "{ a(",
            "{ a(b) }",
            "{ a(b: }",
            "type A { b: C }",
            "{ a(b: \"c) }",
            "query($a) { b }",
            "{ a: }",
            "{ ... on }",
            "{a{a{a{a{a{a{a{a{a}}}}}}}}}",
            "{ a(b: \"\\x\") }",
        ] {
            assert!(arguments(bad.as_bytes(), 8, 100).1.is_err(), "{bad}");
        }
        let (kept, outcome) = arguments(b"{ a b c }", 8, 2);
        assert_eq!((kept.len(), outcome.is_err()), (2, true));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "{a".repeat(100_000);
        assert!(arguments(deep.as_bytes(), 64, 1_000).1.is_err());
        let deep = format!("{{ a(b: {}) }}", "[".repeat(100_000));
        assert!(arguments(deep.as_bytes(), 64, 1_000).1.is_err());
    }
}
