#!/usr/bin/env python3
"""Holds the engines against other projects' corpora and prints a table. Run by `make conformance`.

The cases lie in the folder CONFORMANCE (default: ../shared/conformance), OWASP CRS with its tests in .tools/crs. The
corpora are ordinary tests; each writes a report (`PORTCULLIS_REPORT`), and this script only adds them up. Columns:
passed asserted something that held; excepted failed for a listed reason; vacuous had nothing to assert.

    scripts/conformance.py              the table and each reason with its number of cases
    scripts/conformance.py --verbose    each excepted case by name
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Their tests are about a running Envoy, or about the tree.
NOT_CORPORA = {"portcullis-e2e", "portcullis-bench", "portcullis-cli", "portcullis-testkit"}
COLUMNS = ("passed", "failed", "excepted", "vacuous")


def main(arguments):
    cases = Path(os.environ.get("CONFORMANCE") or ROOT / "../shared/conformance")
    if not cases.is_dir():
        print(f"notice: no conformance cases at {cases} (set CONFORMANCE): their suites are skipped")
    with tempfile.TemporaryDirectory() as folder:
        broken, notices = run_tests(folder, cases)
        reports = [json.loads(file.read_text()) for file in sorted(Path(folder).glob("*.json"))]
    table(reports)
    details(reports, "--verbose" in arguments)
    for notice in notices:
        print(f"skipped: {notice}")
    for line in broken:
        print(f"broken: {line}")
    passed = sum(report["passed"] for report in reports)
    failed = sum(len(report["failed"]) + len(report["faults"]) for report in reports)
    failed = failed or len(broken)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


def run_tests(folder, cases):
    """Builds as `make test` does, so that nothing is built twice; runs the engines' test programs."""
    build = ["cargo", "test", "--no-run", "--message-format", "json-render-diagnostics"]
    done = subprocess.run(build, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        return ["the tests do not compile"], []
    environment = {**os.environ, "PORTCULLIS_REPORT": folder + "/", "CONFORMANCE": str(cases.resolve())}
    broken, notices = [], []
    for package, program in programs(done.stdout):
        before = set(os.listdir(folder))
        ran = subprocess.run(
            [program, "--nocapture"], cwd=package, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False,
        )
        text = ran.stdout.decode(errors="replace")
        notices += [line.removeprefix("notice: ") for line in text.splitlines() if line.startswith("notice: ")]
        if ran.returncode != 0:
            broken.append(f"{package.name}: {Path(program).name}: " + "; ".join(failures(text)))
        elif set(os.listdir(folder)) != before:
            print(f"ran {package.name}: {re.sub('-[0-9a-f]{16}$', '', Path(program).name)}", flush=True)
    return broken, sorted(set(notices))


def programs(messages):
    for line in messages.splitlines():
        message = json.loads(line)
        if message["reason"] != "compiler-artifact" or not message["executable"] or not message["profile"]["test"]:
            continue
        package = Path(message["manifest_path"]).parent
        if package_name(package) not in NOT_CORPORA:
            yield package, message["executable"]


def package_name(folder):
    return re.search(r'^name = "(.+)"', (folder / "Cargo.toml").read_text(), re.MULTILINE)[1]


def failures(text):
    found = re.findall(r"^test (.+) \.\.\. FAILED", text, re.MULTILINE)
    return found or [text.strip().splitlines()[-1] if text.strip() else "no output"]


def table(reports):
    rows = [[report["suite"], *map(str, numbers(report))] for report in reports]
    rows.append(["all", *(str(sum(column)) for column in zip(*map(numbers, reports)))] if reports else ["none"] + ["0"] * 4)
    rows.insert(0, ["suite", *COLUMNS])
    width = max(len(row[0]) for row in rows)
    print()
    for index, row in enumerate(rows):
        print(row[0].ljust(width) + "".join(cell.rjust(10) for cell in row[1:]))
        if index in (0, len(rows) - 2):
            print("-" * (width + 40))
    print()


def numbers(report):
    return report["passed"], len(report["failed"]) + len(report["faults"]), len(report["excepted"]), report["vacuous"]


def details(reports, verbose):
    for report in reports:
        for note in report["failed"]:
            print(f"failed: {report['suite']}: {note['name']}: {note['text'][:300]}")
        for fault in report["faults"]:
            print(f"failed: {report['suite']}: rule: {fault}")
        if verbose:
            for note in report["excepted"]:
                print(f"excepted: {report['suite']}: {note['name']}: {note['text']}")
            continue
        for reason, count in sorted(Counter(note["text"] for note in report["excepted"]).items()):
            print(f"excepted: {report['suite']}: {count} x {reason}")


if __name__ == "__main__":
    main(sys.argv[1:])
