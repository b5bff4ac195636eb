//! Numbers as text: how JSON numbers are read, and how the dialect prints them.

use crate::value::Value;
use std::io::Write;

/// Reads a JSON number: whole if it is written so and fits in 64 bits, else a float; `None` if that is not finite.
pub(crate) fn read(text: &str) -> Option<Value> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        if let Ok(number) = text.parse::<i64>() {
            return Some(Value::Integer(number));
        }
        if let Ok(number) = text.parse::<u64>() {
            return Some(Value::from(number));
        }
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float)
}

/// Prints a float with the fewest digits that read back as the same number: always with a point or an exponent,
/// plain for decimal exponents from -4 to 15, `null` if it is not finite.
pub(crate) fn print_float(number: f64, out: &mut Vec<u8>) {
    if !number.is_finite() {
        return out.extend_from_slice(b"null");
    }
    if number.is_sign_negative() {
        out.push(b'-');
    }
    let (digits, exponent) = shortest(number.abs());
    let count = digits.len() as i32;
    // The decimal point stands behind this many digits.
    let point = exponent + 1;
    match point {
        _ if count <= point && point <= 15 => {
            out.extend_from_slice(&digits);
            out.resize(out.len() + (point - count) as usize, b'0');
            out.extend_from_slice(b".0");
        }
        1..=15 => {
            let (whole, fraction) = digits.split_at(point as usize);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
        -3..=0 => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + point.unsigned_abs() as usize, b'0');
            out.extend_from_slice(&digits);
        }
        _ => print_scientific(&digits, exponent, out),
    }
}

/// At least two digits in the exponent.
fn print_scientific(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    let (first, rest) = digits.split_at(1.min(digits.len()));
    out.extend_from_slice(first);
    if !rest.is_empty() {
        out.push(b'.');
        out.extend_from_slice(rest);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let written = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
    debug_assert!(written.is_ok(), "a vector takes every byte");
}

/// The digits, without point and trailing zeros, and the decimal exponent of the first.
fn shortest(number: f64) -> (Vec<u8>, i32) {
    if number == 0.0 {
        return (b"0".to_vec(), 0);
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    (digits, exponent.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: f64, expected: &str) {
        let mut out = Vec::new();
        print_float(number, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn floats_print_short_and_with_a_point() {
        check(3.0, "3.0");
        check(0.0, "0.0");
        check(-0.0, "-0.0");
        check(1.1, "1.1");
        check(25.68, "25.68");
        check(100_000.0, "100000.0");
        check(1e15, "1e+15");
        check(123_456_789_012_345.0, "123456789012345.0");
        check(1e21, "1e+21");
        check(1.234_567_890_123_456_8e29, "1.2345678901234568e+29");
        check(0.001, "0.001");
        check(0.0001, "0.0001");
        check(0.00001, "1e-05");
        check(-2.5e-7, "-2.5e-07");
        check(f64::NAN, "null");
    }

    #[test]
    fn whole_numbers_stay_whole_while_they_fit() {
        assert!(matches!(read("-9223372036854775808"), Some(Value::Integer(i64::MIN))));
        assert!(matches!(read("12345678901234567890"), Some(Value::Unsigned(12_345_678_901_234_567_890))));
        assert!(matches!(read("123456789012345678901234567890"), Some(Value::Float(_))));
        assert!(matches!(read("1e3"), Some(Value::Float(_))));
        assert!(read("1e999").is_none());
    }
}
