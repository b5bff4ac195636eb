//! What a record holds, hidden values hidden, long ones cut, before it takes a form.

use super::json::Json;
use super::settings::Parts;
use crate::report::{Secrets, hides};
use crate::ruleset::Engine;
use crate::time::Calendar;
use crate::transaction::{Data, Match, Pair, Transaction};

/// How much of a text is looked through for hidden values; what stands behind is cut off unseen.
const WINDOW: usize = 2 * crate::LOG_BYTES;
/// The most fields of one kind: headers, arguments, files.
const MOST_FIELDS: usize = 100;

/// One exchange as its record tells it.
pub(super) struct Record<'a> {
    pub(super) data: &'a Data,
    pub(super) parts: Parts,
    pub(super) matches: &'a [Match],
    pub(super) engine: Engine,
    pub(super) is_interrupted: bool,
    /// What the client saw.
    pub(super) status: u16,
    pub(super) components: &'a [String],
    pub(super) time: Calendar,
    secrets: Secrets<'a>,
}

/// A name with all its values.
pub(super) type Field = (Vec<u8>, Vec<Vec<u8>>);

impl<'a> Record<'a> {
    pub(super) fn new(transaction: &'a Transaction, matches: &'a [Match], status: u16) -> Record<'a> {
        let data = transaction.data();
        Record {
            data,
            parts: transaction.audit_parts(),
            matches,
            engine: transaction.engine(),
            is_interrupted: transaction.interruption().is_some(),
            status,
            components: &transaction.settings().components,
            time: Calendar::at(data.time.as_secs()),
            secrets: Secrets::of(data),
        }
    }

    /// A text as it may be shown.
    pub(super) fn shown(&self, text: &[u8]) -> Vec<u8> {
        let mut text = text.get(..WINDOW).unwrap_or(text).to_vec();
        self.secrets.mask(&mut text);
        text.truncate(crate::LOG_BYTES);
        text
    }

    /// Pairs of this variable by name, in order, as they may be shown.
    pub(super) fn fields(&self, variable: &[u8], pairs: &[Pair]) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::new();
        for pair in pairs.iter().take(MOST_FIELDS) {
            let value = match self.hides(variable, &pair.name) {
                true => vec![b'*'; pair.value.len().min(crate::LOG_BYTES)],
                false => self.shown(&pair.value),
            };
            match fields.iter_mut().find(|(name, _)| *name == pair.name) {
                Some((_, values)) => values.push(value),
                None => fields.push((pair.name.clone(), vec![value])),
            }
        }
        fields
    }

    /// By the default list, or because a rule says so (`sanitise...`).
    fn hides(&self, variable: &[u8], name: &[u8]) -> bool {
        let hidden = &self.data.hidden;
        let is_in = |names: &[Vec<u8>]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        match variable {
            b"REQUEST_HEADERS" => is_in(&hidden.request_headers) || hides(variable, name),
            b"RESPONSE_HEADERS" => is_in(&hidden.response_headers) || hides(variable, name),
            _ => self.secrets.hides_argument(name),
        }
    }

    /// The request's body, where a part asks for it: C as it came, I without the files of an upload.
    pub(super) fn request_body(&self) -> Option<Vec<u8>> {
        let is_upload = self.data.body_processor == "MULTIPART";
        match (self.parts.has(b'C'), self.parts.has(b'I')) {
            (_, true) if is_upload => Some(self.form()),
            (false, false) => None,
            _ => Some(self.shown(&self.data.request_body)),
        }
    }

    /// The fields of an upload as a form.
    fn form(&self) -> Vec<u8> {
        let fields = self.fields(b"ARGS_POST", &self.data.args_post);
        let pairs = fields.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let encode = |text: &[u8]| portcullis_http::percent::encode(text).into_owned();
        let pairs: Vec<Vec<u8>> =
            pairs.map(|(name, value)| [encode(name), encode(value)].join(&b'=')).collect();
        let mut form = pairs.join(&b'&');
        form.truncate(crate::LOG_BYTES);
        form
    }

    pub(super) fn response_body(&self) -> Option<Vec<u8>> {
        self.parts.has(b'E').then(|| self.shown(&self.data.response_body))
    }

    /// Names and sizes of uploaded files.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'a Pair, &'a [u8])> {
        let data = self.data;
        let sizes = data.upload.sizes.iter().map(|pair| &*pair.value).chain(std::iter::repeat(&b"0"[..]));
        data.upload.files.iter().zip(sizes).take(MOST_FIELDS)
    }

    /// `1.1` of `HTTP/1.1`.
    pub(super) fn http_version(&self) -> &'a str {
        let behind = self.data.protocol.split(|&byte| byte == b'/').nth(1).unwrap_or_default();
        let is_number = !behind.is_empty()
            && behind
                .first()
                .zip(behind.last())
                .is_some_and(|(a, b)| a.is_ascii_digit() && b.is_ascii_digit())
            && behind.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
            && behind.iter().filter(|byte| **byte == b'.').count() <= 1;
        std::str::from_utf8(behind).ok().filter(|_| is_number).unwrap_or("0")
    }

    /// A port as a number; 0 for none.
    pub(super) fn port(text: &[u8]) -> u32 {
        std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

/// Fields as an object of texts, values of one name joined.
pub(super) fn joined(json: &mut Json, fields: &[Field]) {
    json.object(|json| {
        for (name, values) in fields {
            json.key(name).bytes(&values.join(&b", "[..]));
        }
    });
}

/// Fields as an object of lists.
pub(super) fn listed(json: &mut Json, fields: &[Field]) {
    json.object(|json| {
        for (name, values) in fields {
            json.key(name).list(values, |json, value| json.bytes(value));
        }
    });
}
