//! PCRE's notation into that of the `regex` crate, byte by byte: both mean the same after it, or it is refused.

/// Translates a pattern for `regex::bytes` with Unicode off.
///
/// `\x{bc}` becomes a byte, as do the bytes of characters beyond ASCII; escapes of signs lose the meanings that only
/// `regex` gives them (`\<`); brackets and doubled signs in classes are escaped; `{` that begins no repetition is a
/// sign; `\h`, `\v`, `\R`, `\e`, `\Q..\E` and octal escapes are written out. Possessive repetition, atomic groups,
/// look-around and back-references are refused.
pub(crate) fn translate(pattern: &str) -> Result<String, String> {
    let mut reader =
        Reader { rest: pattern.as_bytes(), out: String::with_capacity(pattern.len() + 16), pattern };
    while !reader.rest.is_empty() {
        reader.piece()?;
    }
    Ok(reader.out)
}

/// Whether the pattern has what only backtracking can run. What looks like it within a class or a quotation is taken for
/// it too: then both engines can run the pattern.
pub(crate) fn needs_backtracking(pattern: &str) -> bool {
    const MARKS: [&str; 9] = ["(?=", "(?!", "(?<=", "(?<!", "(?>", "\\g", "\\k", "++", "*+"];
    let bytes = pattern.as_bytes();
    let reference = |pair: &[u8]| matches!(pair, [b'\\', b'1'..=b'9']);
    let possessive = |pair: &[u8]| matches!(pair, [b'?' | b'}', b'+']);
    let may = MARKS.iter().any(|mark| pattern.contains(mark))
        || bytes.windows(2).any(|pair| reference(pair) || possessive(pair));
    may && translate(pattern).is_err()
}

struct Reader<'a> {
    rest: &'a [u8],
    out: String,
    pattern: &'a str,
}

/// What an escape stands for.
enum Escaped {
    Byte(u8),
    /// A class or assertion that the engine has under this name.
    Same(u8),
    /// A set of bytes, in the notation of the inside of a class.
    Set(&'static str),
    /// No set, and not allowed in one.
    Text(&'static str),
    Nothing,
}

impl<'a> Reader<'a> {
    fn refuse<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("pattern `{}` uses {what}, which is not supported", self.pattern))
    }

    fn piece(&mut self) -> Result<(), String> {
        match self.rest {
            [b'\\', ..] => self.escape_outside(),
            [b'[', rest @ ..] => {
                self.rest = rest;
                self.class()
            }
            [b'(', b'?', b'#', rest @ ..] => {
                let end = rest.iter().position(|&byte| byte == b')').map_or(rest.len(), |at| at + 1);
                self.rest = rest.get(end..).unwrap_or_default();
                Ok(())
            }
            [b'(', b'?', b'=' | b'!', ..] => self.refuse("look-ahead"),
            [b'(', b'?', b'<', b'=' | b'!', ..] => self.refuse("look-behind"),
            [b'(', b'?', b'>', ..] => self.refuse("an atomic group"),
            [b'(', b'?', b'(' | b'R' | b'&' | b'0'..=b'9', ..] => {
                self.refuse("a conditional or recursive group")
            }
            [b'(', b'*', ..] => self.refuse("a backtracking verb"),
            [b'*' | b'+' | b'?', ..] => self.repetition(1),
            [b'{', rest @ ..] => match repetition_length(rest) {
                Some(length) => self.repetition(length + 1),
                None => {
                    self.rest = rest;
                    self.out.push_str("\\{");
                    Ok(())
                }
            },
            [byte, rest @ ..] => {
                self.rest = rest;
                match byte {
                    b'}' => self.out.push_str("\\}"),
                    b']' => self.out.push_str("\\]"),
                    0x80.. => self.byte(*byte),
                    _ => self.out.push(char::from(*byte)),
                }
                Ok(())
            }
            [] => Ok(()),
        }
    }

    fn repetition(&mut self, length: usize) -> Result<(), String> {
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.out.extend(text.iter().map(|&byte| char::from(byte)));
        self.rest = match rest {
            [b'+', ..] => return self.refuse("possessive repetition"),
            [b'?', rest @ ..] => {
                self.out.push('?');
                rest
            }
            _ => rest,
        };
        Ok(())
    }

    fn escape_outside(&mut self) -> Result<(), String> {
        if let [b'\\', b'Q', rest @ ..] = self.rest {
            let end = rest.windows(2).position(|pair| pair == b"\\E");
            let literal = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            literal.iter().for_each(|&byte| self.byte(byte));
            self.rest = end.and_then(|end| rest.get(end + 2..)).unwrap_or_default();
            return Ok(());
        }
        match self.escape(Place::Outside)? {
            Escaped::Byte(byte) => self.byte(byte),
            Escaped::Same(name) => self.out.extend(['\\', char::from(name)]),
            Escaped::Set(set) => self.out.push_str(&format!("[{set}]")),
            Escaped::Text(text) => self.out.push_str(text),
            Escaped::Nothing => {}
        }
        Ok(())
    }

    /// Reads an escape: the backslash comes next.
    fn escape(&mut self, place: Place) -> Result<Escaped, String> {
        let [_, name, rest @ ..] = self.rest else {
            return Err(format!("pattern `{}` ends in a backslash", self.pattern));
        };
        self.rest = rest;
        Ok(match name {
            b'x' => Escaped::Byte(self.hex()?),
            b'o' => return self.refuse("`\\o`"),
            b'0' => Escaped::Byte(self.octal(0)),
            b'1'..=b'9' if place == Place::Outside && !self.is_octal(*name) => {
                return self.refuse("a back-reference");
            }
            b'1'..=b'7' => Escaped::Byte(self.octal(name - b'0')),
            b'k' | b'g' => return self.refuse("a back-reference"),
            b'K' | b'G' | b'C' | b'X' => return self.refuse(&format!("`\\{}`", char::from(*name))),
            b'a' => Escaped::Byte(7),
            b'e' => Escaped::Byte(27),
            b'f' => Escaped::Byte(12),
            b'n' => Escaped::Byte(10),
            b'r' => Escaped::Byte(13),
            b't' => Escaped::Byte(9),
            b'c' => Escaped::Byte(self.control()?),
            b'b' if place == Place::Class => Escaped::Byte(8),
            b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'p' | b'P' => Escaped::Same(*name),
            b'b' | b'B' | b'A' | b'z' if place == Place::Outside => Escaped::Same(*name),
            b'Z' if place == Place::Outside => Escaped::Text("(?:\\n?\\z)"),
            b'h' => Escaped::Set("\\x09\\x20\\xa0"),
            b'H' => Escaped::Set("\\x00-\\x08\\x0a-\\x1f\\x21-\\x9f\\xa1-\\xff"),
            b'v' => Escaped::Set("\\x0a-\\x0d\\x85"),
            b'V' => Escaped::Set("\\x00-\\x09\\x0e-\\x84\\x86-\\xff"),
            b'N' if place == Place::Outside => Escaped::Text("[^\\n]"),
            b'R' if place == Place::Outside => Escaped::Text("(?:\\r\\n|[\\x0a-\\x0d\\x85])"),
            b'E' => Escaped::Nothing,
            name if name.is_ascii_alphanumeric() => {
                return Err(format!(
                    "pattern `{}` has the unknown escape `\\{}`",
                    self.pattern,
                    char::from(*name)
                ));
            }
            name => Escaped::Byte(*name),
        })
    }

    /// `\x`, `\xH`, `\xHH` or `\x{HH}`.
    fn hex(&mut self) -> Result<u8, String> {
        if let [b'{', rest @ ..] = self.rest {
            let end = rest.iter().position(|&byte| byte == b'}');
            let digits = end.and_then(|end| std::str::from_utf8(rest.get(..end)?).ok());
            let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            self.rest = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
            return match value {
                Some(value) => Ok(value),
                None => Err(format!("pattern `{}` has a `\\x{{}}` that is not a byte", self.pattern)),
            };
        }
        let mut value = 0;
        for _ in 0..2 {
            let [byte, rest @ ..] = self.rest else { break };
            let Some(digit) = char::from(*byte).to_digit(16) else { break };
            value = value << 4 | digit as u8;
            self.rest = rest;
        }
        Ok(value)
    }

    fn is_octal(&self, first: u8) -> bool {
        matches!((first, self.rest), (b'1'..=b'3', [b'0'..=b'7', b'0'..=b'7', ..]))
    }

    fn octal(&mut self, first: u8) -> u8 {
        let mut value = first;
        for _ in 0..2 {
            let [digit @ b'0'..=b'7', rest @ ..] = self.rest else { break };
            value = value.wrapping_shl(3) | (digit - b'0');
            self.rest = rest;
        }
        value
    }

    fn control(&mut self) -> Result<u8, String> {
        let [letter, rest @ ..] = self.rest else {
            return Err(format!("pattern `{}` ends in `\\c`", self.pattern));
        };
        self.rest = rest;
        Ok(letter.to_ascii_uppercase() ^ 0x40)
    }

    /// Writes a byte that stands for itself.
    fn byte(&mut self, byte: u8) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => self.out.push(char::from(byte)),
            _ => self.out.push_str(&format!("\\x{byte:02x}")),
        }
    }

    /// The inside of a class, behind its `[`.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if let [b'^', rest @ ..] = self.rest {
            self.rest = rest;
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            match self.rest {
                [] => return Err(format!("pattern `{}` has a class that does not end", self.pattern)),
                [b']', rest @ ..] if !is_first => {
                    self.rest = rest;
                    self.out.push(']');
                    return Ok(());
                }
                _ => self.class_item()?,
            }
            is_first = false;
        }
    }

    fn class_item(&mut self) -> Result<(), String> {
        if let Some(length) = posix_length(self.rest) {
            let (name, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
            self.out.extend(name.iter().map(|&byte| char::from(byte)));
            self.rest = rest;
            return Ok(());
        }
        let Some(first) = self.class_byte()? else { return Ok(()) };
        self.byte(first);
        // A `-` that stands last, or in front of a set, is a sign.
        if let [b'-', rest @ ..] = self.rest
            && !matches!(rest, [] | [b']', ..])
            && posix_length(rest).is_none()
            && !matches!(rest, [b'\\', b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'h' | b'v', ..])
        {
            self.rest = rest;
            self.out.push('-');
            match self.class_byte()? {
                Some(last) => self.byte(last),
                None => return Err(format!("pattern `{}` has a range without end", self.pattern)),
            }
        }
        Ok(())
    }

    /// The next byte of a class; a set is written at once and gives `None`.
    fn class_byte(&mut self) -> Result<Option<u8>, String> {
        match self.rest {
            [b'\\', ..] => match self.escape(Place::Class)? {
                Escaped::Byte(byte) => Ok(Some(byte)),
                Escaped::Same(name) => {
                    self.out.extend(['\\', char::from(name)]);
                    Ok(None)
                }
                Escaped::Set(set) => {
                    self.out.push_str(set);
                    Ok(None)
                }
                Escaped::Text(_) | Escaped::Nothing => Ok(None),
            },
            [byte, rest @ ..] => {
                self.rest = rest;
                Ok(Some(*byte))
            }
            [] => Ok(None),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Outside,
    Class,
}

/// The bytes of `n}`, `n,}` or `n,m}`.
fn repetition_length(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|&byte| byte == b'}')?;
    let inside = text.get(..end)?;
    let mut parts = inside.splitn(2, |&byte| byte == b',');
    let first = parts.next().filter(|first| !first.is_empty())?;
    let second = parts.next().unwrap_or_default();
    let numbers = first.iter().chain(second).all(u8::is_ascii_digit);
    numbers.then_some(end + 1)
}

/// The bytes of `[:name:]`.
fn posix_length(text: &[u8]) -> Option<usize> {
    let inside = text.strip_prefix(b"[:")?;
    let length = inside.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'^').count();
    inside.get(length..)?.starts_with(b":]").then_some(length + 4)
}

#[cfg(test)]
mod tests {
    use super::translate;
    use regex::bytes::RegexBuilder;

    fn matches(pattern: &str, text: &[u8]) -> bool {
        let source = translate(pattern).unwrap();
        RegexBuilder::new(&source).unicode(false).build().unwrap().is_match(text)
    }

    #[test]
    fn means_what_pcre_means() {
        let cases: &[(&str, &[u8], bool)] = &[
            (r"\x{bc}", b"\xbc", true),
            (r"\x{bc}", "\u{bc}".as_bytes(), true),
            (r"^\x{bc}", "\u{bc}".as_bytes(), false),
            (r"[\x{80}-\x{ff}]", b"\x90", true),
            ("^[é]+$", "é".as_bytes(), true),
            (r"\<a\>", b"<a>", true),
            ("[[a]", b"[", true),
            ("[a&&b]", b"&", true),
            ("[]a]", b"]", true),
            ("[^]a]", b"]", false),
            ("[+--]", b",", true),
            ("[--/]", b".", true),
            ("[a-]", b"-", true),
            ("[\\w-.]", b"-", true),
            ("[[:alpha:]_]", b"_", true),
            ("a{", b"a{", true),
            ("^a{2}$", b"aa", true),
            ("{{", b"{{", true),
            ("a{,3}", b"a{,3}", true),
            (r"^\h$", b"\t", true),
            (r"^[\h]$", b" ", true),
            (r"^\012$", b"\n", true),
            (r"\Qa.b\E", b"a.b", true),
            (r"\Qa.b\E", b"axb", false),
            (r"a(?#x)b", b"ab", true),
            (r"^[\b]$", b"\x08", true),
            (r"\/\-\_\~", b"/-_~", true),
            (r"^\e$", b"\x1b", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), *expected, "{pattern} on {text:?}");
        }
    }

    #[test]
    fn refuses_what_is_not_linear() {
        for pattern in
            ["(?=a)", "(?!a)", "(?<=a)", "(?<!a)", r"(a)\1", "(?>a)", "a++", "a*+", r"\g{1}", "(*FAIL)"]
        {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }
}
