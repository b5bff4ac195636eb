//! Every configuration that we ship is one that Envoy takes, and one that our filters take.

use portcullis_e2e::{shipped, shipped_files, signs_of_death};
use portcullis_testkit::envoy::{Envoy, validate};
use portcullis_testkit::h1::Request;
use portcullis_testkit::raw::fetch;
use portcullis_testkit::repo;
use portcullis_testkit::upstream::Upstream;

#[test]
fn every_shipped_configuration_is_valid_and_runs() {
    let upstream = Upstream::start().unwrap();
    for file in shipped_files().unwrap() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = shipped(&name, upstream.port()).unwrap();
        // OWASP CRS cannot be had everywhere; the set-up says so where it could not.
        if text.contains("waf-crs.wasm") && !repo::module("waf-crs").is_file() {
            eprintln!("notice: {name} is left out, for there is no dist/waf-crs.wasm");
            continue;
        }
        let adapted = repo::target().join(format!("envoy-configs-{name}"));
        std::fs::write(&adapted, &text).unwrap();
        validate(&adapted, &repo::root()).unwrap();
        std::fs::remove_file(&adapted).unwrap();
        let envoy = Envoy::from_text("shipped", &text).unwrap();
        let answer =
            fetch(envoy.address("edge").unwrap(), &Request::get("/get").field("user-agent", "test")).unwrap();
        assert_eq!(answer.status, 200, "{name} {answer:?}");
        assert_eq!(signs_of_death(&envoy), [""; 0], "{name}");
    }
}
