//! What the request's body means: the body processors.

use super::data::Pair;
use super::{Transaction, graphql, json, multipart, xml};
use crate::ruleset::XmlArguments;
use portcullis_core::OutOfFuel;

/// What is said of a body whose part that is no file passes `SecRequestBodyNoFilesLimit`.
pub(super) const TOO_LONG: &str = "Request body excluding files is bigger than the maximum expected.";

impl Transaction {
    /// Reads the body by its processor. What cannot be read sets `REQBODY_ERROR`, and rules decide.
    pub(super) fn read_body(&mut self) -> Result<(), OutOfFuel> {
        let body = std::mem::take(&mut self.data.request_body);
        let outcome = self.process(&body);
        self.data.request_body = body;
        self.data.is_body_read = true;
        if let Err(message) = outcome? {
            self.remark(4, || message.clone());
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
            return Ok(Err(TOO_LONG.to_owned()));
        }
        match processor {
            "URLENCODED" => {
                self.data.args_post = self.form_arguments(body)?;
                Ok(Ok(()))
            }
            "JSON" => Ok(self.read_json(body).map_err(|message| format!("JSON parsing error: {message}"))),
            "XML" => {
                let read = self.read_xml(body);
                Ok(read.map_err(|message| format!("XML parsing error: {message}")))
            }
            "GRAPHQL" => {
                Ok(self.read_graphql(body).map_err(|message| format!("GraphQL parsing error: {message}")))
            }
            "MULTIPART" => Ok(self.read_multipart(body)),
            _ => Ok(Ok(())),
        }
    }

    fn read_json(&mut self, body: &[u8]) -> Result<(), String> {
        let settings = &self.ruleset.settings;
        let room = settings.arguments_limit.saturating_sub(self.data.args_get.len());
        let (arguments, outcome) = json::arguments(body, settings.json_depth, room);
        self.remark_arguments("JSON", &arguments);
        if outcome.is_err() && arguments.len() >= room {
            self.remark_limit();
        }
        self.data.args_post = arguments;
        outcome
    }

    /// Reads the response's body, if a rule has asked for that.
    pub(super) fn read_response(&mut self) -> Result<(), OutOfFuel> {
        let body = std::mem::take(&mut self.data.response_body);
        let settings = &self.ruleset.settings;
        let outcome = match self.data.response_processor {
            _ if body.is_empty() => Ok(()),
            "JSON" => {
                self.fuel.charge_call(body.len())?;
                let (arguments, outcome) =
                    json::arguments(&body, settings.json_depth, settings.arguments_limit);
                self.data.response_args = arguments;
                outcome
            }
            "XML" => {
                self.fuel.charge_call(body.len())?;
                xml::read(&body, settings.json_depth).map(|xml| self.data.response_xml = Some(xml))
            }
            _ => Ok(()),
        };
        self.data.response_body = body;
        self.data.response_error = outcome.err();
        Ok(())
    }

    /// A document, or JSON that has one as `query`, alone or in a list.
    fn read_graphql(&mut self, body: &[u8]) -> Result<(), String> {
        let is_query = |pair: &&Pair| {
            let inside = pair.name.strip_prefix(b"json.").unwrap_or_default();
            let member = inside.strip_prefix(b"array_").map_or(inside, |rest| {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                rest.get(digits + 1..).unwrap_or_default()
            });
            member == b"query"
        };
        let media =
            portcullis_http::media::MediaType::parse(self.data.header(b"content-type").unwrap_or_default());
        let is_json = media.is_some_and(|media| media.is_json());
        if !is_json {
            return self.read_query(body);
        }
        self.read_json(body)?;
        let queries: Vec<Vec<u8>> =
            self.data.args_post.iter().filter(is_query).map(|pair| pair.value.clone()).collect();
        queries.iter().try_for_each(|query| self.read_query(query))
    }

    fn read_query(&mut self, query: &[u8]) -> Result<(), String> {
        let settings = &self.ruleset.settings;
        let taken = self.data.args_get.len() + self.data.args_post.len();
        let room = settings.arguments_limit.saturating_sub(taken);
        let (arguments, outcome) = graphql::arguments(query, settings.json_depth, room);
        self.remark_arguments("GRAPHQL", &arguments);
        self.data.args_post.extend(arguments);
        outcome
    }

    /// With `SecParseXmlIntoArgs` the texts of elements are arguments, alone or too.
    fn read_xml(&mut self, body: &[u8]) -> Result<(), String> {
        let settings = &self.ruleset.settings;
        let depth = settings.json_depth;
        if self.xml_into_arguments != XmlArguments::Off {
            let room = settings.arguments_limit.saturating_sub(self.data.args_get.len());
            let (arguments, outcome) = xml::arguments(body, depth, room);
            self.remark_arguments("XML", &arguments);
            self.data.args_post = arguments;
            if self.xml_into_arguments == XmlArguments::Only {
                return outcome;
            }
            outcome?;
        }
        self.data.xml = Some(xml::read(body, depth)?);
        Ok(())
    }

    fn read_multipart(&mut self, body: &[u8]) -> Result<(), String> {
        let header = self.data.header(b"content-type").unwrap_or_default().to_vec();
        let settings = &self.ruleset.settings;
        let limits = multipart::Limits {
            parts: settings.arguments_limit,
            no_files: settings.request_body_no_files_limit,
            files: settings.keeps_files.then_some(settings.upload_file_limit),
        };
        let form = multipart::read(&header, body, limits, self.is_traced());
        for note in form.notes.unwrap_or_default() {
            self.remark(9, || note);
        }
        self.remark_arguments("BODY", &form.arguments);
        self.data.args_post = form.arguments;
        self.data.upload = form.upload;
        form.outcome.map_err(|message| match message.as_str() {
            TOO_LONG => message,
            _ => format!("Multipart parsing error: {message}"),
        })
    }

    pub(super) fn remark_arguments(&self, from: &str, arguments: &[Pair]) {
        for argument in arguments.iter().filter(|_| self.is_traced()) {
            let (name, value) =
                (String::from_utf8_lossy(&argument.name), String::from_utf8_lossy(&argument.value));
            self.remark(4, || {
                format!("Adding request argument ({from}): name \"{name}\", value \"{value}\"")
            });
        }
    }

    pub(super) fn remark_limit(&self) {
        let limit = self.ruleset.settings.arguments_limit;
        self.remark(4, || format!("Skipping request argument, over limit ({limit})"));
    }
}
