//! Proxy-Wasm's host calls, checked: the SDK's own wrappers panic on any status that they do not expect, and a panic
//! kills the worker's VM for all its streams.
//!
//! ABI 0.2.1. Statuses are plain numbers here; 0 is success.

#![expect(unsafe_code, reason = "this is the one place where the host is called")]

use proxy_wasm::types::{BufferType, MapType, MetricType, StreamType};
use std::ops::Range;
use std::ptr::null_mut;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, data: *const u8, size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(
        kind: u32,
        start: usize,
        max: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_buffer_bytes(kind: u32, start: usize, replaced: usize, data: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_pairs(kind: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_remove_header_map_value(kind: u32, key: *const u8, key_size: usize) -> u32;
    fn proxy_replace_header_map_value(
        kind: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_add_header_map_value(
        kind: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, data: *const u8, size: usize) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, key_size: usize, data: *const u8, size: usize, cas: u32) -> u32;
    fn proxy_continue_stream(kind: u32) -> u32;
    fn proxy_close_stream(kind: u32) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, by: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
}

pub(super) const CAS_MISMATCH: u32 = 8;

pub(super) fn log(level: u32, line: &str) {
    // SAFETY: pointer and length of a live slice.
    unsafe { proxy_log(level, line.as_ptr(), line.len()) };
}

/// Nanoseconds since the Unix epoch; 0 if the host does not say.
pub(super) fn now() -> u64 {
    let mut time = 0;
    // SAFETY: the host writes eight bytes.
    unsafe { proxy_get_current_time_nanoseconds(&mut time) };
    time
}

pub(super) fn set_tick_period(milliseconds: u32) {
    // SAFETY: a number.
    unsafe { proxy_set_tick_period_milliseconds(milliseconds) };
}

pub(super) fn buffer(kind: BufferType, range: Range<usize>) -> Option<Vec<u8>> {
    // SAFETY: `taken` hands over two places for the host to write to.
    taken(|data, size| unsafe { proxy_get_buffer_bytes(kind as u32, range.start, range.len(), data, size) })
}

pub(super) fn set_buffer(kind: BufferType, range: Range<usize>, bytes: &[u8]) -> bool {
    // SAFETY: pointer and length of a live slice.
    unsafe { proxy_set_buffer_bytes(kind as u32, range.start, range.len(), bytes.as_ptr(), bytes.len()) == 0 }
}

/// A header map as the host serialises it.
pub(super) fn map(kind: MapType) -> Option<Vec<u8>> {
    // SAFETY: `taken` hands over two places for the host to write to.
    taken(|data, size| unsafe { proxy_get_header_map_pairs(kind as u32, data, size) })
}

pub(super) fn remove_map_value(kind: MapType, name: &[u8]) -> bool {
    // SAFETY: pointer and length of a live slice.
    unsafe { proxy_remove_header_map_value(kind as u32, name.as_ptr(), name.len()) == 0 }
}

pub(super) fn replace_map_value(kind: MapType, name: &[u8], value: &[u8]) -> bool {
    // SAFETY: pointers and lengths of live slices.
    unsafe {
        proxy_replace_header_map_value(kind as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
            == 0
    }
}

pub(super) fn add_map_value(kind: MapType, name: &[u8], value: &[u8]) -> bool {
    // SAFETY: pointers and lengths of live slices.
    unsafe {
        proxy_add_header_map_value(kind as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len()) == 0
    }
}

/// A property; the parts of its path are divided by NUL.
pub(super) fn property(path: &[&str]) -> Option<Vec<u8>> {
    let path = path.join("\0");
    // SAFETY: a live slice, and `taken`'s two places.
    taken(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

pub(super) fn set_property(name: &str, value: &[u8]) {
    // SAFETY: pointers and lengths of live slices.
    unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
}

pub(super) fn shared_data(key: &str) -> Option<(Vec<u8>, u32)> {
    let mut cas = 0;
    // SAFETY: a live slice, and places for the host to write to.
    let value =
        taken(|data, size| unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &mut cas) })?;
    Some((value, cas))
}

/// The host's status; `cas` 0 writes in any case.
pub(super) fn set_shared_data(key: &str, value: &[u8], cas: u32) -> u32 {
    // SAFETY: pointers and lengths of live slices.
    unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) }
}

pub(super) fn continue_stream(kind: StreamType) {
    // SAFETY: a number.
    unsafe { proxy_continue_stream(kind as u32) };
}

pub(super) fn close_stream(kind: StreamType) {
    // SAFETY: a number.
    unsafe { proxy_close_stream(kind as u32) };
}

/// A local reply; `headers` as [`serialize`] gives them, `grpc_status` -1 for none.
pub(super) fn send_local_response(status: u32, details: &str, body: &[u8], headers: &[u8], grpc_status: i32) {
    // SAFETY: pointers and lengths of live slices.
    unsafe {
        proxy_send_local_response(
            status,
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            grpc_status,
        )
    };
}

pub(super) fn set_effective_context(context: u32) -> bool {
    // SAFETY: a number.
    unsafe { proxy_set_effective_context(context) == 0 }
}

pub(super) fn define_metric(kind: MetricType, name: &str) -> Option<u32> {
    let mut id = 0;
    // SAFETY: a live slice, and a place for the host to write to.
    let status = unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &mut id) };
    (status == 0).then_some(id)
}

pub(super) fn increment_metric(id: u32, by: i64) {
    // SAFETY: numbers.
    unsafe { proxy_increment_metric(id, by) };
}

pub(super) fn record_metric(id: u32, value: u64) {
    // SAFETY: numbers.
    unsafe { proxy_record_metric(id, value) };
}

/// Proxy-Wasm's form of a list of pairs: their number, the lengths of each name and value, then the texts, each with
/// a NUL behind it. All numbers are 32 bits, little-endian.
pub(super) fn serialize<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let mut out = (pairs.clone().count() as u32).to_le_bytes().to_vec();
    for (name, value) in pairs.clone() {
        out.extend_from_slice(&(name.len() as u32).to_le_bytes());
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    for (name, value) in pairs {
        for text in [name, value] {
            out.extend_from_slice(text);
            out.push(0);
        }
    }
    out
}

/// What a host call returns in memory that it had us allocate.
fn taken(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Option<Vec<u8>> {
    let mut data = null_mut();
    let mut size = 0;
    if call(&mut data, &mut size) != 0 {
        return None;
    }
    if data.is_null() {
        return Some(Vec::new());
    }
    // SAFETY: the host allocated `size` bytes through the module's own allocator (`proxy_on_memory_allocate`, which
    // makes a boxed slice of exactly that size), filled them and gave them to us.
    Some(unsafe { Vec::from_raw_parts(data, size, size) })
}
