//! Whose address the filters see: that of the client as the listener's trust says, whatever a header claims.

use portcullis_e2e::{Hold, Rig, probe_listener};
use portcullis_testkit::h1::Request;
use serde_json::json;

#[test]
fn the_clients_address_is_what_trusted_proxies_say() {
    let listener = |name: &str| probe_listener(name, Hold::Early, json!({ "addresses": true }), json!({}));
    let rig = Rig::builder("address")
        .listener(listener("trusting"))
        .listener(listener("edge").behind_proxies(0))
        .listener(listener("two-proxies").behind_proxies(2))
        .start()
        .unwrap();
    // The client claimed to be 6.6.6.6; the first proxy added the client, the second the first.
    let forwarded = "6.6.6.6, 198.51.100.7, 10.0.0.1";
    for (listener, expected) in [("edge", "127.0.0.1"), ("two-proxies", "198.51.100.7")] {
        let path = format!("/{listener}");
        let request = Request::get(&path).field("x-forwarded-for", forwarded);
        assert_eq!(rig.connect(listener).exchange(&request).unwrap().status, 200);
        let line = rig.envoy.access_line(listener, &format!("{path} ")).unwrap();
        let source = line.split("source=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        assert_eq!(source.rsplit_once(':').map_or(source, |(address, _)| address), expected, "{line}");
    }
    rig.assert_sound();
}
