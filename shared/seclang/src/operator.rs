//! The operator argument of a rule.

use crate::ast::Operator;
use crate::cursor::Cursor;
use crate::position::Span;

/// Reads `!@name argument`. Without `@` the operator is `rx` (ModSecurity reference, "Operators").
pub fn parse_operator(text: &str, span: Span) -> Operator {
    let mut cursor = Cursor::new(text);
    cursor.skip_blanks();
    let negated = cursor.eat('!');
    if negated {
        cursor.skip_blanks();
    }
    let plain = cursor.rest();
    if !cursor.eat('@') {
        return Operator { negated, name: "rx".to_owned(), argument: plain.to_owned(), span };
    }
    let name = cursor.take_while(|c| !c.is_ascii_whitespace()).to_owned();
    cursor.skip_blanks();
    Operator { negated, name, argument: cursor.rest().to_owned(), span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, negated: bool, name: &str, argument: &str) {
        let found = parse_operator(text, Span::default());
        assert_eq!((found.negated, &*found.name, &*found.argument), (negated, name, argument), "{text}");
    }

    #[test]
    fn forms() {
        check("@rx a b", false, "rx", "a b");
        check("!@within  a b", true, "within", "a b");
        check("^a$", false, "rx", "^a$");
        check("!^a$", true, "rx", "^a$");
        check("@detectSQLi", false, "detectSQLi", "");
        check("", false, "rx", "");
    }
}
