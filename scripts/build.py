#!/usr/bin/env python3
"""Builds dist/: the filters as Wasm modules, the probe of the tests, the native command line. Run by `make build`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
WASM = ["--profile", "wasm", "--target", "wasm32-wasip1"]
MODULES = TARGET / "wasm32-wasip1/wasm"
# Package and the name of its module in dist/.
FILTERS = {
    "portcullis-waf-filter": "waf",
    "portcullis-transform-filter": "transform",
    "portcullis-authz-filter": "authz",
    "portcullis-dlp-filter": "dlp",
    "portcullis-probe": "probe",
}


def main():
    DIST.mkdir(exist_ok=True)
    # Apart from the others: what regorus wants of shared crates (regexes with all of Unicode) would be in every module.
    apart = "portcullis-authz-filter"
    cargo(*WASM, "-p", apart)
    cargo(*WASM, *[word for package in FILTERS if package != apart for word in ("-p", package)], variant="plain")
    for package, name in FILTERS.items():
        publish(built(package), f"{name}.wasm")
    has_crs = (ROOT / ".tools/crs/crs-setup.conf").is_file()
    if has_crs:
        cargo(*WASM, "-p", "portcullis-waf-filter", "--features", "crs", variant="crs")
        publish(built("portcullis-waf-filter"), "waf-crs.wasm")
    else:
        (DIST / "waf-crs.wasm").unlink(missing_ok=True)
        print("build: no OWASP CRS in .tools/crs: waf-crs.wasm is not built (see `make setup`)")
    cargo("--release", "-p", "portcullis-cli", *(["--features", "crs"] if has_crs else []))
    publish(TARGET / "release/portcullis", "portcullis")
    for file in sorted(DIST.iterdir()):
        print(f"build: {file.stat().st_size:>10,} bytes  dist/{file.name}")


def cargo(*arguments, variant=None):
    """Runs `cargo build`.

    Cargo keeps the WAF's module with and without CRS under one name, and would link it anew at each change between the
    two. So what it keeps of each variant is put aside with its times, and put back before cargo looks.
    """
    aside = MODULES / "variants" / str(variant)
    if variant and aside.is_dir():
        for kept in waf_outputs():
            shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
        shutil.copytree(aside, MODULES, dirs_exist_ok=True)
    done = subprocess.run(["cargo", "build", *arguments], cwd=ROOT, check=False)
    if done.returncode != 0:
        sys.exit(f"build: `cargo build {' '.join(arguments)}` failed")
    if variant:
        shutil.rmtree(aside, ignore_errors=True)
        for kept in waf_outputs():
            place = aside / kept.relative_to(MODULES)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(kept, place) if kept.is_dir() else shutil.copy2(kept, place)


def waf_outputs():
    """What cargo keeps of the WAF's filter: the module, and how it was made."""
    module = MODULES / "deps/portcullis_waf_filter.wasm"
    return [*MODULES.glob(".fingerprint/portcullis-waf-filter-*"), *([module] if module.exists() else [])]


def built(package):
    return MODULES / "deps" / (package.replace("-", "_") + ".wasm")


def publish(file, name):
    """Copies by rename, for an Envoy may be reading the old one; leaves equal files alone."""
    target = DIST / name
    if target.is_file() and target.read_bytes() == file.read_bytes():
        return
    beside = DIST / f".{name}.new"
    shutil.copy(file, beside)
    beside.rename(target)


if __name__ == "__main__":
    main()
