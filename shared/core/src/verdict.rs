//! What an engine wants done: data that the host applies.

use crate::call::Call;
use crate::edit::{Edit, EditError, RequestEdit, ResponseEdit};
use crate::effect::Effect;
use crate::reply::Reply;

/// The outcome of a phase of the request.
pub type RequestVerdict = Verdict<RequestEdit>;
/// The outcome of a phase of the response.
pub type ResponseVerdict = Verdict<ResponseEdit>;

/// The outcome of one phase. The default continues and changes nothing.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a verdict that nobody applies is a request that nobody guards"]
pub struct Verdict<E> {
    /// Whether the stream goes on.
    pub flow: Flow,
    /// Edits of this side's headers (of the trailers, in a trailers phase). After the headers' own phase they need
    /// headers that are still held; otherwise the host drops them and counts `late_edits`.
    pub edits: Vec<E>,
    /// How the rest of the body is to be read; `None` leaves it as it was. A stream starts with [`Body::Skip`].
    pub body: Option<Body>,
    /// What becomes of the bytes just handed in; in an end phase, what follows them.
    pub content: BodyEdit,
    /// Metrics, log lines, filter state, calls of the background.
    pub effects: Vec<Effect>,
}

impl<E> Default for Verdict<E> {
    fn default() -> Verdict<E> {
        Verdict {
            flow: Flow::Continue,
            edits: Vec::new(),
            body: None,
            content: BodyEdit::Keep,
            effects: Vec::new(),
        }
    }
}

impl<E> Verdict<E> {
    /// Goes on and changes nothing.
    pub fn proceed() -> Verdict<E> {
        Verdict::default()
    }

    /// Answers the client in place of the upstream.
    pub fn reply(reply: Reply) -> Verdict<E> {
        Verdict { flow: Flow::Reply(reply), ..Verdict::default() }
    }

    /// Reports an error that the engine handled; the host decides by `onError`.
    pub fn fail(failure: Failure) -> Verdict<E> {
        Verdict { flow: Flow::Fail(failure), ..Verdict::default() }
    }

    /// Holds the stream until a service has answered.
    pub fn ask(call: Call) -> Verdict<E> {
        Verdict { flow: Flow::Ask(call), ..Verdict::default() }
    }

    /// The same verdict with a wish for the body.
    pub fn with_body(mut self, body: Body) -> Verdict<E> {
        self.body = Some(body);
        self
    }

    /// The same verdict with other bytes in place of those just handed in.
    pub fn with_content(mut self, bytes: Vec<u8>) -> Verdict<E> {
        self.content = BodyEdit::Replace(bytes);
        self
    }

    /// The same verdict with one more effect.
    pub fn with_effect(mut self, effect: Effect) -> Verdict<E> {
        self.effects.push(effect);
        self
    }
}

impl<E: TryFrom<Edit, Error = EditError>> Verdict<E> {
    /// The same verdict with one more edit; fails where this side has no such header.
    pub fn with_edit(mut self, edit: Edit) -> Result<Verdict<E>, EditError> {
        self.edits.push(E::try_from(edit)?);
        Ok(self)
    }
}

/// Whether and how a stream goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Flow {
    /// On to the next phase.
    Continue,
    /// The client gets this; nothing held goes anywhere. Where response headers have left already, the stream is reset.
    Reply(Reply),
    /// The stream waits, held, until `*_call_done` has been given the answer. That verdict stands for this phase:
    /// edits, content and wish of the asking verdict are not used.
    Ask(Call),
    /// The engine could not do its work; `onError` decides. Where the bytes of a body phase pass, `content` counts: an
    /// engine that kept bytes back gives them there, for it is not asked again.
    Fail(Failure),
    /// The stream is closed without an answer.
    Reset,
}

/// How a body is to be handed to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Not at all.
    Skip,
    /// As it comes, each byte once. With [`Access::Edit`] the engine may keep bytes back and give them out later, at
    /// the latest in the end phase; then the message loses its `content-length`.
    Chunks(Access),
    /// Once, whole, when it has ended. Headers stay held meanwhile where the listener allows it.
    Whole {
        /// The most bytes that are held; the host lowers it to its own buffer limit.
        max: usize,
        /// Whether the engine may put other bytes in place.
        access: Access,
        /// What becomes of a longer body.
        over: Over,
    },
}

/// Whether a body is looked at or changed. A reader leaves `content-length` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looked at; [`BodyEdit::Replace`] is refused.
    Read,
    /// Perhaps changed.
    Edit,
}

/// What becomes of a body that is longer than `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// A request is answered 413, a response 502 (reset, where its headers have left).
    Refuse,
    /// The engine is given the first `max` bytes, marked truncated, and the rest passes, counted as uninspected.
    /// Replacing is refused then.
    Pass,
}

/// What becomes of body bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BodyEdit {
    /// They stay as they are.
    #[default]
    Keep,
    /// These stand in their place; in an end phase these are added behind them.
    Replace(Vec<u8>),
}

/// An error that an engine met and handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The cause, for the metric.
    pub kind: FailureKind,
    /// The answer under `onError: deny`; `None` means 500.
    pub status: Option<u16>,
    /// One line for the log, without any value from traffic.
    pub message: String,
}

impl Failure {
    /// A failure that denies with 500.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure { kind, status: None, message: message.into() }
    }
}

/// Causes of failure; each is a metric `portcullis_<filter>_errors_total` with a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// `limits.fuel` was used up.
    Fuel,
    /// A limit on size, depth or number was passed.
    Limit,
    /// The body or a header could not be read as what it says it is.
    Parse,
    /// A template, policy or rule went wrong at run time.
    Evaluation,
    /// A call to a service failed.
    Call,
    /// `limits.heldBytes` of the VM was used up.
    Memory,
    /// What should be done cannot be done any more: headers have left, the body would grow past the host's limit.
    TooLate,
}

impl FailureKind {
    /// All kinds, in the order of their metrics.
    pub const ALL: [FailureKind; 7] = [
        FailureKind::Fuel,
        FailureKind::Limit,
        FailureKind::Parse,
        FailureKind::Evaluation,
        FailureKind::Call,
        FailureKind::Memory,
        FailureKind::TooLate,
    ];

    /// The word that metrics and logs use.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Fuel => "fuel",
            FailureKind::Limit => "limit",
            FailureKind::Parse => "parse",
            FailureKind::Evaluation => "evaluation",
            FailureKind::Call => "call",
            FailureKind::Memory => "memory",
            FailureKind::TooLate => "too_late",
        }
    }
}
