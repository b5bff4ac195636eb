//! Where in a JSON text a place is: within a string, or not. Enough to keep the text valid while it is masked.

/// The state in front of a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum JsonState {
    /// Not in a string.
    #[default]
    Outside,
    /// In a string, in front of a character.
    Inside,
    /// In a string, behind a backslash.
    Backslash,
    /// In a string, with so many digits of a `\u` escape to come.
    Digits(u8),
}

impl JsonState {
    /// The state behind a byte.
    pub(crate) fn step(self, byte: u8) -> JsonState {
        match (self, byte) {
            (JsonState::Outside, b'"') => JsonState::Inside,
            (JsonState::Outside, _) => JsonState::Outside,
            (JsonState::Backslash, b'u') => JsonState::Digits(4),
            (JsonState::Backslash, _) => JsonState::Inside,
            (JsonState::Digits(left @ 2..), byte) if byte.is_ascii_hexdigit() => JsonState::Digits(left - 1),
            (JsonState::Digits(_), byte) if byte.is_ascii_hexdigit() => JsonState::Inside,
            (JsonState::Inside | JsonState::Digits(_), b'"') => JsonState::Outside,
            (JsonState::Inside | JsonState::Digits(_), b'\\') => JsonState::Backslash,
            (JsonState::Inside | JsonState::Digits(_), _) => JsonState::Inside,
        }
    }

    /// The state behind these bytes.
    pub(crate) fn skip(self, bytes: &[u8]) -> JsonState {
        let mut state = self;
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            let jump = match state {
                JsonState::Outside => memchr::memchr(b'"', rest),
                JsonState::Inside => memchr::memchr2(b'"', b'\\', rest),
                JsonState::Backslash | JsonState::Digits(_) => {
                    state = state.step(byte);
                    rest = behind;
                    continue;
                }
            };
            let Some((stop, behind)) = jump.and_then(|at| rest.get(at..)).and_then(<[u8]>::split_first)
            else {
                return state;
            };
            state = state.step(*stop);
            rest = behind;
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arbtest::arbtest;

    #[test]
    fn skipping_is_stepping() {
        arbtest(|u| {
            let mut text = Vec::new();
            for _ in 0..u.int_in_range(0..=24)? {
                text.push(*u.choose(b"\"\"\\\\u0aF n{")?);
            }
            let stepped = text.iter().fold(JsonState::Outside, |state, byte| state.step(*byte));
            assert_eq!(JsonState::Outside.skip(&text), stepped, "{}", String::from_utf8_lossy(&text));
            Ok(())
        });
    }
}
