//! One exchange through a rule set, with a record of each step.

use portcullis_core::OutOfFuel;
use portcullis_waf::{Ruleset, Transaction};
use std::rc::Rc;

/// Units enough for any file that a person has.
const FUEL: u64 = 1 << 36;

/// Names and values.
pub(crate) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// A request, perhaps a response, and both ends of the connection.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Exchange {
    pub(crate) method: Vec<u8>,
    pub(crate) uri: Vec<u8>,
    pub(crate) protocol: Vec<u8>,
    pub(crate) headers: Fields,
    pub(crate) body: Vec<u8>,
    pub(crate) response: Option<Response>,
    pub(crate) client: (String, String),
    pub(crate) server: (String, String),
    pub(crate) unique_id: String,
}

/// A response.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) protocol: Vec<u8>,
    pub(crate) headers: Fields,
    pub(crate) body: Vec<u8>,
}

/// Runs all phases; what stopped the exchange is in the transaction.
pub(crate) fn transact(ruleset: &Rc<Ruleset>, exchange: &Exchange) -> Result<Transaction, OutOfFuel> {
    let mut transaction = Transaction::new(ruleset, FUEL).traced();
    let ends = |(address, port): &'_ (String, String)| (address.clone(), port.clone());
    let (client, server) = (ends(&exchange.client), ends(&exchange.server));
    transaction.process_start(crate::filter::now(), exchange.unique_id.as_bytes());
    transaction.process_connection((&client.0, &client.1), (&server.0, &server.1));
    transaction.process_uri(&exchange.uri, &exchange.method, &exchange.protocol)?;
    for (name, value) in &exchange.headers {
        transaction.add_request_header(name, value);
    }
    transaction.process_request_headers()?;
    transaction.write_request_body(&exchange.body);
    transaction.process_request_body()?;
    if let Some(response) = &exchange.response {
        for (name, value) in &response.headers {
            transaction.add_response_header(name, value);
        }
        transaction.process_response_headers(response.status, &response.protocol)?;
        transaction.write_response_body(&response.body);
        transaction.process_response_body()?;
    }
    transaction.process_logging()?;
    Ok(transaction)
}
