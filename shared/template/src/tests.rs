//! The dialect, case by case.

use crate::{Escaping, Notation, RenderCause, Scope, Syntax, Template, Value};
use portcullis_core::Fuel;

fn data() -> Value {
    Value::from_json(br#"{"a": {"b": [1, 2, {"c": "x"}]}, "n": null, "t": "q\"", "names": ["ada", "bob"], "my-key": 7, "a/b": 1}"#)
        .unwrap()
}

fn render(template: &str, syntax: Syntax) -> Result<String, String> {
    let template = Template::parse(template, syntax).map_err(|error| format!("parse {error}"))?;
    let data = data();
    let out = template.render(&Scope::of(&data), &Fuel::new(1_000_000), 10_000);
    out.map(|out| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
}

#[track_caller]
fn check(template: &str, expected: &str) {
    assert_eq!(render(template, Syntax::default()).as_deref(), Ok(expected), "{template}");
}

#[track_caller]
fn check_error(template: &str, expected: &str) {
    assert_eq!(render(template, Syntax::default()), Err(expected.to_owned()), "{template}");
}

#[test]
fn names_lead_into_the_data() {
    check("{{ a.b.2.c }}{{ a/b/0 }}{{ my-key }}{{n}}", "x17");
    check_error("{{ a.b.01 }}", "1:4: variable `a.b.01` not found");
    check_error("x\n{{ nope }}", "2:4: variable `nope` not found");
    let pointer = Syntax { notation: Notation::Pointer, ..Syntax::default() };
    assert_eq!(render("{{ a~1b }}{{ a/b/1 }}", pointer).as_deref(), Ok("12"));
}

#[test]
fn default_takes_only_what_does_not_exist() {
    check("{{ default(nope.x, \"d\") }}{{ default(n, \"d\") }}", "d");
    check_error("{{ default(upper(nope), 1) }}", "1:18: variable `nope` not found");
}

#[test]
fn operators_bind_as_the_dialect_says() {
    check("{{ 1 + 2 * 3 ^ 2 }}", "19");
    check("{{ 2 ^ 3 ^ 2 }}", "512");
    check("{{ not true == false }}", "true");
    check("{{ true or false and false }}", "false");
    check("{{ 7 % 3 }}{{ 6 / 2 }}{{ 1 - -2 }}", "13.03");
    check_error("{{ not not true }}", "parse 1:8: too few arguments");
    check_error("{{ 1 / 0 }}", "1:6: `/` cannot divide by zero");
    check_error("{{ 1 % 0 }}", "1:6: `%` cannot divide by zero");
}

#[test]
fn loops_know_where_they_are() {
    check(
        "{% for x in names %}{% for y in [1,2] %}{{ loop.parent.index }}{{ loop.index1 }} {% endfor %}{% endfor %}",
        "01 02 11 12 ",
    );
    check("{% for k, v in a %}{{ k }}={{ length(v) }}{% endfor %}", "b=3");
    check("{% for x in names %}{% endfor %}[{{ x }}]{{ loop.index }}", "[]1");
    check_error("{% for x in a %}{% endfor %}", "1:13: a loop needs a list");
}

#[test]
fn variables_are_set_and_grow() {
    check("{% set x.y = 1 %}{% set x.z = \"w\" %}{{ x }}", r#"{"y":1,"z":"w"}"#);
    check("{% set x.1 = 1 %}{{ x }}", "[null,1]");
    check("{% set a.q = 1 %}{{ a.b.0 }}{{ a.q }}", "11");
    check_error("{% set t2 = 1 %}{% set t2.x = 2 %}", "1:29: cannot set `t2.x`");
    check_error("{% set loop = 1 %}", "parse 1:8: `loop` cannot be set");
}

#[test]
fn values_cannot_be_nested_without_end() {
    let source = "{% set x = {} %}{% for i in range(1000) %}{% set x.y = x %}{% endfor %}";
    let error = render(source, Syntax::default()).unwrap_err();
    assert!(error.ends_with("value is nested too deeply"), "{error}");
    let source =
        "{% set x = {} %}{% for i in range(60) %}{% set x.y = x %}{% set x.z = x %}{% endfor %}{{ x }}";
    assert!(render(source, Syntax::default()).is_err());
}

#[test]
fn blanks_and_lines_and_comments() {
    check("a\n  {%- if true -%}  \n b{% endif %}", "a\nb");
    check("a {%- if true %} b{% endif %}", "a  b");
    check("## if true\nyes\n## else\nno\n## endif", "yes\n");
    check("a{# }} #}b{#- x -#}  \n\nc", "ab\nc");
}

#[test]
fn escaping_is_json_without_quotes() {
    let syntax = Syntax { escaping: Escaping::Json, ..Syntax::default() };
    assert_eq!(render("{{ t }}{{ names }}", syntax).as_deref(), Ok(r#"q\"["ada","bob"]"#));
}

#[test]
fn what_is_no_template_says_where() {
    check_error("{% if true %}", "parse 1:14: unmatched if");
    check_error("{% endfor %}", "parse 1:11: endfor without matching for");
    check_error("{{ upper() }}", "parse 1:10: unknown function `upper`");
    check_error("{{ [1, x] }}", "parse 1:9: `[1, x]` is not a JSON value");
    check_error("{{ \"open }}", "parse 1:4: `\"open }}` is not a JSON value");
    check_error("{{ (1 }}", "parse 1:7: expected right parenthesis, got `}}`");
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(render(&deep, Syntax::default()).unwrap_err().contains("nested too deeply"));
    let wide = format!("{{{{ 1{} }}}}", "+1".repeat(100_000));
    assert!(render(&wide, Syntax::default()).unwrap_err().contains("nested too deeply"));
    let blocks = "{% if true %}".repeat(100_000);
    assert!(render(&blocks, Syntax::default()).unwrap_err().contains("nested too deeply"));
    let chain = format!("{{% if false %}}{}{{% endif %}}", "{% else if false %}".repeat(1000));
    check(&chain, "");
}

#[test]
fn fuel_and_output_have_an_end() {
    let hostile = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
    let template = Template::parse(hostile, Syntax::default()).unwrap();
    let error = template.render(&Scope::of(&Value::Null), &Fuel::new(1_000_000), usize::MAX).unwrap_err();
    assert!(matches!(error.cause, RenderCause::Fuel(_)), "{error}");
    let error = template.render(&Scope::of(&Value::Null), &Fuel::new(u64::MAX), 100).unwrap_err();
    assert_eq!(error.cause, RenderCause::Output(100));
    assert!(render("{{ range(100000000000) }}", Syntax::default()).is_err());
}

#[test]
fn it_says_what_it_reads() {
    let reads = |source: &str| {
        let template = Template::parse(source, Syntax::default()).unwrap();
        (template.reads_body(), template.reads_data())
    };
    assert_eq!(
        reads("{{ header(\"x\") }}{% for i in [1] %}{{ i }}{{ loop.index }}{% endfor %}"),
        (false, false)
    );
    assert_eq!(reads("{{ body() }}"), (true, false));
    assert_eq!(reads("{% set x = 1 %}{{ x }}"), (false, false));
    assert_eq!(reads("{% if true %}{% set x = 1 %}{% endif %}{{ x }}"), (true, true));
    assert_eq!(reads("{{ a }}"), (true, true));
}

#[test]
fn parsing_any_text_is_safe() {
    const PIECES: [&str; 24] = [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        "if ",
        "else",
        "endif",
        "for x in ",
        "endfor",
        "set x",
        "=",
        "(",
        ")",
        "upper",
        "\"",
        "[",
        "]",
        ".",
        "not ",
        "1",
        "\n##",
    ];
    arbtest::arbtest(|u| {
        let mut source = String::new();
        for _ in 0..u.int_in_range(0..=40)? {
            match u.ratio(4, 5)? {
                true => source.push_str(u.choose(&PIECES)?),
                false => source.push_str(u.arbitrary::<&str>()?),
            }
        }
        if let Ok(template) = Template::parse(&source, Syntax::default()) {
            let _ = template.render(&Scope::of(&data()), &Fuel::new(10_000), 1000);
        }
        Ok(())
    });
}

#[test]
fn hostile_bodies_are_refused_or_read() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(Value::from_json(deep.as_bytes()).is_err());
    assert!(Value::from_json(b"{\"a\": \"\xff\"}").is_err());
    assert!(Value::from_json(b"1e999").is_err());
    let many = format!("[{}1]", "1,".repeat(1_000_000));
    assert!(Value::from_json(many.as_bytes()).is_err());
}

#[test]
fn what_is_printed_reads_back_the_same() {
    fn json(
        u: &mut arbtest::arbitrary::Unstructured<'_>,
        depth: usize,
    ) -> arbtest::arbitrary::Result<String> {
        let text =
            |text: &str| format!("\"{}\"", text.replace(['"', '\\'], "").replace(|c| c < ' ', "\\u0007"));
        Ok(match u.int_in_range(0..=if depth > 4 { 4 } else { 6 })? {
            0 => "null".to_owned(),
            1 => u.arbitrary::<bool>()?.to_string(),
            2 => u.arbitrary::<i64>()?.to_string(),
            3 => {
                let number = u.arbitrary::<f64>()?;
                if number.is_finite() { format!("{number:e}") } else { u.arbitrary::<u64>()?.to_string() }
            }
            4 => text(u.arbitrary()?),
            5 => format!("[{},{}]", json(u, depth + 1)?, json(u, depth + 1)?),
            _ => {
                format!("{{{}:{},\"b\":{}}}", text(u.arbitrary()?), json(u, depth + 1)?, json(u, depth + 1)?)
            }
        })
    }
    arbtest::arbtest(|u| {
        let fuel = Fuel::new(u64::MAX);
        let source = json(u, 0)?;
        let value = Value::from_json(source.as_bytes()).unwrap();
        let printed = value.to_json(&fuel, usize::MAX).unwrap();
        let again = Value::from_json(&printed).unwrap();
        assert!(crate::compare::order(&value, &again, &fuel).unwrap().is_eq(), "{source}");
        assert_eq!(again.to_json(&fuel, usize::MAX).unwrap(), printed, "{source}");
        Ok(())
    });
}
