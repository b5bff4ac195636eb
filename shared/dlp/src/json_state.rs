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

    /// The state behind these bytes. Without a backslash it is enough to count quotes, which is far faster.
    pub(crate) fn skip(self, bytes: &[u8]) -> JsonState {
        let mut state = self;
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            if !matches!(state, JsonState::Outside | JsonState::Inside) {
                state = state.step(byte);
                rest = behind;
                continue;
            }
            let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            let (plain, behind) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
            if memchr::memchr_iter(b'"', plain).count() % 2 == 1 {
                state = state.step(b'"');
            }
            rest = behind;
            if let Some((backslash, behind)) = rest.split_first() {
                state = state.step(*backslash);
                rest = behind;
            }
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
