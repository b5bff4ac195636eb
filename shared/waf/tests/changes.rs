//! Rules that directives remove and change, and errors that count as warnings.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_waf::{ParseError, Ruleset, Transaction};
use std::collections::BTreeMap;
use std::rc::Rc;

fn load(rules: &str) -> Result<Rc<Ruleset>, ParseError> {
    let text = format!("SecRuleEngine On\n{rules}");
    Ruleset::parse(&[("a.conf", &text)], &BTreeMap::new()).map(Rc::new)
}

/// Rule and status of what stops a GET in phase 1.
#[track_caller]
fn stop(rules: &str, uri: &str) -> Option<(u64, u16)> {
    let mut transaction = Transaction::new(&load(rules).unwrap(), 1 << 30);
    transaction.process_uri(uri.as_bytes(), b"GET", b"HTTP/1.1").unwrap();
    let interruption = transaction.process_request_headers().unwrap();
    interruption.map(|interruption| (interruption.rule, interruption.status()))
}

fn warnings(rules: &str) -> Vec<String> {
    load(rules).unwrap().warnings().to_vec()
}

const RULES: &str = "\
SecRule ARGS \"@contains x\" \"id:10,phase:1,deny,tag:'a',tag:'b/c',msg:'one, two'\"
SecRule ARGS:n \"@contains y\" \"id:20,phase:1,deny,status:401,tag:'a'\"
";

#[test]
fn rules_are_removed_in_front_and_behind() {
    assert_eq!(stop(RULES, "/?n=xy"), Some((10, 403)));
    for remove in [
        "SecRuleRemoveById 10",
        "SecRuleRemoveById 1-15",
        "SecRuleRemoveById \"5 10-12\"",
        "SecRuleRemoveById 5 \"7,10\"",
        "SecRuleRemoveByTag b/c",
        "SecRuleRemoveByMsg 'one, two'",
    ] {
        assert_eq!(stop(&format!("{RULES}{remove}"), "/?n=xy"), Some((20, 401)), "{remove}");
        assert_eq!(stop(&format!("{remove}\n{RULES}"), "/?n=xy"), Some((20, 401)), "{remove} in front");
    }
    assert_eq!(stop(&format!("{RULES}SecRuleRemoveByTag a"), "/?n=xy"), None);
    // A tag and a message are what they are, not a part or a pattern.
    for none in
        ["SecRuleRemoveByTag b", "SecRuleRemoveByTag A", "SecRuleRemoveByMsg one", "SecRuleRemoveById 11"]
    {
        let text = format!("{RULES}{none}");
        assert_eq!(stop(&text, "/?n=xy"), Some((10, 403)), "{none}");
        assert_eq!(warnings(&text), [format!("a.conf:4:1: `{none}` means no rule")]);
    }
}

#[test]
fn targets_are_left_out_added_and_replaced() {
    let with = |directive: &str, uri: &str| stop(&format!("{RULES}{directive}"), uri).map(|(rule, _)| rule);
    assert_eq!(with("SecRuleUpdateTargetById 10 \"!ARGS:n\"", "/?n=x"), None);
    assert_eq!(with("SecRuleUpdateTargetById 10 \"!ARGS:n\"", "/?n=x&m=x"), Some(10));
    assert_eq!(with("SecRuleUpdateTargetById 10 \"!ARGS:/^[mn]$/,!ARGS:k\"", "/?n=x&m=x&k=x"), None);
    assert_eq!(with("SecRuleUpdateTargetById \"5-10 20\" \"!ARGS:n\"", "/?n=xy"), None);
    assert_eq!(with("SecRuleUpdateTargetByTag a \"!ARGS\"", "/?n=xy"), None);
    assert_eq!(with("SecRuleUpdateTargetByMsg \"one, two\" \"!ARGS:n\"", "/?n=x"), None);
    assert_eq!(with("SecRuleUpdateTargetById 10 \"REQUEST_URI\"", "/x"), Some(10));
    assert_eq!(with("SecRuleUpdateTargetById 10 \"REQUEST_URI\" \"ARGS\"", "/?N=X"), None);
    assert_eq!(with("SecRuleUpdateTargetById 10 \"REQUEST_URI\" \"ARGS\"", "/x"), Some(10));
    // Only rules that have the target that is replaced get the new one.
    assert_eq!(with("SecRuleUpdateTargetByTag a \"REQUEST_URI\" \"ARGS:n\"", "/x"), None);
    assert_eq!(with("SecRuleUpdateTargetByTag a \"REQUEST_URI\" \"ARGS:n\"", "/y"), Some(20));
    // The order of the text holds: what is taken out after it was put in is out.
    let both = "SecRuleUpdateTargetById 10 \"REQUEST_URI\"\nSecRuleUpdateTargetById 10 \"!REQUEST_URI\"";
    assert_eq!(with(both, "/x"), None);
}

#[test]
fn actions_are_replaced_and_added() {
    let with = |directive: &str| stop(&format!("{RULES}{directive}"), "/?n=xy");
    assert_eq!(with("SecRuleUpdateActionById 10 \"status:406\""), Some((10, 406)));
    assert_eq!(with("SecRuleUpdateActionById 10 \"pass,nolog\""), Some((20, 401)));
    assert_eq!(with("SecRuleUpdateActionById 10-20 \"deny,status:500\""), Some((10, 500)));
    assert_eq!(with("SecRuleUpdateActionById 10 \"t:length\""), Some((20, 401)));
    assert_eq!(with("SecRuleUpdateActionById 10 \"block\""), Some((20, 401)));
    let defaults = "SecDefaultAction \"phase:1,deny,status:418\"\n";
    let text =
        format!("{defaults}{RULES}SecRuleUpdateActionById 10 \"pass\"\nSecRuleUpdateActionById 10 \"block\"");
    assert_eq!(stop(&text, "/?n=xy"), Some((10, 418)));

    let chain =
        "SecRule ARGS \"@contains x\" \"id:1,phase:1,deny,chain\"\nSecRule ARGS \"@contains y\" \"t:none\"\n";
    assert_eq!(stop(chain, "/?n=xy"), Some((1, 403)));
    assert_eq!(stop(&format!("{chain}SecRuleUpdateActionById 1:1 \"t:length\""), "/?n=xy"), None);
    let error = load(&format!("{chain}SecRuleUpdateActionById 1:2 \"t:length\"")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.conf:4:1: `SecRuleUpdateActionById 1:2 t:length`: the chain has no link `2`"
    );
}

#[test]
fn faults_have_their_place() {
    for (directive, message) in [
        ("SecRuleRemoveById x", "SecRuleRemoveById: `x` is not a rule id or a range of ids"),
        ("SecRuleRemoveById 9-3", "SecRuleRemoveById: `9-3` is not a rule id or a range of ids"),
        ("SecRuleRemoveById", "SecRuleRemoveById: expected a rule id"),
        ("SecRuleRemoveByTag a b", "SecRuleRemoveByTag: it takes one value"),
        (
            "SecRuleUpdateTargetById 10",
            "SecRuleUpdateTargetById: it takes rules, targets and perhaps what they replace",
        ),
        ("SecRuleUpdateTargetById 10 \"!NO\"", "SecRuleUpdateTargetById: unknown variable `NO`"),
        ("SecRuleUpdateActionById 10 \"id:3\"", "SecRuleUpdateActionById: `id` of a rule cannot be changed"),
        ("SecRuleUpdateActionById 10 \"fly\"", "SecRuleUpdateActionById: unknown action `fly`"),
        (
            "SecRule ARGS \"@contains z\" \"id:20,phase:1,deny\"",
            "rule id `20` is used twice, first at a.conf:3",
        ),
    ] {
        let error = load(&format!("{RULES}\n  {directive}")).unwrap_err();
        assert_eq!(error.to_string(), format!("a.conf:5:3: {message}"));
    }
}

#[test]
fn errors_may_count_as_warnings() {
    let on = "SecIgnoreRuleCompilationErrors On\n";
    let bad = "\
SecRule ARGS \"@rbl example.com\" \"id:30,phase:1,deny\"
SecRule ARGS \"@contains x\" \"id:31,phase:1,deny,chain\"
SecRule NO_SUCH \"@contains x\" \"chain\"
SecRule ARGS \"@contains x\"
SecRule ARGS \"@contains x\" \"id:32,phase:1,deny,status:409\"
SecRule ARGS \"@contains x\" \"id:32,phase:1,deny\"
SecRule ARGS \"@contains x
SecRule ARGS \"@contains x\" \"id:33,phase:1,deny,exec:/bin/sh,chain\"
SecRule ARGS \"@contains x\"
SecMarker HERE
SecGeoLookupDb /usr/share/geo
SecRuleRemoveById x
";
    assert_eq!(stop(&format!("{on}{bad}"), "/?n=x"), Some((32, 409)));
    let places: Vec<String> = warnings(&format!("{on}{bad}"))
        .iter()
        .map(|warning| {
            warning.strip_prefix("left out: a.conf:").unwrap().split(": ").next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(places, ["10:48", "13:1", "14:1", "3:14", "5:9", "8:1", "9:14"].map(str::to_owned));
    // Off again, and for what stands in front of it, an error is one.
    for text in
        [bad.to_owned(), format!("{on}SecIgnoreRuleCompilationErrors Off\n{bad}"), format!("{bad}{on}")]
    {
        assert!(load(&text).is_err());
    }
    // A chain that loses a link is out whole; what no rule could stop, no rule stops.
    let chain =
        format!("{on}SecRule ARGS \"@contains x\" \"id:1,phase:1,deny,chain\"\nSecRule NO \"@contains y\"");
    assert_eq!(stop(&chain, "/?n=x"), None);
    let head = format!(
        "{on}SecRule NO \"@contains y\" \"id:1,phase:1,deny,chain\"\nSecRule ARGS \"@contains x\" \"t:none\"\n{RULES}"
    );
    assert_eq!(stop(&head, "/?n=x"), Some((10, 403)));
    let unread = format!(
        "{on}SecRule ARGS \"@contains x\" \"id:1,chain\" more\nSecRule ARGS \"@contains x\" \"t:none\"\n{RULES}"
    );
    assert_eq!(stop(&unread, "/?n=x"), Some((10, 403)));
    // A text that is not there stays an error.
    assert!(load(&format!("{on}Include @nothing")).is_err());
}
