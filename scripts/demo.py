#!/usr/bin/env python3
"""Stock Envoy with all four filters before a small upstream.

    scripts/demo.py run     prints what to try, and stays until Ctrl-C
    scripts/demo.py demo    tries it by itself; ends with 1 if an answer is not as it should be

The configuration is envoy-configs/chain.yaml, with other ports where those in it are taken, and with OWASP CRS in place
of the built-in rules where `make setup` has got it. Logs are in target/demo/.
"""

import ctypes
import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
FOLDER = TARGET / "demo"
CRS_RULES = ["Include @recommended-conf", "Include @crs-setup-conf", "SecRuleEngine On", "Include @owasp_crs/*.conf"]
PERSON = {"user": {"first": "Ada", "last": "Lovelace"}, "items": ["engine", "notes", "numbers"]}


class Try:
    """One request, as a curl line and as what its answer must be."""

    def __init__(self, title, target, status, line, headers=(), body=None, without=None):
        self.title, self.target, self.status = title, target, status
        self.line, self.without = re.compile(line), without
        self.headers, self.body = dict(headers), body
        if body:
            self.headers["content-type"] = "application/json"

    def curl(self, port):
        words = ["curl", "-i"]
        for name, value in self.headers.items():
            words += ["-H", f"{name}: {value}"]
        if self.body:
            words += ["-d", self.body]
        return shlex.join([*words, f"http://127.0.0.1:{port}{self.target}"])

    def ask(self, port):
        """Status, the line of the answer that shows it, and whether all is as it should be."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            method = "POST" if self.body else "GET"
            headers = {"user-agent": "portcullis-demo/1", "accept": "*/*", **self.headers}
            connection.request(method, self.target, body=self.body, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, f"no answer: {error}", False
        finally:
            connection.close()
        found = self.line.search(text)
        good = answer.status == self.status and found and (self.without is None or self.without not in text)
        return answer.status, (found.group(0) if found else text[:200]).strip(), bool(good)


TRIES = [
    Try("waf: an SQL injection is stopped", "/get?id=1%27%20OR%20%271%27=%271", 403, r"(?s)^(?!.*access denied).+"),
    Try("authz: the administration, with a key, is allowed", "/admin", 200, r'"path": ?"/admin"',
        headers={"x-api-key": "let-me-in"}),
    Try("authz: the administration, without, is refused", "/admin", 403, r"(?s).*access denied.*"),
    Try("dlp: a card number in the response is masked", "/card", 200, r'"card": ?"[^"]*\*[^"]*1111"', without="4111 1111"),
    Try("transform: the upstream gets another JSON body", "/anything", 200,
        r'"json": ?\{[^}]*Ada Lovelace[^}]*\}', body=json.dumps(PERSON)),
]


def main(arguments):
    if arguments not in (["run"], ["demo"]):
        sys.exit("usage: scripts/demo.py run|demo")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    FOLDER.mkdir(parents=True, exist_ok=True)
    processes = []
    try:
        port = start(processes)
        code = demo(port) if arguments == ["demo"] else stay(port, processes)
    except KeyboardInterrupt:
        print()
        code = 0
    finally:
        stop(processes)
    sys.exit(code)


def start(processes):
    """Starts upstream and Envoy; gives Envoy's port when both answer."""
    upstream_port, admin, port = free(8000), free(9901), free(10000)
    upstream = build_upstream()
    processes.append(spawn("upstream", [upstream, "--port", str(upstream_port)]))
    envoy = os.environ.get("ENVOY") or str(ROOT / ".tools/bin/envoy")
    if not os.access(envoy, os.X_OK):
        sys.exit(f"demo: no envoy at {envoy}: run `make setup`, or name one by ENVOY=")
    configuration = FOLDER / "chain.yaml"
    configuration.write_text(adapted({8000: upstream_port, 9901: admin, 10000: port}))
    command = [envoy, "-c", str(configuration), "--disable-hot-restart", "--concurrency", "1", "-l", "warning"]
    processes.append(spawn("envoy", command))
    wait(lambda: connects(upstream_port), processes, "upstream")
    wait(lambda: ready(admin), processes, "envoy")
    return port


def adapted(ports):
    """chain.yaml with these ports, on OWASP CRS where it is built."""
    text = (ROOT / "envoy-configs/chain.yaml").read_text()
    for old, new in ports.items():
        text = replaced(text, f"port_value: {old} ", f"port_value: {new} ")
    if not (ROOT / "dist/waf-crs.wasm").is_file():
        print("demo: on the built-in rules, for there is no dist/waf-crs.wasm: OWASP CRS was not to be had (see `make setup`)")
        return text
    print("demo: on OWASP CRS")
    text = replaced(text, "filename: dist/waf.wasm", "filename: dist/waf-crs.wasm")
    found = re.search(r'^( *)- "Include @builtin"\n', text, re.MULTILINE)
    if not found:
        sys.exit("demo: chain.yaml does not include the built-in rules")
    return text.replace(found[0], "".join(f'{found[1]}- "{rule}"\n' for rule in CRS_RULES))


def replaced(text, old, new):
    if text.count(old) != 1:
        sys.exit(f"demo: chain.yaml does not hold `{old}` once")
    return text.replace(old, new)


def build_upstream():
    command = ["cargo", "build", "--quiet", "-p", "portcullis-testkit", "--features", "net", "--bin", "upstream"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        sys.exit("demo: the upstream cannot be built")
    return str(TARGET / "debug/upstream")


def demo(port):
    failed = 0
    for number, attempt in enumerate(TRIES, 1):
        status, line, good = attempt.ask(port)
        failed += not good
        print(f"\n{number}. {attempt.title}\n   {attempt.curl(port)}\n   {status}  {line}")
        if not good:
            print(f"   NOT AS IT SHOULD BE: expected {attempt.status}, see target/demo/envoy.log")
    print(f"\n{len(TRIES) - failed} passed, {failed} failed")
    return 1 if failed else 0


def stay(port, processes):
    print(f"\nEnvoy listens on 127.0.0.1:{port}. Try:\n")
    for number, attempt in enumerate(TRIES, 1):
        print(f"{number}. {attempt.title}\n   {attempt.curl(port)}\n")
    print("The access log is in target/demo/envoy.log. Ctrl-C ends it.", flush=True)
    while all(process.poll() is None for process in processes):
        time.sleep(0.5)
    print("demo: a process has ended by itself, see target/demo/")
    return 1


def spawn(name, command):
    log = open(FOLDER / f"{name}.log", "wb")  # the child's; closed with us
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        start_new_session=True, preexec_fn=die_with_parent,
    )


def die_with_parent():
    """Has the kernel end this process when its parent ends, however that happens (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def stop(processes):
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(condition, processes, name):
    """Waits until it holds; modules of several megabytes take Envoy seconds to compile."""
    end = time.monotonic() + 180
    while not condition():
        dead = any(process.poll() is not None for process in processes)
        if dead or time.monotonic() > end:
            tail = (FOLDER / f"{name}.log").read_text(errors="replace").splitlines()[-8:]
            sys.exit(f"demo: {name} does not come up; the end of target/demo/{name}.log:\n" + "\n".join(tail))
        time.sleep(0.1)


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def ready(admin):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=2)
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def free(wish):
    """This port of 127.0.0.1 if nobody has it, else any."""
    for port in (wish, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    sys.exit("demo: no free port")


if __name__ == "__main__":
    main(sys.argv[1:])
