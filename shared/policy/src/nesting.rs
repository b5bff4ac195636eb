//! How deep the brackets of a policy's text are nested. The interpreter tries each `[` and `{` as two things in turn and
//! does so again for those within, so its time doubles with each level.

/// Real policies stay below 8; a table that is deeper belongs into `data`.
const DEEPEST: usize = 12;

/// Line and column, counted from 1, of the first bracket that is nested too deeply.
pub(crate) fn too_deep(text: &str) -> Option<(u64, u64)> {
    let mut depth = 0usize;
    let mut state = State::Code;
    for (line, number) in text.lines().zip(1u64..) {
        if state != State::Raw {
            state = State::Code;
        }
        for (character, column) in line.chars().zip(1u64..) {
            state = match (state, character) {
                (State::Code, '#') => State::Comment,
                (State::Code, '"') => State::Text,
                (State::Code, '`') => State::Raw,
                (State::Text, '\\') => State::Escape,
                (State::Text, '"') | (State::Raw, '`') => State::Code,
                (State::Escape, _) => State::Text,
                (state, _) => state,
            };
            match character {
                '[' | '{' if state == State::Code => depth += 1,
                ']' | '}' if state == State::Code => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                return Some((number, column));
            }
        }
    }
    None
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Code,
    Comment,
    Text,
    Escape,
    Raw,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_of_the_code_count() {
        let deep = "[".repeat(13);
        assert_eq!(too_deep(&format!("a\nx := {deep}")), Some((2, 18)));
        assert_eq!(too_deep(&format!("# {deep}\nx := \"\\\"{deep}\"\ny := `\n{deep}`\n")), None);
        assert_eq!(too_deep(&"[]{}".repeat(100)), None);
    }
}
