//! Regression cases of OWASP CRS, in the YAML form that go-ftw runs: read, completed, run on the engine and judged.
//!
//! A case goes four steps, each usable alone: [`read_dir`] reads the files, [`Input::wire`] makes the bytes that go-ftw
//! would send, [`server::receive`] takes them apart as a strict HTTP server does, and [`Output::judge`] holds what came
//! of them against what the case expects. [`Runner`] does all four natively, with the upstream that CRS's tests assume.
//!
//! ```
//! use portcullis_ftw::{read_text, server, Observed, Worth};
//!
//! let text = r#"
//! rule_id: 942100
//! tests:
//!   - test_id: 1
//!     stages:
//!       - input: { uri: "/?id=1", headers: { Host: localhost } }
//!         output: { status: 200, log: { no_expect_ids: [942100] } }
//! "#;
//! let cases = read_text("942100.yaml".as_ref(), text).unwrap();
//! let stage = &cases[0].stages[0];
//! let wire = stage.input.wire().unwrap();
//! assert_eq!(wire[0], b"GET /?id=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
//! let observed = Observed { status: Some(200), ids: vec![], log: vec![], response: vec![] };
//! assert_eq!(stage.output.judge(&observed), Ok(Worth::Asserted));
//! ```

mod case;
mod error;
mod judge;
pub mod layout;
mod redirect;
mod runner;
pub mod server;
mod template;
pub mod upstream;
mod wire;

pub use case::{Case, Input, Log, Output, Stage, find_files, read_dir, read_text};
pub use error::FtwError;
pub use judge::{Observed, Worth, ids_in};
pub use runner::{Run, Runner};
