//! What directives set for the whole engine.

use crate::audit::{AuditEngine, Parts};
use crate::stored::stored_enum;

/// The engine's settings, with ModSecurity's defaults but where a note says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `SecRuleEngine`; until a directive says otherwise rules run and stop nothing, as in ModSecurity v3.
    pub engine: Engine,
    /// `SecRequestBodyAccess`; on by default, for ModSecurity v3 reads bodies unless it is `Off`.
    pub request_body_access: bool,
    /// `SecRequestBodyLimit`, bytes.
    pub request_body_limit: usize,
    /// `SecRequestBodyLimitAction`.
    pub request_body_over: OverLimit,
    /// `SecRequestBodyNoFilesLimit`, bytes of a body that is no upload.
    pub request_body_no_files_limit: usize,
    /// `SecRequestBodyJsonDepthLimit`; 64 by default.
    pub json_depth: usize,
    /// `SecArgumentsLimit`.
    pub arguments_limit: usize,
    /// `SecCookieFormat`.
    pub cookie_format: CookieFormat,
    /// `SecParseXmlIntoArgs`.
    pub xml_into_arguments: XmlArguments,
    /// `SecArgumentSeparator`.
    pub argument_separator: u8,
    /// `SecResponseBodyAccess`.
    pub response_body_access: bool,
    /// `SecResponseBodyLimit`, bytes.
    pub response_body_limit: usize,
    /// `SecResponseBodyLimitAction`; by default a long response passes, as in ModSecurity v3.
    pub response_body_over: OverLimit,
    /// `SecResponseBodyMimeType`, lower case.
    pub response_mime_types: Vec<String>,
    /// `SecCollectionTimeout`, seconds without a write after which an instance of a persistent collection is gone.
    pub collection_timeout: u32,
    /// `SecUploadKeepFiles` or `SecTmpSaveUploadedFiles`: whether rules see the files of an upload.
    pub keeps_files: bool,
    /// `SecUploadFileLimit`: how many files of one upload are kept; 0 for all.
    pub upload_file_limit: usize,
    /// `SecAuditEngine`.
    pub audit_engine: AuditEngine,
    /// `SecAuditLogParts`.
    pub audit_parts: Parts,
    /// `SecAuditLogRelevantStatus`; empty for none.
    pub audit_relevant_status: String,
    /// `SecWebAppId`.
    pub web_app_id: String,
    /// `SecComponentSignature`, all of them.
    pub components: Vec<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            engine: Engine::DetectionOnly,
            request_body_access: true,
            request_body_limit: 13_107_200,
            request_body_over: OverLimit::Reject,
            request_body_no_files_limit: 131_072,
            json_depth: 64,
            arguments_limit: 1_000,
            cookie_format: CookieFormat::Netscape,
            xml_into_arguments: XmlArguments::Off,
            argument_separator: b'&',
            response_body_access: false,
            response_body_limit: 524_288,
            response_body_over: OverLimit::ProcessPartial,
            response_mime_types: vec!["text/plain".to_owned(), "text/html".to_owned()],
            collection_timeout: 3_600,
            keeps_files: false,
            upload_file_limit: 100,
            audit_engine: AuditEngine::default(),
            audit_parts: Parts::default(),
            audit_relevant_status: String::new(),
            web_app_id: String::new(),
            components: Vec::new(),
        }
    }
}

/// Whether rules run, and whether they stop anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// They run, and disruptive actions count.
    On,
    /// They do not run.
    #[default]
    Off,
    /// They run, and nothing is stopped.
    DetectionOnly,
}

stored_enum!(XmlArguments { 0 => Off, 1 => On, 2 => Only });
stored_enum!(Engine { 0 => On, 1 => Off, 2 => DetectionOnly });

impl Engine {
    /// Reads a value of `SecRuleEngine`.
    pub(crate) fn parse(text: &str) -> Result<Engine, String> {
        match text.to_ascii_lowercase().as_str() {
            "on" => Ok(Engine::On),
            "off" => Ok(Engine::Off),
            "detectiononly" => Ok(Engine::DetectionOnly),
            _ => Err(format!("`{text}` is none of `On`, `Off`, `DetectionOnly`")),
        }
    }
}

/// How cookie headers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieFormat {
    /// `0`: `name=value; name=value`.
    Netscape,
    /// `1`: `$Version="1"; name="value"; $Path="/"` (RFC 2109).
    Version1,
}

/// Whether the texts of an XML body are arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XmlArguments {
    /// They are not.
    Off,
    /// They are, and `XML` is there too.
    On,
    /// They are, and `XML` is not there.
    Only,
}

impl XmlArguments {
    /// Reads a value of `SecParseXmlIntoArgs`.
    pub(crate) fn parse(text: &str) -> Result<XmlArguments, String> {
        match text.to_ascii_lowercase().as_str() {
            "on" => Ok(XmlArguments::On),
            "off" => Ok(XmlArguments::Off),
            "onlyargs" => Ok(XmlArguments::Only),
            _ => Err(format!("`{text}` is none of `On`, `Off`, `OnlyArgs`")),
        }
    }
}

/// What becomes of a body beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    /// It is refused.
    Reject,
    /// What lies within the limit is looked at, and the rest passes.
    ProcessPartial,
}
