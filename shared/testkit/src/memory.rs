//! Counts the memory that a test holds.
//!
//! ```
//! use portcullis_testkit::memory::Counting;
//!
//! #[global_allocator]
//! static MEMORY: Counting = Counting::new();
//!
//! let before = MEMORY.held();
//! let text = vec![0u8; 1000];
//! assert!(MEMORY.held() - before >= text.len());
//! ```
#![expect(unsafe_code, reason = "an allocator is unsafe by its interface; this one hands everything on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, and how many bytes are asked of it and not given back.
#[derive(Debug, Default)]
pub struct Counting {
    held: AtomicUsize,
}

impl Counting {
    /// One that has counted nothing yet.
    pub const fn new() -> Counting {
        Counting { held: AtomicUsize::new(0) }
    }

    /// Bytes that all threads hold.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.held.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.held.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}
