//! OWASP CRS in the WAF's engine, without a proxy.

use anyhow::{Context, Result};
use portcullis_fuel::messages::Request;
use portcullis_http::percent;
use portcullis_testkit::repo;
use portcullis_waf::{Ruleset, Transaction};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Fuel that is never used up here.
const FUEL: u64 = u64::MAX;

/// A rule set.
#[derive(Debug)]
pub struct Rules(Rc<Ruleset>);

impl Rules {
    /// CRS as the set-up obtained it: paranoia level 1, blocking.
    ///
    /// # Errors
    /// Where there is none, or it does not load.
    pub fn crs() -> Result<Rules> {
        let crs = repo::root().join(".tools/crs");
        let setup =
            std::fs::read_to_string(crs.join("crs-setup.conf")).context("no .tools/crs: run make setup")?;
        let mut texts = vec![
            ("settings".to_owned(), "Include @recommended-conf".to_owned()),
            ("setup".to_owned(), setup),
        ];
        let mut files: Vec<_> =
            std::fs::read_dir(crs.join("rules"))?.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let mut data = BTreeMap::new();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file)?;
            match name.ends_with(".conf") {
                true => texts.push((name, text)),
                false => drop(data.insert(name, text)),
            }
        }
        texts.push(("engine".to_owned(), "SecRuleEngine On".to_owned()));
        let texts: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Ok(Rules(Rc::new(Ruleset::parse(&texts, &data)?)))
    }

    /// Takes a request through phases 1 and 2; the ids of the rules that matched and want to be logged, and the status
    /// if it is refused.
    pub fn exchange(&self, request: &Request) -> (Vec<u64>, Option<u16>) {
        let mut transaction = Transaction::new(&self.0, FUEL);
        transaction.process_start(Duration::from_secs(1_780_000_000), b"bench");
        transaction.process_connection(("127.0.0.1", "40000"), ("127.0.0.1", "80"));
        let feed = |transaction: &mut Transaction| {
            transaction.process_uri(request.path.as_bytes(), request.method.as_bytes(), b"HTTP/1.1")?;
            transaction.add_request_header(b"host", b"shop.example");
            for (name, value) in &request.fields {
                transaction.add_request_header(name.as_bytes(), value.as_bytes());
            }
            if !request.body.is_empty() {
                transaction.add_request_header(b"content-length", request.body.len().to_string().as_bytes());
            }
            transaction.process_request_headers()?;
            let _ = transaction.write_request_body(&request.body);
            transaction.process_request_body().map(|_| ())
        };
        feed(&mut transaction).expect("fuel enough");
        let ids =
            transaction.matches().iter().filter(|matched| matched.log).map(|matched| matched.id).collect();
        (ids, transaction.interruption().map(portcullis_waf::Interruption::status))
    }
}

/// A browser's GET with this value as its argument.
pub fn argument(value: &[u8]) -> Request {
    let path = format!("/search?q={}", String::from_utf8_lossy(&percent::encode(value)));
    Request { path, ..portcullis_fuel::traffic::browse() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_fuel::traffic;

    /// Ordinary requests are no attacks, whatever their number: else a bench would measure refusals.
    #[test]
    fn the_traffic_of_the_bench_passes() {
        let Ok(rules) = Rules::crs() else {
            eprintln!("notice: no OWASP CRS: skipped");
            return;
        };
        let same = [traffic::browse(), traffic::order(), traffic::text_form(), traffic::browse_page()];
        let distinct = [traffic::search, traffic::records, traffic::prose_form];
        let many = (0..60).flat_map(|number| distinct.map(|request| request(number)));
        for request in same.into_iter().chain(many) {
            let (ids, status) = rules.exchange(&request);
            assert_eq!(status, None, "{ids:?} {}\n{}", request.path, String::from_utf8_lossy(&request.body));
        }
        assert_eq!(rules.exchange(&traffic::attack()).1, Some(403));
    }
}
