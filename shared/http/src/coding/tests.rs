//! Whatever the pieces: the same bytes, limits that hold, and an end for every input.

use super::*;
use arbtest::arbitrary::{Result as Arbitrary, Unstructured};
use arbtest::arbtest;

const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];
const LIMITS: DecodeLimits = DecodeLimits { bytes: 1 << 20, ratio: 200 };

/// A text with repetitions, longer than a window of gzip.
fn text(length: usize) -> Vec<u8> {
    let words = ["<li class=item>", "price", " of ", "the secret", "\n", "0123456789", "caf\u{e9}"];
    let mut state = 7u32;
    let mut out = Vec::new();
    while out.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        out.extend_from_slice(words[(state as usize >> 8) % words.len()].as_bytes());
        out.extend_from_slice((state >> 24).to_string().as_bytes());
    }
    out.truncate(length);
    out
}

fn gzip(text: &[u8]) -> Vec<u8> {
    // Extra field, name and comment, each of which a reader must step over.
    let mut out = b"\x1f\x8b\x08\x1c\0\0\0\0\0\x03\x02\0ab".to_vec();
    out.extend(b"name.html\0comment\0");
    out.extend(miniz_oxide::deflate::compress_to_vec(text, 6));
    out.extend([0; 4]);
    out.extend((text.len() as u32).to_le_bytes());
    out
}

fn encode(coding: Coding, text: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Gzip => gzip(text),
        Coding::Deflate => miniz_oxide::deflate::compress_to_vec_zlib(text, 6),
        Coding::Brotli => {
            let mut out = Vec::new();
            let parameters = ::brotli::enc::BrotliEncoderParams { quality: 9, ..Default::default() };
            ::brotli::BrotliCompress(&mut &text[..], &mut out, &parameters).unwrap();
            out
        }
        Coding::Zstd => ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest),
    }
}

fn encode_all(codings: &[Coding], text: &[u8]) -> Vec<u8> {
    codings.iter().fold(text.to_vec(), |text, coding| encode(*coding, &text))
}

/// What comes out, and how it ends.
fn decode(codings: &[Coding], limits: DecodeLimits, pieces: &[&[u8]]) -> (Vec<u8>, Result<(), DecodeError>) {
    let mut decoder = Decoder::new(codings, limits);
    let mut out = Vec::new();
    let result = pieces.iter().try_for_each(|piece| decoder.push(piece, &mut out));
    let end = result.and_then(|()| decoder.finish(&mut out));
    assert_eq!(decoder.finish(&mut Vec::new()).err(), end.err(), "an error stays");
    (out, end)
}

fn pieces<'b>(u: &mut Unstructured<'_>, mut bytes: &'b [u8]) -> Arbitrary<Vec<&'b [u8]>> {
    let mut pieces = Vec::new();
    for _ in 0..u.int_in_range(0..=8)? {
        let (piece, rest) = bytes.split_at(u.int_in_range(0..=bytes.len())?);
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    Ok(pieces)
}

fn stack(u: &mut Unstructured<'_>) -> Arbitrary<Vec<Coding>> {
    (0..u.int_in_range(1..=3)?).map(|_| u.choose(&ALL).copied()).collect()
}

#[test]
fn every_coding_alone_and_on_top_of_another() {
    let text = text(100_000);
    for first in ALL {
        assert_eq!(decode(&[first], LIMITS, &[&encode(first, &text)]), (text.clone(), Ok(())), "{first:?}");
        for second in ALL {
            let body = encode_all(&[first, second], &text);
            assert_eq!(
                decode(&[first, second], LIMITS, &[&body]),
                (text.clone(), Ok(())),
                "{first:?} {second:?}"
            );
        }
    }
    assert_eq!(decode(&[], LIMITS, &[b"as it is"]), (b"as it is".to_vec(), Ok(())));
}

#[test]
fn pieces_make_no_difference() {
    let text = text(3_000);
    arbtest(|u| {
        let codings = stack(u)?;
        let body = encode_all(&codings, &text[..u.int_in_range(0..=text.len())?]);
        let whole = decode(&codings, LIMITS, &[&body]);
        assert_eq!(decode(&codings, LIMITS, &pieces(u, &body)?), whole);
        Ok(())
    })
    .budget_ms(1_500);
}

#[test]
fn one_byte_at_a_time() {
    let text = text(70_000);
    for coding in ALL {
        let body = encode(coding, &text);
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(decode(&[coding], LIMITS, &bytes), (text.clone(), Ok(())), "{coding:?}");
    }
}

/// Broken bodies end somehow, within the limits, and the same way whatever the pieces.
#[test]
fn rubbish_and_turned_bits_end_within_the_limits() {
    let text = text(2_000);
    let limits = DecodeLimits { bytes: 5_000, ratio: 200 };
    arbtest(|u| {
        let codings = stack(u)?;
        let mut body = encode_all(&codings, &text);
        match u.arbitrary()? {
            true => body = u.arbitrary()?,
            false => {
                for _ in 0..u.int_in_range(1..=4)? {
                    let at = u.choose_index(body.len())?;
                    body[at] = u.arbitrary()?;
                }
                body.truncate(u.int_in_range(0..=body.len())?);
            }
        }
        let (out, end) = decode(&codings, limits, &[&body]);
        assert!(out.len() <= 5_000);
        let again = decode(&codings, limits, &pieces(u, &body)?);
        assert_eq!(again.1, end);
        // What stands right before a fault may be missing.
        assert!(again.0.starts_with(&out) || end.is_err() && out.starts_with(&again.0));
        Ok(())
    })
    .budget_ms(2_000);
}

#[test]
fn what_was_there_of_a_body_that_ends_early_is_given() {
    let text = text(300_000);
    for coding in ALL {
        let body = encode(coding, &text);
        let (out, end) = decode(&[coding], LIMITS, &[&body[..body.len() / 2]]);
        assert_eq!(end, Err(DecodeError::Truncated), "{coding:?}");
        assert!(out.len() > 20_000 && text.starts_with(&out), "{coding:?}: {}", out.len());
        let mut broken = body.clone();
        let middle = body.len() / 2;
        broken[middle..].fill(0xff);
        let (out, end) = decode(&[coding], LIMITS, &[&broken]);
        assert!(matches!(end, Err(DecodeError::Broken | DecodeError::Truncated)), "{coding:?}: {end:?}");
        assert!(out.starts_with(&text[..20_000]), "{coding:?}: {}", out.len());
        assert_eq!(decode(&[coding], LIMITS, &[]), (Vec::new(), Ok(())), "an empty body is whole");
    }
}

#[test]
fn bombs_stop_at_the_limits() {
    let zeros = vec![0; 20 << 20];
    for coding in ALL {
        let bomb = encode(coding, &zeros);
        assert!(bomb.len() < 100_000, "{coding:?}: {}", bomb.len());
        let limits = DecodeLimits { bytes: 10_000_000, ratio: 1_000_000 };
        let (out, end) = decode(&[coding], limits, &[&bomb]);
        assert_eq!((out.len(), end), (10_000_000, Err(DecodeError::TooLong)), "{coding:?}");
        let limits = DecodeLimits { bytes: 10_000_000, ratio: 20 };
        let (out, end) = decode(&[coding], limits, &[&bomb]);
        let most = (bomb.len() * 20).max(64 << 10);
        assert_eq!((out.len(), end), (most, Err(DecodeError::TooDense)), "{coding:?}");
        // A bomb in a bomb: the outer one is not unfolded beyond the limit either.
        let (_, end) = decode(&[coding, Coding::Gzip], limits, &[&encode(Coding::Gzip, &bomb)]);
        assert!(matches!(end, Err(DecodeError::TooDense | DecodeError::TooLong)), "{coding:?}");
    }
}

#[test]
fn a_window_beyond_what_clients_take_is_refused() {
    // The frame's header asks for 16 MiB.
    let frame = [&MAGIC_OF_ZSTD[..], &[0, 14 << 3, 1, 0, 0]].concat();
    assert_eq!(decode(&[Coding::Zstd], LIMITS, &[&frame]).1, Err(DecodeError::Broken));
    let frame = [&MAGIC_OF_ZSTD[..], &[0, 13 << 3, 1, 0, 0]].concat();
    assert_eq!(decode(&[Coding::Zstd], LIMITS, &[&frame]), (Vec::new(), Ok(())));
    // Brotli's large windows are no part of RFC 7932.
    assert_eq!(decode(&[Coding::Brotli], LIMITS, &[b"\x11\x1e\x06"]).1, Err(DecodeError::Broken));
}

const MAGIC_OF_ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[test]
fn members_and_frames_follow_each_other_and_rubbish_behind_is_left() {
    let two = |coding| [encode(coding, b"one "), encode(coding, b"two")].concat();
    assert_eq!(decode(&[Coding::Gzip], LIMITS, &[&two(Coding::Gzip)]), (b"one two".to_vec(), Ok(())));
    assert_eq!(decode(&[Coding::Zstd], LIMITS, &[&two(Coding::Zstd)]), (b"one two".to_vec(), Ok(())));
    let skipped = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &encode(Coding::Zstd, b"x")].concat();
    assert_eq!(decode(&[Coding::Zstd], LIMITS, &[&skipped]), (b"x".to_vec(), Ok(())));
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli] {
        let body = [encode(coding, b"text"), b"\0\0 rubbish".to_vec()].concat();
        assert_eq!(decode(&[coding], LIMITS, &[&body]), (b"text".to_vec(), Ok(())), "{coding:?}");
    }
}

#[test]
fn deflate_comes_with_and_without_its_header() {
    let text = text(5_000);
    let bare = miniz_oxide::deflate::compress_to_vec(&text, 6);
    assert_eq!(decode(&[Coding::Deflate], LIMITS, &[&bare]), (text.clone(), Ok(())));
    let stored = miniz_oxide::deflate::compress_to_vec(&text, 0);
    assert_eq!(decode(&[Coding::Deflate], LIMITS, &[&stored]), (text, Ok(())));
}

#[test]
fn what_is_no_such_coding_is_broken() {
    for coding in ALL {
        let (out, end) = decode(&[coding], LIMITS, &[b"a=1&b=2 union select"]);
        assert_eq!(end, Err(DecodeError::Broken), "{coding:?} {out:?}");
    }
}

#[test]
fn names_of_codings() {
    let list = |values: &[&str]| Coding::list(values.iter().map(|value| value.as_bytes()));
    assert_eq!(list(&["gzip"]), Ok(vec![Coding::Gzip]));
    assert_eq!(list(&["X-GZIP , br", "zstd"]), Ok(vec![Coding::Gzip, Coding::Brotli, Coding::Zstd]));
    assert_eq!(list(&["identity", "", ", deflate,"]), Ok(vec![Coding::Deflate]));
    assert_eq!(list(&[]), Ok(vec![]));
    for unknown in ["compress", "gzip, dcb", "aes128gcm", "gzip;q=1", "gzip,gzip,gzip,gzip"] {
        assert_eq!(list(&[unknown]), Err(UnknownCoding), "{unknown}");
    }
}

#[test]
fn a_client_is_asked_for_what_can_be_read() {
    let narrow = |value: &str| narrowed(value.as_bytes()).map(|value| String::from_utf8(value).unwrap());
    assert_eq!(narrow("gzip, deflate, br, zstd"), None);
    assert_eq!(narrow("identity;q=0.5, gzip;q=1"), None);
    assert_eq!(narrow(""), None);
    assert_eq!(narrow("gzip, dcb, br;q=0.9, compress").as_deref(), Some("gzip, br;q=0.9"));
    assert_eq!(narrow("*").as_deref(), Some("identity"));
    assert_eq!(narrow("gzip;q=0, *;q=1").as_deref(), Some("gzip;q=0"));
}
