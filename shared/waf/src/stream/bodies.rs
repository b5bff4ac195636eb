//! Bodies on their way to the rules: decoded, within limits, and counted where rules have not seen them.

use super::WafStream;
use crate::Phase;
use crate::coded::{self, AcceptEncoding, Uninspected};
use crate::plugin::{BROKEN_CODINGS, DECODED_TOO_LONG, UNKNOWN_CODINGS};
use crate::ruleset::Engine;
use portcullis_core::{Edit, Effect, Exchange, OutOfFuel, RequestEdit, Verdict};
use portcullis_http::coding::DecodeLimits;

impl WafStream {
    pub(super) fn read_request_body(
        &mut self,
        exchange: &Exchange,
        body: &[u8],
    ) -> Result<Option<Uninspected>, OutOfFuel> {
        let Some((longest, _)) = self.transaction.wants_request_body() else { return Ok(None) };
        let decoded = coded::decode(&exchange.request, body, self.decode_limits(longest), &self.transaction)?;
        self.transaction.write_request_body(&decoded.bytes);
        match decoded.fault {
            Some(Uninspected::TooLong) => drop(self.transaction.refuse_request_body()),
            Some(Uninspected::BrokenCoding) => self.transaction.mark_broken_coding(),
            Some(Uninspected::UnknownCoding) | None => {}
        }
        Ok(decoded.fault)
    }

    pub(super) fn read_response_body(
        &mut self,
        exchange: &Exchange,
        body: &[u8],
    ) -> Result<Option<Uninspected>, OutOfFuel> {
        let Some((longest, _)) = self.transaction.wants_response_body() else { return Ok(None) };
        let decoded =
            coded::decode(&exchange.response, body, self.decode_limits(longest), &self.transaction)?;
        self.transaction.write_response_body(&decoded.bytes);
        if decoded.fault == Some(Uninspected::TooLong) {
            self.transaction.refuse_response_body();
        }
        Ok(decoded.fault)
    }

    /// One byte more than is looked at shows that there is more.
    fn decode_limits(&self, longest: usize) -> DecodeLimits {
        let bytes = longest.min(self.waf.max_body).saturating_add(1);
        DecodeLimits { bytes, ratio: self.waf.max_inflation }
    }

    /// The verdict on a body that has been read; its rules run at its end.
    pub(super) fn body_verdict<E>(
        &mut self,
        exchange: &Exchange,
        phase: Phase,
        run: Result<Option<Uninspected>, OutOfFuel>,
    ) -> Verdict<E> {
        let fault = *run.as_ref().unwrap_or(&None);
        let mut verdict = match run.is_err() || self.transaction.interruption().is_some() {
            true => self.verdict(exchange, phase, run.map(drop)),
            false => Verdict::proceed(),
        };
        if let Some(fault) = fault.filter(|_| self.transaction.interruption().is_none()) {
            let metric = match fault {
                Uninspected::UnknownCoding => UNKNOWN_CODINGS,
                Uninspected::BrokenCoding => BROKEN_CODINGS,
                Uninspected::TooLong => DECODED_TOO_LONG,
            };
            verdict.effects.push(Effect::Count { metric, by: 1 });
        }
        verdict
    }

    /// The request's `accept-encoding` without what rules could not look into, if it has such and a response is looked at.
    pub(super) fn narrowed(&self, exchange: &Exchange) -> Option<RequestEdit> {
        let wanted = self.waf.accept_encoding == AcceptEncoding::Narrow
            && self.transaction.engine() != Engine::Off
            && self.waf.ruleset.settings().response_body_access;
        if !wanted {
            return None;
        }
        let given: Vec<&[u8]> = exchange.request.get_all("accept-encoding").collect();
        let value = portcullis_http::coding::narrowed(&given.join(&b", "[..]))?;
        RequestEdit::try_from(Edit::set("accept-encoding", value).ok()?).ok()
    }
}
