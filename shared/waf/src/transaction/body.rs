//! What the request's body means: the body processors.

use super::{Transaction, json, multipart, xml};
use portcullis_core::OutOfFuel;

impl Transaction {
    /// Reads the body by its processor. What cannot be read sets `REQBODY_ERROR`, and rules decide.
    pub(super) fn read_body(&mut self) -> Result<(), OutOfFuel> {
        let body = std::mem::take(&mut self.data.request_body);
        let outcome = self.process(&body);
        self.data.request_body = body;
        if let Err(message) = outcome? {
            self.data.body_error = Some(message);
        }
        Ok(())
    }

    fn process(&mut self, body: &[u8]) -> Result<Result<(), String>, OutOfFuel> {
        if body.is_empty() {
            return Ok(Ok(()));
        }
        self.fuel.charge_call(body.len())?;
        let processor = self.data.body_processor;
        if processor != "MULTIPART" && body.len() > self.ruleset.settings.request_body_no_files_limit {
            return Ok(Err("the body is longer than SecRequestBodyNoFilesLimit".to_owned()));
        }
        match processor {
            "URLENCODED" => {
                self.data.args_post = self.form_arguments(body)?;
                Ok(Ok(()))
            }
            "JSON" => Ok(self.read_json(body)),
            "XML" => {
                Ok(xml::read(body, self.ruleset.settings.json_depth).map(|xml| self.data.xml = Some(xml)))
            }
            "MULTIPART" => Ok(self.read_multipart(body)),
            _ => Ok(Ok(())),
        }
    }

    fn read_json(&mut self, body: &[u8]) -> Result<(), String> {
        let settings = &self.ruleset.settings;
        let room = settings.arguments_limit.saturating_sub(self.data.args_get.len());
        let (arguments, outcome) = json::arguments(body, settings.json_depth, room);
        self.data.args_post = arguments;
        outcome
    }

    fn read_multipart(&mut self, body: &[u8]) -> Result<(), String> {
        let header = self.data.header(b"content-type").unwrap_or_default().to_vec();
        let limit = self.ruleset.settings.arguments_limit;
        let form = multipart::read(&header, body, limit);
        self.data.args_post = form.arguments;
        self.data.upload = form.upload;
        form.outcome
    }
}
