//! The verbs that run rules, with the store that persistent collections live in.

use super::{Interruption, Transaction};
use crate::actions::Phase;
use crate::collections::{Archive, Forgetful, Table};
use crate::ruleset::Engine;
use portcullis_core::{OutOfFuel, Store};

/// A transaction with its store: what rules keep in `IP`, `SESSION` and their kin, the next transaction finds there.
pub struct Phases<'t, 's> {
    transaction: &'t mut Transaction,
    archive: Archive<'s>,
}

impl Transaction {
    /// The verbs that run rules, with a store. Their namesakes of the transaction itself keep nothing beyond it.
    pub fn phases<'t, 's>(&'t mut self, table: &'s Table, store: &'s mut dyn Store) -> Phases<'t, 's> {
        Phases { transaction: self, archive: Archive { table, store } }
    }

    fn alone<R>(&mut self, run: impl FnOnce(Phases<'_, '_>) -> R) -> R {
        run(self.phases(&Table::default(), &mut Forgetful))
    }

    /// Phase 1.
    pub fn process_request_headers(&mut self) -> Result<Option<&Interruption>, OutOfFuel> {
        self.alone(|phases| phases.process_request_headers().map(drop))?;
        Ok(self.interruption())
    }

    /// Phase 2, when the request's body has ended; also where there is none.
    pub fn process_request_body(&mut self) -> Result<Option<&Interruption>, OutOfFuel> {
        self.alone(|phases| phases.process_request_body().map(drop))?;
        Ok(self.interruption())
    }

    /// Phase 3.
    pub fn process_response_headers(
        &mut self,
        status: u16,
        protocol: &[u8],
    ) -> Result<Option<&Interruption>, OutOfFuel> {
        self.alone(|phases| phases.process_response_headers(status, protocol).map(drop))?;
        Ok(self.interruption())
    }

    /// Phase 4.
    pub fn process_response_body(&mut self) -> Result<Option<&Interruption>, OutOfFuel> {
        self.alone(|phases| phases.process_response_body().map(drop))?;
        Ok(self.interruption())
    }

    /// Phase 5; nothing can be stopped any more.
    pub fn process_logging(&mut self) -> Result<(), OutOfFuel> {
        self.alone(|phases| phases.process_logging())
    }
}

impl<'t> Phases<'t, '_> {
    /// Phase 1.
    pub fn process_request_headers(self) -> Result<Option<&'t Interruption>, OutOfFuel> {
        self.transaction.choose_body_processor();
        self.run(Phase::RequestHeaders)
    }

    /// Phase 2, when the request's body has ended; also where there is none.
    pub fn process_request_body(self) -> Result<Option<&'t Interruption>, OutOfFuel> {
        let transaction = &mut *self.transaction;
        let wanted = transaction.engine != Engine::Off && transaction.request_body_access;
        transaction.remark_body_access();
        if wanted && transaction.interruption.is_none() {
            transaction.read_body()?;
        }
        self.run(Phase::RequestBody)
    }

    /// Phase 3.
    pub fn process_response_headers(
        self,
        status: u16,
        protocol: &[u8],
    ) -> Result<Option<&'t Interruption>, OutOfFuel> {
        self.transaction.data.response_status = Some(status);
        self.transaction.data.response_protocol = protocol.to_vec();
        self.run(Phase::ResponseHeaders)
    }

    /// Phase 4.
    pub fn process_response_body(self) -> Result<Option<&'t Interruption>, OutOfFuel> {
        if self.transaction.interruption.is_none() {
            self.transaction.read_response()?;
        }
        self.run(Phase::ResponseBody)
    }

    /// Phase 5; nothing can be stopped any more.
    pub fn process_logging(mut self) -> Result<(), OutOfFuel> {
        let run = self.transaction.evaluate(Phase::Logging, &mut self.archive);
        self.transaction.write_kept(&mut self.archive);
        self.transaction.remark_audit();
        run
    }

    fn run(mut self, phase: Phase) -> Result<Option<&'t Interruption>, OutOfFuel> {
        let transaction = self.transaction;
        if transaction.interruption.is_none() {
            let run = transaction.evaluate(phase, &mut self.archive);
            transaction.write_kept(&mut self.archive);
            run?;
        }
        Ok(transaction.interruption())
    }
}
