//! Between the proxy and the engines: phases, buffering, calls, metrics, logs, and the configuration's envelope.
//!
//! This is the only crate that knows Proxy-Wasm. A filter is one line:
//!
//! ```text
//! portcullis_host::filter!(portcullis_waf::Waf);
//! ```
//!
//! Natively only the pure part exists ([`envelope`]), for the command line and for tests; the phases are tested
//! natively too, against a small proxy made of plain values.

#[cfg(target_arch = "wasm32")]
mod abi;
pub mod envelope;
#[cfg(any(target_arch = "wasm32", test))]
mod phases;
mod route;

#[cfg(target_arch = "wasm32")]
pub use abi::Root;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub use proxy_wasm;

/// Makes a module of a plugin: the entry point that the proxy calls first. Behind the plugin may stand data that the
/// module carries for it, as [`portcullis_core::Boot::bundled`].
#[macro_export]
macro_rules! filter {
    ($plugin:ty) => {
        $crate::filter!($plugin, &[]);
    };
    ($plugin:ty, $bundled:expr) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::proxy_wasm::main! {{
                $crate::proxy_wasm::set_root_context(|_| $crate::Root::<$plugin>::boxed($bundled));
            }}
        };
    };
}
