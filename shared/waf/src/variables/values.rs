//! The values of variables in a transaction.

use super::names::Variable;
use super::selection::Key;
use crate::collections::Persistent;
use crate::time::Calendar;
use crate::transaction::{Data, Dom, Pair, View};
use crate::xpath::{Selected, select};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// A value and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a> {
    /// The member's name; empty for what is no collection.
    pub(crate) key: Cow<'a, [u8]>,
    pub(crate) value: Cow<'a, [u8]>,
}

/// What rules that ask for a version are told: ModSecurity 3.0.14, whose language this is.
const MODSEC_BUILD: &[u8] = b"030014100";

type Take<'t, 'a> = &'t mut dyn FnMut(Item<'a>) -> ControlFlow<()>;

/// Hands out all members of a variable.
pub(crate) fn each<'a>(variable: Variable, view: View<'a>, take: Take<'_, 'a>) -> ControlFlow<()> {
    let data = view.data;
    match variable {
        Variable::Args => {
            pairs(&data.args_get, take)?;
            pairs(&data.args_post, take)
        }
        Variable::ArgsPath => pairs(&data.args_path, take),
        Variable::ResponseArgs => pairs(&data.response_args, take),
        Variable::ArgsGet => pairs(&data.args_get, take),
        Variable::ArgsPost => pairs(&data.args_post, take),
        Variable::ArgsNames => {
            names(&data.args_get, take)?;
            names(&data.args_post, take)
        }
        Variable::ArgsGetNames => names(&data.args_get, take),
        Variable::ArgsPostNames => names(&data.args_post, take),
        Variable::RequestHeaders => pairs(&data.request_headers, take),
        Variable::RequestHeadersNames => names(&data.request_headers, take),
        Variable::RequestCookies => pairs(&data.cookies, take),
        Variable::RequestCookiesNames => names(&data.cookies, take),
        Variable::ResponseHeaders => pairs(&data.response_headers, take),
        Variable::ResponseHeadersNames => names(&data.response_headers, take),
        Variable::MatchedVars => pairs(&data.matched_vars, take),
        Variable::MatchedVarsNames => names(&data.matched_vars, take),
        Variable::Files => pairs(&data.upload.files, take),
        Variable::FilesTmpContent => contents(data, take),
        Variable::FilesTmpnames => texts(&data.upload.kept, take),
        Variable::MultipartFilename => pairs(&data.upload.filenames, take),
        Variable::FilesNames => names(&data.upload.files, take),
        Variable::MultipartName => names(&data.upload.parts, take),
        Variable::FilesSizes => pairs(&data.upload.sizes, take),
        Variable::MultipartPartHeaders => pairs(&data.upload.part_headers, take),
        Variable::Tx => map(&data.tx, take),
        Variable::Env => map(&data.env, take),
        Variable::Global => kept(Persistent::Global, data, take),
        Variable::Ip => kept(Persistent::Ip, data, take),
        Variable::Resource => kept(Persistent::Resource, data, take),
        Variable::Session => kept(Persistent::Session, data, take),
        Variable::User => kept(Persistent::User, data, take),
        Variable::Rule => rule(view, take),
        Variable::Xml | Variable::ResponseXml => xml(variable, view, &Key::Any, take),
        _ => match scalar(variable, data) {
            Some(value) => take(Item { key: Cow::Borrowed(&[]), value }),
            None => ControlFlow::Continue(()),
        },
    }
}

/// The member at a place, of the collections that have it at hand.
pub(crate) fn nth(variable: Variable, data: &Data, place: usize) -> Option<Item<'_>> {
    fn value(pair: &Pair) -> Item<'_> {
        Item { key: Cow::Borrowed(&pair.name), value: Cow::Borrowed(&pair.value) }
    }
    fn name(pair: &Pair) -> Item<'_> {
        Item { key: Cow::Borrowed(&pair.name), value: Cow::Borrowed(&pair.name) }
    }
    let behind = place.checked_sub(data.args_get.len());
    let argument = || match behind {
        None => data.args_get.get(place),
        Some(place) => data.args_post.get(place),
    };
    match variable {
        Variable::Args => argument().map(value),
        Variable::ArgsNames => argument().map(name),
        Variable::RequestHeaders => data.request_headers.get(place).map(value),
        Variable::RequestHeadersNames => data.request_headers.get(place).map(name),
        Variable::RequestCookies => data.cookies.get(place).map(value),
        Variable::RequestCookiesNames => data.cookies.get(place).map(name),
        _ => None,
    }
}

/// `XML:/*` is all text, `XML://@*` the values of all attributes; other expressions are evaluated. Where that would
/// take too long the rule sees all text.
pub(crate) fn xml<'a>(variable: Variable, view: View<'a>, key: &Key, take: Take<'_, 'a>) -> ControlFlow<()> {
    let (xml, body) = match variable {
        Variable::ResponseXml => (&view.data.response_xml, &view.data.response_body),
        _ => (&view.data.xml, &view.data.request_body),
    };
    let Some(xml) = xml else { return ControlFlow::Continue(()) };
    if let Key::Path(path) = key {
        let dom = xml.dom.get_or_init(|| Dom::read(body, view.data.xml_depth).ok());
        let namespaces = view.rule.map_or(&[][..], |rule| &rule.actions.namespaces);
        if let Some(Selected::Nodes(nodes)) = dom.as_ref().map(|dom| select(path, dom, namespaces)) {
            let key: Cow<'_, [u8]> = Cow::Owned(path.source().as_bytes().to_vec());
            return nodes
                .into_iter()
                .try_for_each(|node| take(Item { key: key.clone(), value: Cow::Owned(node) }));
        }
    }
    let attributes = matches!(key, Key::Name(path) if path.starts_with("//@"));
    if !attributes {
        let (key, value) = (Cow::Borrowed(&b"/*"[..]), Cow::Borrowed(&*xml.text));
        return take(Item { key, value });
    }
    for value in &xml.attributes {
        take(Item { key: Cow::Borrowed(b"//@*"), value: Cow::Borrowed(value) })?;
    }
    ControlFlow::Continue(())
}

fn pairs<'a>(pairs: &'a [Pair], take: Take<'_, 'a>) -> ControlFlow<()> {
    pairs
        .iter()
        .try_for_each(|pair| take(Item { key: Cow::Borrowed(&pair.name), value: Cow::Borrowed(&pair.value) }))
}

fn texts<'a>(texts: &'a [Vec<u8>], take: Take<'_, 'a>) -> ControlFlow<()> {
    texts.iter().try_for_each(|text| take(Item { key: Cow::Borrowed(text), value: Cow::Borrowed(text) }))
}

/// The files of an upload.
fn contents<'a>(data: &'a Data, take: Take<'_, 'a>) -> ControlFlow<()> {
    data.upload.contents.iter().try_for_each(|(name, range)| {
        let content = data.request_body.get(range.clone()).unwrap_or_default();
        take(Item { key: Cow::Borrowed(name), value: Cow::Borrowed(content) })
    })
}

fn names<'a>(pairs: &'a [Pair], take: Take<'_, 'a>) -> ControlFlow<()> {
    pairs
        .iter()
        .try_for_each(|pair| take(Item { key: Cow::Borrowed(&pair.name), value: Cow::Borrowed(&pair.name) }))
}

fn map<'a>(map: &'a crate::transaction::Map, take: Take<'_, 'a>) -> ControlFlow<()> {
    map.iter()
        .try_for_each(|(name, value)| take(Item { key: Cow::Borrowed(name), value: Cow::Borrowed(value) }))
}

fn kept<'a>(collection: Persistent, data: &'a Data, take: Take<'_, 'a>) -> ControlFlow<()> {
    data.collections
        .values(collection, data.time.as_secs())
        .try_for_each(|(name, value)| take(Item { key: Cow::Borrowed(name), value: Cow::Borrowed(value) }))
}

/// The member of a persistent collection that is there without being set: it has to be asked for by name.
pub(crate) fn built_in<'a>(
    collection: Persistent,
    view: View<'a>,
    key: &Key,
    take: Take<'_, 'a>,
) -> ControlFlow<()> {
    let data = view.data;
    let times = (data.time.as_secs(), data.collection_timeout);
    match key {
        Key::Name(name) => match data.collections.built_in(collection, name.as_bytes(), times) {
            Some((name, value)) => take(Item { key: Cow::Borrowed(name), value }),
            None => ControlFlow::Continue(()),
        },
        _ => ControlFlow::Continue(()),
    }
}

/// A member of `RULE`, if the rule has it.
type Member<'a> = (&'static [u8], Option<Cow<'a, [u8]>>);

fn rule<'a>(view: View<'a>, take: Take<'_, 'a>) -> ControlFlow<()> {
    let Some(rule) = view.rule else { return ControlFlow::Continue(()) };
    let meta = &rule.meta;
    let macros = View { rule: None, ..view };
    let members: [Member<'a>; 6] = [
        (b"id", Some(Cow::Owned(rule.id.to_string().into_bytes()))),
        (b"severity", meta.severity.map(|level| Cow::Owned(level.to_string().into_bytes()))),
        (b"msg", meta.msg.as_ref().map(|msg| Cow::Owned(msg.expand(macros).into_owned()))),
        (b"logdata", meta.logdata.as_ref().map(|text| Cow::Owned(text.expand(macros).into_owned()))),
        (b"rev", meta.rev.as_ref().map(|rev| Cow::Borrowed(rev.as_bytes()))),
        (b"ver", meta.ver.as_ref().map(|ver| Cow::Borrowed(ver.as_bytes()))),
    ];
    for (key, value) in members {
        if let Some(value) = value {
            take(Item { key: Cow::Borrowed(key), value })?;
        }
    }
    ControlFlow::Continue(())
}

fn scalar(variable: Variable, data: &Data) -> Option<Cow<'_, [u8]>> {
    let text = |bytes| Some(Cow::Borrowed::<[u8]>(bytes));
    let number = |number: u64| Some(Cow::Owned(number.to_string().into_bytes()));
    let flag = |flag: bool| Some(Cow::Borrowed::<[u8]>(if flag { b"1" } else { b"0" }));
    let total =
        |pairs: &[Pair]| pairs.iter().map(|pair| pair.name.len() + pair.value.len()).sum::<usize>() as u64;
    let (strict, upload) = (&data.upload.strict, &data.upload);
    match variable {
        Variable::ArgsCombinedSize => number(total(&data.args_get) + total(&data.args_post)),
        Variable::AuthType => data.auth_type().and_then(text),
        Variable::Duration => Some(Cow::Owned(data.duration())),
        Variable::FilesCombinedSize => number(upload.total_size),
        Variable::FullRequest => Some(Cow::Owned(data.full_request())),
        Variable::FullRequestLength => number(data.full_request().len() as u64),
        Variable::HighestSeverity => number(u64::from(data.highest_severity)),
        Variable::InboundDataError => flag(data.body_too_long),
        Variable::MatchedVar => data.matched_vars.last().map(|pair| Cow::Borrowed(&*pair.value)),
        Variable::MatchedVarName => data.matched_vars.last().map(|pair| Cow::Borrowed(&*pair.name)),
        Variable::ModsecBuild => text(MODSEC_BUILD),
        // No pattern has limits whose excess rules could ask for.
        Variable::MscPcreError | Variable::MscPcreLimitsExceeded => flag(false),
        Variable::ResBodyError => flag(data.response_error.is_some()),
        Variable::ResBodyErrorMsg => text(data.response_error.as_deref().unwrap_or_default().as_bytes()),
        Variable::ResBodyProcessor => text(data.response_processor.as_bytes()),
        Variable::MultipartBoundaryQuoted => flag(strict.boundary_quoted),
        Variable::MultipartBoundaryWhitespace => flag(strict.boundary_whitespace),
        Variable::MultipartCrlfLfLines => flag(strict.crlf_lf_lines),
        Variable::MultipartDataAfter => flag(strict.data_after),
        Variable::MultipartDataBefore => flag(strict.data_before),
        Variable::MultipartFileLimitExceeded => flag(strict.limit_exceeded),
        Variable::MultipartHeaderFolding => flag(strict.header_folding),
        Variable::MultipartInvalidHeaderFolding => flag(strict.invalid_header_folding),
        Variable::MultipartInvalidPart => flag(strict.invalid_part),
        Variable::MultipartInvalidQuoting => flag(strict.invalid_quoting),
        Variable::MultipartLfLine => flag(strict.lf_line),
        Variable::MultipartMissingSemicolon | Variable::MultipartSemicolonMissing => {
            flag(strict.missing_semicolon)
        }
        Variable::MultipartStrictError => flag(strict.any()),
        Variable::MultipartUnmatchedBoundary => number(u64::from(strict.unmatched_boundary)),
        Variable::OutboundDataError => flag(data.response_too_long),
        Variable::PathInfo => text(&data.filename),
        Variable::QueryString => text(&data.query),
        Variable::RemoteAddr | Variable::RemoteHost => text(&data.remote.0),
        Variable::RemotePort => text(&data.remote.1),
        Variable::RemoteUser => data.remote_user().map(Cow::Owned),
        Variable::ReqbodyError | Variable::ReqbodyProcessorError => flag(data.body_error.is_some()),
        Variable::ReqbodyErrorMsg | Variable::ReqbodyProcessorErrorMsg => {
            text(data.body_error.as_deref().unwrap_or_default().as_bytes())
        }
        Variable::ReqbodyProcessor => text(data.body_processor.as_bytes()),
        Variable::RequestBasename => text(data.basename()),
        Variable::RequestBody => text(data.visible_body()),
        Variable::RequestBodyLength => number(data.request_body_length),
        Variable::RequestFilename => text(&data.filename),
        Variable::RequestLine => Some(Cow::Owned(data.request_line())),
        Variable::RequestMethod => text(&data.method),
        Variable::RequestProtocol => text(&data.protocol),
        Variable::RequestUri => text(&data.uri),
        Variable::RequestUriRaw => text(&data.uri_raw),
        Variable::ResponseBody => text(&data.response_body),
        Variable::ResponseContentLength => number(data.response_body.len() as u64),
        Variable::ResponseContentType => data.response_header(b"content-type").and_then(text),
        Variable::ResponseProtocol => text(&data.response_protocol),
        Variable::ResponseStatus => data.response_status.and_then(|status| number(u64::from(status))),
        Variable::ServerAddr => text(&data.server.0),
        Variable::ServerName => text(data.server_name()),
        Variable::ServerPort => text(&data.server.1),
        Variable::SessionId => data.collections.key(Persistent::Session).and_then(text),
        Variable::UserId => data.collections.key(Persistent::User).and_then(text),
        Variable::StatusLine => {
            data.response_status.map(|status| Cow::Owned(format!("HTTP/1.1 {status}").into_bytes()))
        }
        Variable::UniqueId => text(&data.unique_id),
        Variable::UrlencodedError => flag(data.urlencoded_error),
        Variable::Webappid => text(&data.web_app_id),
        _ => time(variable, data),
    }
}

fn time(variable: Variable, data: &Data) -> Option<Cow<'static, [u8]>> {
    let calendar = Calendar::at(data.time.as_secs());
    let text = match variable {
        Variable::Time => format!("{:02}:{:02}:{:02}", calendar.hour, calendar.minute, calendar.second),
        Variable::TimeEpoch => data.time.as_secs().to_string(),
        Variable::TimeYear => calendar.year.to_string(),
        // From 0, as C counts months.
        Variable::TimeMon => calendar.month.saturating_sub(1).to_string(),
        Variable::TimeDay => calendar.day.to_string(),
        Variable::TimeHour => calendar.hour.to_string(),
        Variable::TimeMin => calendar.minute.to_string(),
        Variable::TimeSec => calendar.second.to_string(),
        Variable::TimeWday => calendar.weekday.to_string(),
        _ => return None,
    };
    Some(Cow::Owned(text.into_bytes()))
}
