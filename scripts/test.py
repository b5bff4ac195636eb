#!/usr/bin/env python3
"""Runs every test and sums up: the last line is `N passed, N failed`. Run by `make test`, after set-up and build.

    scripts/test.py                 all of it
    scripts/test.py --only <words>  only `cargo test <words>`

Fails if a test failed, if something did not compile or crashed, or if nothing ran.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored")
SUM = re.compile(r"^(\d+) passed, (\d+) failed$")
FAILED = re.compile(r"^test (.+) \.\.\. FAILED")
# The engines' instruction counts against bench/baseline.toml.
FUEL = ["cargo", "run", "--quiet", "-p", "portcullis-bench", "--bin", "bench", "--", "fuel", "--check"]


def main(arguments):
    if arguments[:1] == ["--only"]:
        runs = [("tests", ["cargo", "test", "--no-fail-fast", *arguments[1:]])]
    else:
        runs = [("tests", ["cargo", "test", "--no-fail-fast"]), ("fuel", FUEL)]
    tallies = [(name, *follow(command)) for name, command in runs]
    print()
    for name, passed, failed, broken, seconds in tallies:
        print(f"{name}: {passed} passed, {failed} failed, {seconds:.0f} s")
        for line in broken:
            print(f"  failed: {line}")
    passed, failed = (sum(tally[column] for tally in tallies) for column in (1, 2))
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(0 if passed and not failed else 1)


def follow(command):
    """Runs a command, shows what it prints, and counts. Failing without a counted failure counts as one."""
    start = time.monotonic()
    passed = failed = ignored = 0
    broken, last = [], None
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip("\n")
        print(line, flush=True)
        if found := RESULT.match(line):
            passed, failed = passed + int(found[1]), failed + int(found[2])
            ignored += int(found[3])
        elif found := FAILED.match(line):
            broken.append(found[1])
        elif found := SUM.match(line):
            last = found
        elif line.startswith(("error: could not compile", "error: test failed", "error[E")):
            broken.append(line)
    code = process.wait()
    if last:  # a runner with its own sum
        passed, failed = passed + int(last[1]), failed + int(last[2])
    elif not passed and not failed and code == 0:
        passed = 1
    if ignored:
        failed += ignored
        broken.append(f"{ignored} tests are ignored")
    if code != 0 and failed == 0:
        failed = 1
        broken.append(f"`{' '.join(command)}` ended with {code}")
    return passed, failed, broken, time.monotonic() - start


if __name__ == "__main__":
    main(sys.argv[1:])
