//! What the driver remembers of one direction of a stream.

use crate::phases::side::Unholdable;
use crate::phases::stages::{Stage, Stages};
use crate::phases::watchdog::Hold;
use portcullis_core::{Access, Body, Over};
use std::ops::Range;
use std::rc::Rc;

/// One direction of a stream.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Phases that are due now.
    pub(crate) stages: Stages,
    /// The engine's wish for the body.
    pub(crate) wish: Body0,
    /// How body callbacks are treated.
    pub(crate) mode: Mode,
    pub(crate) headers: HeaderState,
    /// The phase whose verdict waits for a call.
    pub(crate) waiting: Option<Stage>,
    /// The bytes of the host's buffer that the body phase is about, while its phases run.
    pub(crate) delivery: Option<Range<usize>>,
    /// How many bytes of the host's buffer the engine has seen since the last callback, and how many stand there now.
    pub(crate) settled: (usize, usize),
    /// What stands in their place, once the engine has said so.
    pub(crate) replacement: Option<Vec<u8>>,
    /// Copies of bytes that went on without waiting.
    pub(crate) kept: Vec<u8>,
    /// Bytes that the host holds because we paused.
    pub(crate) buffered: usize,
    /// The end of the body, or its trailers, came while a call was under way.
    pub(crate) ending: Option<Ending>,
    /// The engine has had this message's headers.
    pub(crate) begun: bool,
    /// The engine has had its end phase.
    pub(crate) ended: bool,
    /// A call made the headers wait where the listener does not hold them, which stops everything until we resume.
    pub(crate) halted: bool,
    /// Bytes of this lane in the VM's account of held bytes.
    pub(crate) accounted: usize,
}

/// [`Body`] with the default that a stream starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Body0(pub(crate) Body);

impl Default for Body0 {
    fn default() -> Body0 {
        Body0(Body::Skip)
    }
}

/// How body callbacks are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    /// Everything goes on; the engine is not asked.
    #[default]
    Pass,
    /// Each piece is given to the engine and goes on.
    Chunks(Access),
    /// The host holds all until the end.
    Gather {
        max: usize,
        access: Access,
        over: Over,
        /// Gathered only because trailers are announced: the engine streams, so a long body goes on in pieces.
        streams: bool,
    },
    /// Everything goes on; a copy is kept for the engine's end (shadow).
    Copy { max: usize },
    /// Everything goes on; a copy is kept in case the message turns out to be an ordinary one.
    Flow(Unholdable),
}

/// Where the headers are.
#[derive(Debug, Default)]
pub(crate) enum HeaderState {
    /// In their own phase, or not there yet.
    #[default]
    Open,
    /// Held until the body has been seen.
    Held(Rc<Hold>),
    /// On their way.
    Gone,
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Body,
    Trailers,
}

impl Lane {
    /// Whether edits of headers still reach the wire.
    pub(crate) fn headers_editable(&self) -> bool {
        match &self.headers {
            HeaderState::Open => true,
            HeaderState::Held(hold) => !hold.is_released(),
            HeaderState::Gone => false,
        }
    }

    /// Whether the engine may put other bytes in place of those delivered.
    pub(crate) fn body_editable(&self, truncated: bool) -> bool {
        !truncated
            && matches!(self.mode, Mode::Chunks(Access::Edit) | Mode::Gather { access: Access::Edit, .. })
    }

    /// Whether this message was stopped whole at its headers, the listener not holding headers alone, and has been resumed since.
    pub(crate) fn was_halted(&self) -> bool {
        self.halted || matches!(&self.headers, HeaderState::Held(hold) if hold.is_released())
    }

    /// From here on all passes.
    pub(crate) fn pass(&mut self) {
        self.stages.clear();
        self.mode = Mode::Pass;
        self.replacement = None;
        self.kept = Vec::new();
        self.waiting = None;
    }

    /// The phases that deliver what the host holds: the bytes if there are any, then the end as it came.
    pub(crate) fn deliver(&mut self, range: Range<usize>, ending: Option<Ending>) {
        if !range.is_empty() {
            self.stages = self.stages.with(Stage::Body);
        }
        if ending == Some(Ending::Trailers) {
            self.stages = self.stages.with(Stage::Trailers);
        }
        if ending.is_some() {
            self.stages = self.stages.with(Stage::End);
        }
        self.delivery = Some(range);
    }
}
