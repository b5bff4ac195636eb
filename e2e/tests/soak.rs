//! Ten thousand requests through CRS in one Envoy: no VM dies, and memory finds its level.

use portcullis_e2e::crs::{Crs, ORDINARY, Task, folder};
use portcullis_e2e::ordinary::requests;
use portcullis_e2e::signs_of_death;

/// Requests sent before the first look at memory: allocators and caches have found their size by then.
const WARM: usize = 2_000;
const REQUESTS: usize = 10_000;
/// How much Envoy may grow from then on, in bytes. A leak of 1 KB a request would be 8 MB.
const GROWTH: u64 = 6 << 20;

#[test]
fn ten_thousand_requests_leave_nothing_behind() {
    if folder().is_none() {
        return;
    }
    let crs = Crs::start_ordinary().unwrap();
    let requests = requests().unwrap();
    let vms = || crs.envoy.stat("wasm.envoy.wasm.runtime.v8.created").unwrap();
    let before = vms();
    let send = |from: usize, to: usize| {
        let task = |number: usize| {
            let request = &requests[number % requests.len()].task;
            Task { id: format!("soak-{number}"), wire: request.wire.clone() }
        };
        let tasks: Vec<Task> = (from..to).map(task).collect();
        let seen = crs.send(ORDINARY, &tasks).unwrap();
        let answered = seen.values().filter(|seen| seen.status.is_some_and(|status| status < 500)).count();
        assert_eq!(answered, to - from, "some were not answered");
        crs.upstream.clear();
        crs.envoy.memory().0
    };
    let warm = send(0, WARM);
    let end = send(WARM, REQUESTS);
    println!("{REQUESTS} requests: {} KB after {WARM}, {} KB at the end", warm >> 10, end >> 10);
    assert!(end < warm + GROWTH, "grown by {} KB", (end - warm) >> 10);
    assert_eq!(vms(), before, "a VM was made anew");
    assert_eq!(signs_of_death(&crs.envoy), [""; 0]);
}
