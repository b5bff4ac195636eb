//! Persistent collections as rules see them, over several requests.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_core::{
    Boot, Exchange, Flow, Headers, MapStore, Plugin, RequestVerdict, Store, Stream, Summary,
};
use portcullis_waf::{CollectionsConfig, Waf, WafConfig};
use std::rc::Rc;
use std::time::Duration;

/// A client's requests to one set of rules, with a store between them.
struct Site {
    waf: Rc<Waf>,
    store: MapStore,
    time: u64,
}

impl Site {
    fn new(rules: &str) -> Site {
        Site { waf: waf(rules), store: MapStore::default(), time: 1_000_000 }
    }

    fn get(&mut self, path: &str) -> u16 {
        self.get_from("192.0.2.1", path)
    }

    /// The status that the client sees.
    fn get_from(&mut self, address: &str, path: &str) -> u16 {
        let exchange = Exchange {
            request: Headers::from_pairs([(":method", "GET"), (":path", path), (":authority", "a.example")]),
            source: format!("{address}:4711"),
            time: Duration::from_secs(self.time),
            ..Exchange::default()
        };
        let mut stream = self.waf.stream(&exchange);
        let mut verdict = stream.request_headers(&exchange, &mut self.store);
        if verdict.flow == Flow::Continue {
            verdict = stream.request_end(&exchange, &mut self.store);
        }
        stream.log(&exchange, &Summary::default(), &mut self.store);
        status(&verdict)
    }
}

fn waf(rules: &str) -> Rc<Waf> {
    let rules = vec![format!("SecRuleEngine On\n{rules}")];
    let boot = Boot { fuel: 1 << 20, max_body: 1 << 16, hold_headers: true, ..Boot::default() };
    Waf::compile(vec![WafConfig { rules, ..WafConfig::default() }], &boot).unwrap().remove(0)
}

fn status(verdict: &RequestVerdict) -> u16 {
    match &verdict.flow {
        Flow::Reply(reply) => reply.status,
        Flow::Continue => 200,
        // Nothing else is asked for by these rules.
        _ => 0,
    }
}

#[track_caller]
fn refused(rule: &str, expected: &str) {
    let config = WafConfig { rules: vec![rule.to_owned()], ..WafConfig::default() };
    let error = Waf::compile(vec![config], &Boot::default()).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_counter_lives_from_request_to_request_and_each_address_has_its_own() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
        SecAction "id:2,phase:1,pass,nolog,setvar:ip.requests=+1"
        SecRule IP:requests "@gt 3" "id:3,phase:1,deny,status:429""#,
    );
    assert_eq!([0; 5].map(|_| site.get("/")), [200, 200, 200, 429, 429]);
    assert_eq!(site.get_from("192.0.2.2", "/"), 200);
}

#[test]
fn what_one_rule_opens_and_sets_belongs_together() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,setvar:ip.requests=+1,initcol:ip=%{REMOTE_ADDR}"
        SecRule IP:requests "@eq 2" "id:2,phase:1,deny""#,
    );
    assert_eq!([site.get("/"), site.get("/"), site.get_from("192.0.2.2", "/")], [200, 403, 200]);
}

#[test]
fn every_phase_is_written_the_last_one_too() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
        SecRule IP:logged "@eq 2" "id:2,phase:1,deny"
        SecRule IP:denied "@eq 1" "id:3,phase:1,deny,status:404"
        SecRule ARGS:deny "@eq 1" "id:4,phase:1,deny,status:400,setvar:ip.denied=1"
        SecAction "id:5,phase:5,pass,nolog,setvar:ip.logged=+1""#,
    );
    assert_eq!([site.get("/"), site.get("/"), site.get("/")], [200, 200, 403]);
    let mut site = Site { waf: Rc::clone(&site.waf), store: MapStore::default(), time: 1 };
    assert_eq!([site.get("/?deny=1"), site.get("/")], [400, 404]);
}

#[test]
fn members_expire_and_so_does_the_collection() {
    let mut site = Site::new(
        r#"SecCollectionTimeout 600
        SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
        SecRule ARGS:block "@eq 1" "id:2,phase:1,pass,nolog,setvar:ip.blocked=1,setvar:ip.ever=1,expirevar:ip.blocked=30"
        SecRule IP:blocked "@eq 1" "id:3,phase:1,deny"
        SecRule IP:EVER "@eq 1" "id:4,phase:1,deny,status:404""#,
    );
    assert_eq!([site.get("/"), site.get("/?block=1")], [200, 403]);
    site.time += 30;
    assert_eq!(site.get("/"), 403);
    site.time += 1;
    assert_eq!(site.get("/"), 404);
    site.time += 569;
    assert_eq!(site.get("/"), 404);
    site.time += 1;
    assert_eq!(site.get("/"), 200);
}

#[test]
fn a_collection_may_have_a_timeout_of_its_own() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
        SecRule ARGS:set "@eq 1" "id:2,phase:1,pass,nolog,setvar:ip.seen=1,setvar:ip.timeout=10"
        SecRule &IP:seen "@eq 1" "id:3,phase:2,deny""#,
    );
    assert_eq!(site.get("/?set=1"), 403);
    site.time += 11;
    assert_eq!(site.get("/"), 200);
}

#[test]
fn members_are_unset_and_deprecated() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
        SecRule ARGS:set "@eq 1" "id:2,phase:1,pass,nolog,setvar:ip.score=100,setvar:ip.other=1"
        SecRule ARGS:unset "@eq 1" "id:3,phase:1,pass,nolog,setvar:!ip.other"
        SecRule ARGS:fade "@eq 1" "id:4,phase:1,pass,nolog,deprecatevar:ip.score=10/60"
        SecRule IP:score "@eq 80" "id:5,phase:1,deny,status:480"
        SecRule IP:score "@eq 0" "id:6,phase:1,deny,status:400"
        SecRule IP:other "@eq 1" "id:7,phase:1,deny,status:401""#,
    );
    assert_eq!([site.get("/?set=1"), site.get("/?unset=1"), site.get("/?fade=1")], [401, 200, 200]);
    site.time += 179;
    assert_eq!(site.get("/?fade=1"), 480, "two whole periods");
    site.time += 3_000;
    assert_eq!(site.get("/?fade=1"), 400, "not below 0");
}

#[test]
fn sessions_users_and_resources_have_their_own_actions() {
    let mut site = Site::new(
        r#"SecRule ARGS:s "@rx ." "id:1,phase:1,pass,nolog,capture,setsid:%{ARGS.s},setvar:session.n=+1"
        SecRule ARGS:u "@rx ." "id:2,phase:1,pass,nolog,setuid:%{ARGS.u},setvar:user.n=+1"
        SecAction "id:3,phase:1,pass,nolog,setrsc:%{REQUEST_FILENAME},setvar:resource.n=+1"
        SecAction "id:4,phase:1,pass,nolog,initcol:global=all,setvar:global.n=+1"
        SecRule SESSION:n "@eq 2" "id:11,phase:1,deny,status:401"
        SecRule USER:n "@eq 2" "id:12,phase:1,deny,status:402"
        SecRule RESOURCE:n "@eq 2" "id:13,phase:1,deny,status:403"
        SecRule GLOBAL:n "@eq 8" "id:14,phase:1,deny,status:404"
        SecRule SESSIONID "@streq x" "id:15,phase:1,deny,status:405"
        SecRule USERID "@streq x" "id:16,phase:1,deny,status:406""#,
    );
    assert_eq!([site.get("/1?s=a"), site.get("/2?s=b"), site.get("/3?s=a")], [200, 200, 401]);
    assert_eq!([site.get("/4?u=a"), site.get("/5?u=a"), site.get("/5")], [200, 402, 403]);
    assert_eq!([site.get("/6?u=x"), site.get("/7"), site.get("/8?s=x")], [406, 404, 405]);
}

#[test]
fn built_in_members_are_read_by_name() {
    let rule = |id: u32, name: &str, value: &str| {
        format!("SecRule IP:{name} \"!@streq {value}\" \"id:{id},phase:2,deny,status:4{id}\"\n")
    };
    let opened = "SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}\"\n";
    let mut first = Site::new(
        &[
            opened,
            &rule(20, "IS_NEW", "1"),
            &rule(21, "key", "192.0.2.1"),
            &rule(22, "UPDATE_COUNTER", "0"),
            &rule(23, "CREATE_TIME", "1000000"),
            &rule(24, "TIMEOUT", "3600"),
            "SecRule &IP \"!@eq 0\" \"id:25,phase:2,deny,status:425\"\n",
            "SecRule &IP:KEY \"!@eq 1\" \"id:26,phase:2,deny,status:426\"\n",
            "SecAction \"id:2,phase:5,pass,nolog,setvar:ip.x=%{ip.key}\"",
        ]
        .concat(),
    );
    assert_eq!(first.get("/"), 200);
    let mut second = Site::new(
        &[
            opened,
            &rule(30, "IS_NEW", "0"),
            &rule(31, "UPDATE_COUNTER", "1"),
            &rule(32, "CREATE_TIME", "1000000"),
            &rule(33, "LAST_UPDATE_TIME", "1000000"),
            &rule(34, "UPDATE_RATE", "2"),
            &rule(35, "x", "192.0.2.1"),
        ]
        .concat(),
    );
    (second.store, second.time) = (first.store, 1_000_030);
    assert_eq!(second.get("/"), 200);
}

#[test]
fn until_a_rule_opens_it_a_collection_lives_for_one_request() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,setvar:session.n=+1"
        SecRule SESSION:n "@eq 1" "id:2,phase:1,pass,nolog,setvar:session.seen=1"
        SecRule SESSION:n "@gt 1" "id:3,phase:1,deny"
        SecRule SESSION:seen "!@eq 1" "id:4,phase:1,deny""#,
    );
    assert_eq!([site.get("/"), site.get("/")], [200, 200]);
}

#[test]
fn another_instance_takes_over_and_the_first_one_is_written() {
    let mut site = Site::new(
        r#"SecRule ARGS:s "@rx ." "id:1,phase:1,pass,nolog,setsid:%{MATCHED_VAR}"
        SecRule ARGS:s "@rx ." "id:2,phase:1,pass,nolog,setvar:session.n=+1"
        SecRule ARGS:t "@rx ." "id:3,phase:1,pass,nolog,setsid:%{MATCHED_VAR}"
        SecRule ARGS:t "@rx ." "id:4,phase:1,pass,nolog,setvar:session.n=+10"
        SecRule SESSION:n "@eq 10" "id:5,phase:1,deny,status:410"
        SecRule SESSION:n "@eq 2" "id:6,phase:1,deny,status:402"
        SecRule SESSION:n "@eq 21" "id:7,phase:1,deny,status:421""#,
    );
    assert_eq!(site.get("/?s=one&t=two"), 410);
    assert_eq!(site.get("/?s=one"), 402);
    assert_eq!([site.get("/?t=two"), site.get("/?s=two")], [200, 421]);
}

#[test]
fn web_applications_do_not_see_each_other() {
    let rules = |id: &str| {
        format!(
            "SecWebAppId {id}\nSecAction \"id:1,phase:1,pass,initcol:ip=%{{REMOTE_ADDR}},setvar:ip.n=+1\"\n\
             SecRule IP:n \"@gt 1\" \"id:2,phase:1,deny\""
        )
    };
    let mut shop = Site::new(&rules("shop"));
    assert_eq!([shop.get("/"), shop.get("/")], [200, 403]);
    let mut blog = Site::new(&rules("blog"));
    blog.store = shop.store;
    assert_eq!(blog.get("/"), 200);
}

#[test]
fn members_are_selected_excluded_and_counted() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:ip=x,setvar:ip.a_1=1,setvar:ip.a_2=2,setvar:ip.b=3"
        SecRule &IP "!@eq 3" "id:2,phase:1,deny,status:402"
        SecRule &IP:/^A_/ "!@eq 2" "id:3,phase:1,deny,status:403"
        SecRule IP|!IP:/^a_/ "!@eq 3" "id:4,phase:1,deny,status:404"
        SecRule IP:b "@eq %{ip.b}" "id:5,phase:1,deny,status:405""#,
    );
    assert_eq!(site.get("/"), 405);
}

#[test]
fn rubbish_in_the_store_is_no_state_and_is_replaced() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.n=+1"
        SecRule IP:n "@eq 2" "id:2,phase:1,deny""#,
    );
    for slot in 0..CollectionsConfig::default().slots {
        site.store.set(&format!("collections/{slot}"), b"\x01\xff\xff\xff\xff", None).unwrap();
    }
    assert_eq!([site.get("/"), site.get("/")], [200, 403]);
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    refused(
        "SecAction \"id:1,initcol:tx=1\"",
        "rules[0]: 1:17: `tx` is no persistent collection; these are: global, ip",
    );
    refused("SecAction \"id:1,initcol:ip\"", "`ip` is not what `initcol` takes");
    refused("SecAction \"id:1,expirevar:tx.x=1\"", "`tx` is no persistent collection");
    refused("SecAction \"id:1,deprecatevar:ip.x=1\"", "needs an amount and seconds");
    refused("SecAction \"id:1,setvar:nothing.x=1\"", "`nothing.x=1` is not what `setvar` takes");
    refused("SecAction \"id:1,setsid\"", "action `setsid` needs a value");
    refused("SecCollectionTimeout soon", "`soon` is not a number of seconds");
}

#[test]
fn the_table_has_one_shape_within_limits() {
    let compile = |shapes: &[&str]| {
        let configs = shapes.iter().map(|shape| {
            let json = format!(r#"{{"rules": ["SecRuleEngine Off"], "collections": {shape}}}"#);
            serde_json::from_str::<WafConfig>(&json).unwrap()
        });
        Waf::compile(configs.collect(), &Boot::default()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(compile(&[r#"{"slots": 16}"#, "null", r#"{"slots": 16}"#]), Ok(()));
    let error = compile(&[r#"{"slots": 16}"#, r#"{"slots": 17}"#]).unwrap_err();
    assert!(error.starts_with("collections: all routes share one table"), "{error}");
    assert_eq!(compile(&[r#"{"slots": 0}"#]).unwrap_err(), "collections.slots: `0` is not 1 to 65536");
    let error = compile(&[r#"{"slotBytes": 255}"#]).unwrap_err();
    assert_eq!(error, "collections.slotBytes: `255` is not 256 to 1048576");
    let error = compile(&[r#"{"slots": 65536, "slotBytes": 65536}"#]).unwrap_err();
    assert_eq!(error, "collections: the table would take 4294967296 bytes, over 256 MiB");
}
