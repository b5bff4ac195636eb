//! The modules that ship, as files: what they ask of a proxy, and how much memory they may take.

use portcullis_testkit::repo;
use std::collections::BTreeSet;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// 256 MiB in pages of 64 KiB: `.cargo/config.toml` links every module so.
const MOST_PAGES: u64 = 4096;

/// What a module says of itself.
#[derive(Default)]
struct Module {
    imports: BTreeSet<(String, String)>,
    exports: BTreeSet<String>,
    memory_maximum: Option<u64>,
}

fn module(name: &str) -> Module {
    let file = repo::module(name);
    let bytes =
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `make build`", file.display()));
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.unwrap();
                    assert!(
                        matches!(import.ty, TypeRef::Func(_)),
                        "{name} imports something that is no function"
                    );
                    module.imports.insert((import.module.to_owned(), import.name.to_owned()));
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    module.memory_maximum = memory.unwrap().maximum;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.unwrap();
                    if export.kind == ExternalKind::Func {
                        module.exports.insert(export.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    module
}

fn shipped() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(repo::module("waf").parent().unwrap())
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().into_string().ok()?.strip_suffix(".wasm").map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

#[test]
fn all_four_filters_are_built() {
    let names = shipped();
    for name in ["authz", "dlp", "transform", "waf"] {
        assert!(names.iter().any(|built| built == name), "dist/{name}.wasm is missing; there is {names:?}");
    }
}

#[test]
fn every_module_has_a_memory_maximum() {
    for name in shipped() {
        assert_eq!(module(&name).memory_maximum, Some(MOST_PAGES), "{name}");
    }
}

#[test]
fn every_module_speaks_the_abi_and_asks_for_no_more_than_envoy_has() {
    // What Envoy offers of WASI; anything else fails only when the module is loaded.
    let wasi = [
        "args_get",
        "args_sizes_get",
        "clock_res_get",
        "clock_time_get",
        "environ_get",
        "environ_sizes_get",
        "fd_close",
        "fd_fdstat_get",
        "fd_fdstat_set_flags",
        "fd_filestat_get",
        "fd_prestat_dir_name",
        "fd_prestat_get",
        "fd_read",
        "fd_readdir",
        "fd_seek",
        "fd_tell",
        "fd_write",
        "path_create_directory",
        "path_filestat_get",
        "path_link",
        "path_open",
        "path_remove_directory",
        "path_rename",
        "path_unlink_file",
        "poll_oneoff",
        "proc_exit",
        "random_get",
        "sched_yield",
    ];
    for name in shipped() {
        let module = module(&name);
        assert!(module.exports.contains("proxy_abi_version_0_2_1"), "{name}");
        assert!(module.exports.contains("_initialize"), "{name}");
        for (from, function) in &module.imports {
            let known = match from.as_str() {
                "env" => function.starts_with("proxy_"),
                "wasi_snapshot_preview1" => wasi.contains(&function.as_str()),
                _ => false,
            };
            assert!(known, "{name} imports {from}.{function}");
        }
    }
}
