//! The parts of SecLang that no corpus asks for: recommended configurations, GraphQL, XML as arguments, `sanitise`,
//! operators of Coraza.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_waf::{Ruleset, Transaction};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// The directives of ModSecurity v3's `modsecurity.conf-recommended`.
const MODSECURITY: &str = r#"
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\+|/)|text/)xml" \
     "id:'200000',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/json" \
     "id:'200001',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecRequestBodyLimitAction Reject
SecRequestBodyJsonDepthLimit 512
SecArgumentsLimit 1000
SecRule &ARGS "@ge 1000" \
"id:'200007', phase:2,t:none,log,deny,status:400,msg:'Failed to fully parse request body due to large argument count',severity:2"
SecRule REQBODY_ERROR "!@eq 0" \
"id:'200002', phase:2,t:none,log,deny,status:400,msg:'Failed to parse request body.',logdata:'%{reqbody_error_msg}',severity:2"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" \
"id:'200003',phase:2,t:none,log,deny,status:400, \
msg:'Multipart request body failed strict validation: \
PE %{REQBODY_PROCESSOR_ERROR}, \
BQ %{MULTIPART_BOUNDARY_QUOTED}, \
IP %{MULTIPART_INVALID_PART}, \
FL %{MULTIPART_FILE_LIMIT_EXCEEDED}'"
SecRule MULTIPART_UNMATCHED_BOUNDARY "@eq 1" \
    "id:'200004',phase:2,t:none,log,deny,msg:'Multipart parser detected a possible unmatched boundary.'"
SecPcreMatchLimit 1000
SecPcreMatchLimitRecursion 1000
SecRule TX:/^MSC_/ "!@streq 0" \
        "id:'200005',phase:2,t:none,deny,msg:'ModSecurity internal error flagged: %{MATCHED_VAR_NAME}'"
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml
SecResponseBodyLimit 524288
SecResponseBodyLimitAction ProcessPartial
SecTmpDir /tmp/
SecDataDir /tmp/
SecAuditEngine RelevantOnly
SecAuditLogRelevantStatus "^(?:5|4(?!04))"
SecAuditLogParts ABIJDEFHZ
SecAuditLogType Serial
SecAuditLog /var/log/modsec_audit.log
SecArgumentSeparator &
SecCookieFormat 0
SecUnicodeMapFile unicode.mapping 20127
SecStatusEngine On
"#;

/// The directives of Coraza's `coraza.conf-recommended`.
const CORAZA: &str = r#"
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\+|/)|text/)xml" \
     "id:'200000',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/json" \
     "id:'200001',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "^application/[a-z0-9.-]+[+]json" \
     "id:'200006',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRequestBodyJsonDepthLimit 1024
SecRequestBodyLimit 13107200
SecRequestBodyInMemoryLimit 131072
SecRequestBodyLimitAction Reject
SecRule REQBODY_ERROR "!@eq 0" \
    "id:'200002', phase:2,t:none,log,deny,status:400,msg:'Failed to parse request body.',logdata:'%{reqbody_error_msg}',severity:2"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" \
    "id:'200003',phase:2,t:none,log,deny,status:400, \
    msg:'Multipart request body failed strict validation.'"
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml
SecResponseBodyLimit 524288
SecResponseBodyLimitAction ProcessPartial
SecDataDir /tmp/
SecAuditEngine RelevantOnly
SecAuditLogRelevantStatus "^(?:(5|4)(0|1)[0-9])$"
SecAuditLogParts ABIJDEFHZ
SecAuditLogType Serial
SecAuditLogFormat Native
"#;

fn ruleset(rules: &str) -> Rc<Ruleset> {
    Rc::new(Ruleset::parse(&[("test", rules)], &BTreeMap::new()).unwrap())
}

/// A request whose body is of this type, seen by rules.
fn request(rules: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Transaction {
    let mut transaction = Transaction::new(&ruleset(&format!("SecRuleEngine On\n{rules}")), 1 << 32);
    transaction.process_start(Duration::from_secs(1), b"1");
    transaction.process_uri(uri.as_bytes(), b"POST", b"HTTP/1.1").unwrap();
    for (name, value) in headers {
        transaction.add_request_header(name.as_bytes(), value.as_bytes());
    }
    let _ = transaction.process_request_headers().unwrap();
    let _ = transaction.write_request_body(body.as_bytes());
    let _ = transaction.process_request_body().unwrap();
    transaction
}

fn ids(transaction: &Transaction) -> Vec<u64> {
    transaction.matches().iter().map(|matched| matched.id).collect()
}

#[test]
fn recommended_configurations_load() {
    assert_eq!(ruleset(CORAZA).len(), 5);
    let ruleset = ruleset(MODSECURITY);
    assert_eq!(ruleset.len(), 7);
    for directive in ["SecTmpDir", "SecDataDir", "SecPcreMatchLimit", "SecStatusEngine", "SecAuditLog:"] {
        let warnings = ruleset.warnings().iter().filter(|warning| warning.starts_with(directive));
        assert!(warnings.count() >= 1, "{directive}: {:?}", ruleset.warnings());
    }
}

#[test]
fn a_multipart_body_of_a_browser_passes_the_recommended_rules() {
    let rules = MODSECURITY.replace("SecRuleEngine DetectionOnly", "");
    let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; \
                name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\n-- two\r\n\r\n--b--\r\n";
    let transaction = request(&rules, "/", &[("content-type", "multipart/form-data; boundary=b")], body);
    assert_eq!(ids(&transaction), Vec::<u64>::new());
}

#[test]
fn graphql_by_content_type_and_by_ctl() {
    let rules = r#"
        SecRule REQUEST_HEADERS:Content-Type "json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=GRAPHQL"
        SecRule ARGS:graphql.user.id "@detectSQLi" "id:2,phase:2,deny"
        SecRule ARGS_NAMES "@streq graphql.__schema" "id:3,phase:2,deny"
        SecRule REQBODY_ERROR "@eq 1" "id:4,phase:2,deny""#;
    let query = |text: &str| request(rules, "/graphql", &[("content-type", "application/graphql")], text);
    assert_eq!(ids(&query("{ user(id: \"1' or '1'='1\") { name } }")), [2]);
    assert_eq!(ids(&query("{ user(id: 1) { name } }")), Vec::<u64>::new());
    assert_eq!(ids(&query("{ __schema { types } }")), [3]);
    assert_eq!(ids(&query("{ user(")), [4]);
    let json = |text: &str| request(rules, "/graphql", &[("content-type", "application/json")], text);
    assert_eq!(ids(&json(r#"{"query":"{ user(id: \"1' or '1'='1\") { name } }"}"#)), [1, 2]);
    assert_eq!(ids(&json(r#"[{"query":"{ a }"},{"query":"{ __schema { types } }"}]"#)), [1, 3]);
    assert_eq!(
        ids(&json(r#"{"variables":{"id":"x"},"query":"query($id: ID){ user(id: $id) { n } }"}"#)),
        [1]
    );
}

#[test]
fn xml_as_arguments() {
    let rules = r#"
        SecParseXmlIntoArgs OnlyArgs
        SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
        SecRule ARGS:xml.order.item "@streq evil" "id:2,phase:2,pass"
        SecRule &XML:/* "@eq 0" "id:3,phase:2,pass""#;
    let transaction = request(rules, "/", &[], "<order><item>evil</item></order>");
    assert_eq!(ids(&transaction), [1, 2, 3]);
}

#[test]
fn what_rules_sanitise_is_not_in_the_log() {
    let line = |action: &str| {
        let rules = format!(
            "SecRule ARGS:a \"@rx p(\\w+)\" \"id:1,phase:2,pass,capture,msg:'m',logdata:'%{{MATCHED_VAR}} %{{ARGS.b}}',{action}\""
        );
        let transaction = request(&rules, "/?a=plover&b=bramble", &[("x-key", "plover")], "");
        let matched = transaction.matches().first().unwrap();
        transaction.log_line(matched)
    };
    assert!(line("pass").contains("plover bramble"));
    let shown = line("sanitiseArg:b");
    assert!(shown.contains("plover *******") && !shown.contains("bramble"), "{shown}");
    assert!(!line("sanitiseMatched").contains("plover"));
    let shown = line("sanitiseMatchedBytes:1/2");
    assert!(shown.contains("p***er"), "{shown}");
    assert!(!line("sanitiseRequestHeader:x-key").contains("plover"));
}

#[test]
fn parts_of_a_path() {
    let rules = r#"
        SecRule REQUEST_FILENAME "@restpath /users/{id}/{what}" "id:1,phase:1,pass"
        SecRule ARGS_PATH:id "@streq 7" "id:2,phase:1,pass"
        SecRule ARGS_PATH "@streq posts" "id:3,phase:1,pass""#;
    assert_eq!(ids(&request(rules, "/users/7/posts?x=1", &[], "")), [1, 2, 3]);
    assert_eq!(ids(&request(rules, "/user/7/posts", &[], "")), Vec::<u64>::new());
}

#[test]
fn ctl_changes_limits_and_cookies_have_a_format() {
    let rules = r#"
        SecCookieFormat 1
        SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyLimit=5"
        SecRule INBOUND_DATA_ERROR "@eq 1" "id:2,phase:2,pass"
        SecRule REQUEST_COOKIES:a "@streq x;y" "id:3,phase:1,pass""#;
    let transaction = request(rules, "/", &[("cookie", "$Version=1; a=\"x;y\"")], "123456789");
    assert_eq!(transaction.interruption().map(|interruption| interruption.status()), Some(403));
    assert_eq!(ids(&transaction), [1, 3]);
}

#[test]
fn look_around_is_told_at_load() {
    let ruleset = ruleset("SecRule ARGS \"@rx a(?=b)\" \"id:1,phase:1,pass\"");
    assert!(
        ruleset.warnings().iter().any(|warning| warning.contains("backtracking")),
        "{:?}",
        ruleset.warnings()
    );
}
