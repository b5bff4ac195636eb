//! The names of variables (ModSecurity reference, "Variables").

use crate::collections::Persistent;
use crate::stored::{Reader, Stored, Writer};

/// A variable or collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Variable {
    Args,
    ArgsCombinedSize,
    ArgsGet,
    ArgsGetNames,
    ArgsNames,
    ArgsPost,
    ArgsPostNames,
    AuthType,
    Duration,
    Env,
    Files,
    FilesCombinedSize,
    FilesNames,
    FilesSizes,
    FilesTmpContent,
    FilesTmpnames,
    FullRequest,
    FullRequestLength,
    Global,
    HighestSeverity,
    InboundDataError,
    Ip,
    MatchedVar,
    MatchedVarName,
    MatchedVars,
    MatchedVarsNames,
    ModsecBuild,
    MultipartBoundaryQuoted,
    MultipartBoundaryWhitespace,
    MultipartCrlfLfLines,
    MultipartDataAfter,
    MultipartDataBefore,
    MultipartFileLimitExceeded,
    MultipartFilename,
    MultipartHeaderFolding,
    MultipartInvalidHeaderFolding,
    MultipartInvalidPart,
    MultipartInvalidQuoting,
    MultipartLfLine,
    MultipartMissingSemicolon,
    MultipartName,
    MultipartPartHeaders,
    MultipartSemicolonMissing,
    MultipartStrictError,
    MultipartUnmatchedBoundary,
    OutboundDataError,
    PathInfo,
    QueryString,
    RemoteAddr,
    RemoteHost,
    RemotePort,
    RemoteUser,
    ReqbodyError,
    ReqbodyErrorMsg,
    ReqbodyProcessor,
    ReqbodyProcessorError,
    ReqbodyProcessorErrorMsg,
    RequestBasename,
    RequestBody,
    RequestBodyLength,
    RequestCookies,
    RequestCookiesNames,
    RequestFilename,
    RequestHeaders,
    RequestHeadersNames,
    RequestLine,
    RequestMethod,
    RequestProtocol,
    RequestUri,
    RequestUriRaw,
    Resource,
    ResponseBody,
    ResponseContentLength,
    ResponseContentType,
    ResponseHeaders,
    ResponseHeadersNames,
    ResponseProtocol,
    ResponseStatus,
    Rule,
    ServerAddr,
    ServerName,
    ServerPort,
    Session,
    SessionId,
    StatusLine,
    Time,
    TimeDay,
    TimeEpoch,
    TimeHour,
    TimeMin,
    TimeMon,
    TimeSec,
    TimeWday,
    TimeYear,
    Tx,
    UniqueId,
    UrlencodedError,
    User,
    UserId,
    Webappid,
    Xml,
}

/// All names, in the order of the table.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// As the place in the table.
impl Stored for Variable {
    fn write(&self, writer: &mut Writer) {
        writer.count(TABLE.iter().position(|(_, variable)| variable == self).unwrap_or(TABLE.len()));
    }

    fn read(reader: &mut Reader<'_>) -> Option<Variable> {
        let (_, variable) = TABLE.get(reader.count()?)?;
        Some(*variable)
    }
}

impl Variable {
    /// The variable of that name, without regard to case. The error says why there is none.
    pub(crate) fn find(name: &str) -> Result<Variable, String> {
        if let Some((_, variable)) = TABLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Ok(*variable);
        }
        match REFUSED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, reason)) => Err(format!("variable `{name}` is not supported: {reason}")),
            None => Err(format!("unknown variable `{name}`")),
        }
    }

    /// The collection that it is, if that outlives transactions.
    pub(crate) fn persistent(self) -> Option<Persistent> {
        match self {
            Variable::Global => Some(Persistent::Global),
            Variable::Ip => Some(Persistent::Ip),
            Variable::Resource => Some(Persistent::Resource),
            Variable::Session => Some(Persistent::Session),
            Variable::User => Some(Persistent::User),
            _ => None,
        }
    }

    /// Whether the other variable has the keys of this collection, or of a part of it.
    pub(crate) fn holds(self, other: Variable) -> bool {
        use Variable::{
            Args, ArgsGet, ArgsGetNames, ArgsNames, ArgsPost, ArgsPostNames, RequestCookies,
            RequestCookiesNames, RequestHeaders, RequestHeadersNames, ResponseHeaders, ResponseHeadersNames,
        };
        match self {
            Args => matches!(other, ArgsGet | ArgsPost | ArgsNames | ArgsGetNames | ArgsPostNames),
            ArgsGet => other == ArgsGetNames,
            ArgsPost => other == ArgsPostNames,
            RequestCookies => other == RequestCookiesNames,
            RequestHeaders => other == RequestHeadersNames,
            ResponseHeaders => other == ResponseHeadersNames,
            _ => false,
        }
    }

    /// Whether no rule can change its values while the rules of a phase run. The request's body can be shown or hidden
    /// by `ctl`, which is minded where that is done.
    pub(crate) fn is_fixed(self) -> bool {
        FIXED.contains(&self)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        TABLE.iter().find(|(_, variable)| *variable == self).map_or("", |(name, _)| name)
    }
}

const TABLE: &[(&str, Variable)] = &[
    ("ARGS", Variable::Args),
    ("ARGS_COMBINED_SIZE", Variable::ArgsCombinedSize),
    ("ARGS_GET", Variable::ArgsGet),
    ("ARGS_GET_NAMES", Variable::ArgsGetNames),
    ("ARGS_NAMES", Variable::ArgsNames),
    ("ARGS_POST", Variable::ArgsPost),
    ("ARGS_POST_NAMES", Variable::ArgsPostNames),
    ("AUTH_TYPE", Variable::AuthType),
    ("DURATION", Variable::Duration),
    ("ENV", Variable::Env),
    ("FILES", Variable::Files),
    ("FILES_COMBINED_SIZE", Variable::FilesCombinedSize),
    ("FILES_NAMES", Variable::FilesNames),
    ("FILES_SIZES", Variable::FilesSizes),
    ("FILES_TMPNAMES", Variable::FilesTmpnames),
    ("FILES_TMP_CONTENT", Variable::FilesTmpContent),
    ("FULL_REQUEST", Variable::FullRequest),
    ("FULL_REQUEST_LENGTH", Variable::FullRequestLength),
    ("GLOBAL", Variable::Global),
    ("HIGHEST_SEVERITY", Variable::HighestSeverity),
    ("INBOUND_DATA_ERROR", Variable::InboundDataError),
    ("IP", Variable::Ip),
    ("MATCHED_VAR", Variable::MatchedVar),
    ("MATCHED_VAR_NAME", Variable::MatchedVarName),
    ("MATCHED_VARS", Variable::MatchedVars),
    ("MATCHED_VARS_NAMES", Variable::MatchedVarsNames),
    ("MODSEC_BUILD", Variable::ModsecBuild),
    ("MULTIPART_BOUNDARY_QUOTED", Variable::MultipartBoundaryQuoted),
    ("MULTIPART_BOUNDARY_WHITESPACE", Variable::MultipartBoundaryWhitespace),
    ("MULTIPART_CRLF_LF_LINES", Variable::MultipartCrlfLfLines),
    ("MULTIPART_DATA_AFTER", Variable::MultipartDataAfter),
    ("MULTIPART_DATA_BEFORE", Variable::MultipartDataBefore),
    ("MULTIPART_FILE_LIMIT_EXCEEDED", Variable::MultipartFileLimitExceeded),
    ("MULTIPART_FILENAME", Variable::MultipartFilename),
    ("MULTIPART_HEADER_FOLDING", Variable::MultipartHeaderFolding),
    ("MULTIPART_INVALID_HEADER_FOLDING", Variable::MultipartInvalidHeaderFolding),
    ("MULTIPART_INVALID_PART", Variable::MultipartInvalidPart),
    ("MULTIPART_INVALID_QUOTING", Variable::MultipartInvalidQuoting),
    ("MULTIPART_LF_LINE", Variable::MultipartLfLine),
    ("MULTIPART_MISSING_SEMICOLON", Variable::MultipartMissingSemicolon),
    ("MULTIPART_NAME", Variable::MultipartName),
    ("MULTIPART_PART_HEADERS", Variable::MultipartPartHeaders),
    ("MULTIPART_SEMICOLON_MISSING", Variable::MultipartSemicolonMissing),
    ("MULTIPART_STRICT_ERROR", Variable::MultipartStrictError),
    ("MULTIPART_UNMATCHED_BOUNDARY", Variable::MultipartUnmatchedBoundary),
    ("OUTBOUND_DATA_ERROR", Variable::OutboundDataError),
    ("PATH_INFO", Variable::PathInfo),
    ("QUERY_STRING", Variable::QueryString),
    ("REMOTE_ADDR", Variable::RemoteAddr),
    ("REMOTE_HOST", Variable::RemoteHost),
    ("REMOTE_PORT", Variable::RemotePort),
    ("REMOTE_USER", Variable::RemoteUser),
    ("REQBODY_ERROR", Variable::ReqbodyError),
    ("REQBODY_ERROR_MSG", Variable::ReqbodyErrorMsg),
    ("REQBODY_PROCESSOR", Variable::ReqbodyProcessor),
    ("REQBODY_PROCESSOR_ERROR", Variable::ReqbodyProcessorError),
    ("REQBODY_PROCESSOR_ERROR_MSG", Variable::ReqbodyProcessorErrorMsg),
    ("REQUEST_BASENAME", Variable::RequestBasename),
    ("REQUEST_BODY", Variable::RequestBody),
    ("REQUEST_BODY_LENGTH", Variable::RequestBodyLength),
    ("REQUEST_COOKIES", Variable::RequestCookies),
    ("REQUEST_COOKIES_NAMES", Variable::RequestCookiesNames),
    ("REQUEST_FILENAME", Variable::RequestFilename),
    ("REQUEST_HEADERS", Variable::RequestHeaders),
    ("REQUEST_HEADERS_NAMES", Variable::RequestHeadersNames),
    ("REQUEST_LINE", Variable::RequestLine),
    ("REQUEST_METHOD", Variable::RequestMethod),
    ("REQUEST_PROTOCOL", Variable::RequestProtocol),
    ("REQUEST_URI", Variable::RequestUri),
    ("REQUEST_URI_RAW", Variable::RequestUriRaw),
    ("RESOURCE", Variable::Resource),
    ("RESPONSE_BODY", Variable::ResponseBody),
    ("RESPONSE_CONTENT_LENGTH", Variable::ResponseContentLength),
    ("RESPONSE_CONTENT_TYPE", Variable::ResponseContentType),
    ("RESPONSE_HEADERS", Variable::ResponseHeaders),
    ("RESPONSE_HEADERS_NAMES", Variable::ResponseHeadersNames),
    ("RESPONSE_PROTOCOL", Variable::ResponseProtocol),
    ("RESPONSE_STATUS", Variable::ResponseStatus),
    ("RULE", Variable::Rule),
    ("SERVER_ADDR", Variable::ServerAddr),
    ("SERVER_NAME", Variable::ServerName),
    ("SERVER_PORT", Variable::ServerPort),
    ("SESSION", Variable::Session),
    ("SESSIONID", Variable::SessionId),
    ("STATUS_LINE", Variable::StatusLine),
    ("TIME", Variable::Time),
    ("TIME_DAY", Variable::TimeDay),
    ("TIME_EPOCH", Variable::TimeEpoch),
    ("TIME_HOUR", Variable::TimeHour),
    ("TIME_MIN", Variable::TimeMin),
    ("TIME_MON", Variable::TimeMon),
    ("TIME_SEC", Variable::TimeSec),
    ("TIME_WDAY", Variable::TimeWday),
    ("TIME_YEAR", Variable::TimeYear),
    ("TX", Variable::Tx),
    ("UNIQUE_ID", Variable::UniqueId),
    ("URLENCODED_ERROR", Variable::UrlencodedError),
    ("USER", Variable::User),
    ("USERID", Variable::UserId),
    ("WEBAPPID", Variable::Webappid),
    ("XML", Variable::Xml),
];

/// What rules cannot change: see [`Variable::is_fixed`].
const FIXED: &[Variable] = &[
    Variable::Args,
    Variable::ArgsCombinedSize,
    Variable::ArgsGet,
    Variable::ArgsGetNames,
    Variable::ArgsNames,
    Variable::ArgsPost,
    Variable::ArgsPostNames,
    Variable::AuthType,
    Variable::Files,
    Variable::FilesCombinedSize,
    Variable::FilesNames,
    Variable::FilesSizes,
    Variable::FullRequest,
    Variable::FullRequestLength,
    Variable::MultipartFilename,
    Variable::MultipartName,
    Variable::MultipartPartHeaders,
    Variable::PathInfo,
    Variable::QueryString,
    Variable::RemoteAddr,
    Variable::RemoteHost,
    Variable::RemotePort,
    Variable::RequestBasename,
    Variable::RequestBody,
    Variable::RequestBodyLength,
    Variable::RequestCookies,
    Variable::RequestCookiesNames,
    Variable::RequestFilename,
    Variable::RequestHeaders,
    Variable::RequestHeadersNames,
    Variable::RequestLine,
    Variable::RequestMethod,
    Variable::RequestProtocol,
    Variable::RequestUri,
    Variable::RequestUriRaw,
    Variable::ResponseBody,
    Variable::ResponseContentLength,
    Variable::ResponseContentType,
    Variable::ResponseHeaders,
    Variable::ResponseHeadersNames,
    Variable::ResponseProtocol,
    Variable::ResponseStatus,
    Variable::ServerAddr,
    Variable::ServerName,
    Variable::ServerPort,
    Variable::StatusLine,
    Variable::Xml,
];

/// What is known and not to be had, and why.
const REFUSED: &[(&str, &str)] = &[
    ("GEO", "there is no geolocation database"),
    ("SCRIPT_BASENAME", "a proxy runs no scripts"),
    ("SCRIPT_FILENAME", "a proxy runs no scripts"),
];
