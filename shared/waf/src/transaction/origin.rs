//! Where in the request a value stands, as ModSecurity v3 counts: bytes of the request line, the header lines and the
//! body, each line with one byte for its end. Only a trace asks for it.

use super::data::{Data, Pair};
use crate::variables::Variable;
use portcullis_http::form;
use std::fmt::Write as _;

/// An offset and a length.
type Place = (usize, usize);

/// `v17,6`, for each place.
pub(super) fn reference(data: &Data, variable: Variable, key: &[u8], value: &[u8]) -> String {
    let mut text = String::new();
    for (at, length) in places(data, variable, key, value) {
        let _ = write!(text, "v{at},{length}");
    }
    text
}

fn places(data: &Data, variable: Variable, key: &[u8], value: &[u8]) -> Vec<Place> {
    let (method, line) = (data.method.len() + 1, data.request_line().len());
    let headers = headers_end(data);
    let whole = |at: usize| vec![(at, value.len())];
    match variable {
        Variable::RemoteAddr
        | Variable::RemoteHost
        | Variable::RemotePort
        | Variable::ServerAddr
        | Variable::ServerPort
        | Variable::UniqueId
        | Variable::RequestMethod
        | Variable::RequestLine => whole(0),
        Variable::RequestProtocol => whole(line - data.protocol.len().min(line)),
        Variable::RequestUri | Variable::RequestUriRaw => vec![(method, data.uri_raw.len())],
        Variable::QueryString => whole(query_start(data)),
        Variable::PathInfo | Variable::RequestFilename => vec![(method, raw_path(data))],
        Variable::RequestBasename => {
            whole(method + data.filename.len() - value.len().min(data.filename.len()))
        }
        Variable::Args => {
            argument(data, value).or_else(|| posted(data, value, headers)).into_iter().collect()
        }
        Variable::ArgsGet => argument(data, value).into_iter().collect(),
        Variable::ArgsPost => posted(data, value, headers).into_iter().collect(),
        Variable::ArgsNames => {
            argument_name(data, value).or_else(|| posted_name(data, value, headers)).into_iter().collect()
        }
        Variable::ArgsGetNames => argument_name(data, value).into_iter().collect(),
        Variable::ArgsPostNames => posted_name(data, value, headers).into_iter().collect(),
        Variable::ArgsCombinedSize => combined(data, headers),
        Variable::RequestHeaders => header(data, key, value).map_or_else(Vec::new, whole),
        Variable::RequestHeadersNames => header_name(data, value).map_or_else(Vec::new, whole),
        Variable::AuthType => named_header(data, b"authorization").map_or_else(Vec::new, whole),
        Variable::RemoteUser => match named_header(data, b"authorization") {
            Some(at) => vec![(at, data.header(b"authorization").unwrap_or_default().len())],
            None => Vec::new(),
        },
        Variable::ServerName => named_header(data, b"host").map_or_else(Vec::new, whole),
        Variable::ReqbodyProcessor => named_header(data, b"content-type").map_or_else(Vec::new, whole),
        Variable::RequestCookies => cookie(data, key, value, Which::Value).map_or_else(Vec::new, whole),
        Variable::RequestCookiesNames => cookie(data, value, &[], Which::Name).map_or_else(Vec::new, whole),
        Variable::RequestBodyLength => vec![(body_start(data, headers), data.request_body.len())],
        Variable::RequestBody | Variable::FullRequest | Variable::FullRequestLength => {
            whole(body_start(data, headers))
        }
        Variable::Files | Variable::MultipartFilename => file(data, value, |place| place.filename, headers),
        Variable::FilesNames => file(data, value, |place| place.name, headers),
        Variable::MultipartName => {
            let names = data.upload.places.iter().zip(part_names(data));
            let found = names.filter(|(_, name)| *name == value).map(|(place, _)| place.name);
            found.take(1).map(|at| (headers + at, value.len())).collect()
        }
        Variable::FilesSizes | Variable::FilesCombinedSize => sizes(data, key, headers),
        Variable::FilesTmpContent => file_contents(data, key, value, headers),
        Variable::Duration
        | Variable::Env
        | Variable::HighestSeverity
        | Variable::Rule
        | Variable::Tx
        | Variable::Webappid
        | Variable::Xml => Vec::new(),
        _ => whole(body_start(data, headers)),
    }
}

/// The first byte behind the request line and its end.
fn headers_start(data: &Data) -> usize {
    data.request_line().len() + 1
}

fn headers_end(data: &Data) -> usize {
    let length = |header: &Pair| header.name.len() + 2 + header.value.len() + 1;
    headers_start(data) + data.request_headers.iter().map(length).sum::<usize>()
}

/// The body of a form stands behind an empty line.
fn body_start(data: &Data, headers: usize) -> usize {
    headers + usize::from(data.body_processor == "URLENCODED" && data.is_body_read)
}

fn raw_path(data: &Data) -> usize {
    memchr::memchr(b'?', &data.uri_raw).unwrap_or(data.uri_raw.len())
}

fn query_start(data: &Data) -> usize {
    data.method.len() + 1 + raw_path(data) + 1
}

/// Whether both are the same bytes in memory: of equal values the one that the rule saw.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.as_ptr() == b.as_ptr() && a.len() == b.len()
}

fn position<'a>(mut values: impl Iterator<Item = &'a [u8]> + Clone, value: &[u8]) -> Option<usize> {
    let same = values.clone().position(|known| is_same(known, value));
    same.or_else(|| values.position(|known| known == value))
}

fn values(pairs: &[Pair]) -> impl Iterator<Item = &[u8]> + Clone {
    pairs.iter().map(|pair| &*pair.value)
}

fn names(pairs: &[Pair]) -> impl Iterator<Item = &[u8]> + Clone {
    pairs.iter().map(|pair| &*pair.name)
}

/// Where the pieces of a form stand: each with its `=` and separator.
fn pieces(text: &[u8], separator: u8, start: usize) -> Vec<usize> {
    let mut at = start;
    let mut out = Vec::new();
    for piece in text.split(|&byte| byte == separator) {
        if form::raw_pairs(piece, separator).next().is_some() {
            out.push(at);
        }
        at += piece.len() + 1;
    }
    out
}

fn name_at(pairs: &[Pair], starts: &[usize], index: usize) -> Option<Place> {
    Some((*starts.get(index)?, pairs.get(index)?.name.len()))
}

fn value_at(pairs: &[Pair], starts: &[usize], index: usize) -> Option<Place> {
    let pair = pairs.get(index)?;
    Some((starts.get(index)? + pair.name.len() + 1, pair.value.len()))
}

fn query_pieces(data: &Data) -> Vec<usize> {
    pieces(&data.query, data.argument_separator, query_start(data))
}

fn argument(data: &Data, value: &[u8]) -> Option<Place> {
    value_at(&data.args_get, &query_pieces(data), position(values(&data.args_get), value)?)
}

fn argument_name(data: &Data, name: &[u8]) -> Option<Place> {
    name_at(&data.args_get, &query_pieces(data), position(names(&data.args_get), name)?)
}

fn body_pieces(data: &Data, headers: usize) -> Vec<usize> {
    pieces(&data.request_body, data.argument_separator, body_start(data, headers))
}

fn field_places(data: &Data) -> impl Iterator<Item = &super::data::Place> {
    data.upload.places.iter().filter(|place| !place.is_file)
}

fn posted(data: &Data, value: &[u8], headers: usize) -> Option<Place> {
    let index = position(values(&data.args_post), value)?;
    match data.body_processor {
        "MULTIPART" => field_places(data).nth(index).map(|place| (headers + 1 + place.value, value.len())),
        "URLENCODED" => value_at(&data.args_post, &body_pieces(data, headers), index),
        _ => Some((data.args_post.get(index)?.name.len() + 1, value.len())),
    }
}

fn posted_name(data: &Data, name: &[u8], headers: usize) -> Option<Place> {
    let index = position(names(&data.args_post), name)?;
    match data.body_processor {
        // As if the name stood in front of the value, as in a form.
        "MULTIPART" => {
            let place = field_places(data).nth(index)?;
            Some(((headers + place.value).saturating_sub(name.len()), name.len()))
        }
        "URLENCODED" => name_at(&data.args_post, &body_pieces(data, headers), index),
        _ => Some((0, name.len())),
    }
}

/// Name and value of each argument.
fn combined(data: &Data, headers: usize) -> Vec<Place> {
    let mut out = Vec::new();
    let mut add = |pairs: &[Pair], starts: &[usize]| {
        for index in 0..pairs.len() {
            out.extend(name_at(pairs, starts, index));
            out.extend(value_at(pairs, starts, index));
        }
    };
    add(&data.args_get, &query_pieces(data));
    if data.body_processor == "URLENCODED" {
        add(&data.args_post, &body_pieces(data, headers));
    }
    out
}

/// Each header with the place of its name.
fn headers_at(data: &Data) -> impl Iterator<Item = (usize, &Pair)> {
    data.request_headers.iter().scan(headers_start(data), |at, header| {
        let start = *at;
        *at += header.name.len() + 2 + header.value.len() + 1;
        Some((start, header))
    })
}

fn header(data: &Data, name: &[u8], value: &[u8]) -> Option<usize> {
    let value_at = |(at, header): (usize, &Pair)| at + header.name.len() + 2;
    let same = headers_at(data).find(|(_, header)| is_same(&header.value, value));
    let equal = || headers_at(data).find(|(_, header)| header.name == name && header.value == value);
    same.or_else(equal).map(value_at)
}

fn header_name(data: &Data, name: &[u8]) -> Option<usize> {
    headers_at(data).find(|(_, header)| is_same(&header.name, name) || header.name == name).map(|(at, _)| at)
}

fn named_header(data: &Data, name: &[u8]) -> Option<usize> {
    let found = headers_at(data).find(|(_, header)| header.name.eq_ignore_ascii_case(name));
    found.map(|(at, header)| at + header.name.len() + 2)
}

#[derive(PartialEq)]
enum Which {
    Name,
    Value,
}

fn cookie(data: &Data, name: &[u8], value: &[u8], which: Which) -> Option<usize> {
    for (start, header) in headers_at(data).filter(|(_, header)| header.name.eq_ignore_ascii_case(b"cookie"))
    {
        let mut at = start + header.name.len() + 2;
        for piece in header.value.split(|&byte| byte == b';') {
            let blanks = piece.len() - piece.trim_ascii_start().len();
            let split = memchr::memchr(b'=', piece).unwrap_or(piece.len());
            let found_name = piece.get(blanks..split).unwrap_or_default().trim_ascii_end();
            let found = piece.get(split + 1..).unwrap_or_default();
            if found_name == name {
                match which {
                    Which::Name => return Some(at + blanks),
                    Which::Value if found.trim_ascii() == value.trim_ascii() => return Some(at + split + 1),
                    Which::Value => {}
                }
            }
            at += piece.len() + 1;
        }
    }
    None
}

fn part_names(data: &Data) -> impl Iterator<Item = &[u8]> {
    data.upload.parts.iter().map(|part| &*part.value)
}

fn file(data: &Data, value: &[u8], of: impl Fn(&super::data::Place) -> usize, headers: usize) -> Vec<Place> {
    let files = data.upload.places.iter().filter(|place| place.is_file).zip(&data.upload.files);
    let same = |pair: &Pair| is_same(&pair.name, value) || is_same(&pair.value, value);
    let equal = |pair: &Pair| pair.name == value || pair.value == value;
    let found =
        files.clone().find(|(_, pair)| same(pair)).or_else(|| files.clone().find(|(_, pair)| equal(pair)));
    found.map(|(place, _)| (headers + of(place), value.len())).into_iter().collect()
}

fn sizes(data: &Data, key: &[u8], headers: usize) -> Vec<Place> {
    let files = data.upload.places.iter().filter(|place| place.is_file).zip(&data.upload.sizes);
    let wanted = files.filter(|(_, pair)| key.is_empty() || pair.name == key);
    let size = |pair: &Pair| std::str::from_utf8(&pair.value).ok()?.parse().ok();
    wanted.map(|(place, pair)| (headers + place.size, size(pair).unwrap_or(0))).collect()
}

fn file_contents(data: &Data, key: &[u8], value: &[u8], headers: usize) -> Vec<Place> {
    let files = data.upload.places.iter().filter(|place| place.is_file).zip(&data.upload.contents);
    let is_it = |name: &[u8], range: &std::ops::Range<usize>| {
        name == key && data.request_body.get(range.clone()).is_some_and(|content| content == value)
    };
    let found = files.filter(|(_, (name, range))| is_it(name, range)).take(1);
    found.map(|(place, _)| (headers + place.content, value.len())).collect()
}
