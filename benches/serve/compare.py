#!/usr/bin/env python3
"""`precast serve` and nginx, asked for the same files in one run: requests a second, errors, and the memory of `serve`.

Needs a release build (or another program in PRECAST_RELEASE), nginx and ab (Debian: nginx-light, apache2-utils).
"""
import contextlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

REQUESTS = 10_000
CONNECTIONS = 50
ROUNDS = 7
NOW = "2026-06-01T12:00:00Z"
# An answer of a few rows, a list, and the largest file of the release.
PATHS = ["/v1/leaderboard/limit/5.json", "/v1/leaderboard.json", "/v1/manifest.json"]
# The largest is asked for less often, or it would take all of the time.
FEWER = {"/v1/manifest.json": 10}

repository = pathlib.Path(__file__).resolve().parents[2]
program = repository / os.environ.get("PRECAST_RELEASE", "target/release/precast")

# As many workers as processors, no log, and open files kept: how nginx is set up to be fast. It compresses nothing, for
# ab asks for nothing compressed.
NGINX = """
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=10000;
  types {{ application/json json; }}
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/public; }}
}}
"""


def need(tool):
    found = shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if not found:
        sys.exit(f"there is no {tool}")
    return found


@contextlib.contextmanager
def running(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        sys.exit(f"{path} is answered {answer.status}")
    return body


def wait_for(port, path):
    for _ in range(100):
        with contextlib.suppress(OSError):
            return fetch(port, path)
        time.sleep(0.1)
    sys.exit(f"nothing answers on port {port}")


def memory(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def load(ab, port, path):
    """Requests a second, and how many went wrong."""
    count = REQUESTS // FEWER.get(path, 1)
    command = [ab, "-q", "-k", "-n", str(count), "-c", str(CONNECTIONS), f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(command, capture_output=True, text=True)
    number = lambda name: float((re.search(rf"^{name}:\s+([\d.]+)", said.stdout, re.M) or [0, 0])[1])
    if said.returncode != 0 or number("Complete requests") != count:
        return 0.0, count
    return number("Requests per second"), int(number("Failed requests") + number("Non-2xx responses"))


def main():
    ab, nginx = need("ab"), need("nginx")
    if not program.is_file():
        sys.exit(f"there is no {program}: run `cargo build --release`, or name another in PRECAST_RELEASE")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        # nginx gives up its rights when it is started with all of them, and still has to read what is here.
        folder.chmod(0o755)
        for part in ["content", "data", "site"]:
            shutil.copytree(repository / part, folder / "root" / part)
        root, out = str(folder / "root"), str(folder / "public")
        subprocess.run([program, "build", "--root", root, "--out", out, "--now", NOW], check=True, capture_output=True)
        ports = {"serve": free_port(), "nginx": free_port()}
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=ports["nginx"]))
        stack.enter_context(running([nginx, "-c", config, "-p", folder], stderr=subprocess.DEVNULL))
        command = [program, "serve", "--root", root, "--port", str(ports["serve"]), "--now", NOW]
        serve = stack.enter_context(running(command, stderr=subprocess.DEVNULL))
        for path in PATHS:
            bodies = {server: wait_for(port, path) for server, port in ports.items()}
            if bodies["serve"] != bodies["nginx"]:
                sys.exit(f"{path} differs")
        wrong = 0
        memories = [memory(serve.pid)]
        rates = {(server, path): [] for server in ports for path in PATHS}
        # In turns, so that whatever else the machine does slows both.
        for _ in range(ROUNDS):
            for path in PATHS:
                for server, port in ports.items():
                    rate, errors = load(ab, port, path)
                    rates[server, path].append(rate)
                    wrong += errors
            memories.append(memory(serve.pid))
        print(f"{REQUESTS} requests over {CONNECTIONS} connections, medians of {ROUNDS} rounds (least to most), in requests a second")
        for path in PATHS:
            shown = {}
            for server in ports:
                all_ = rates[server, path]
                shown[server] = statistics.median(all_)
                fewer = f", {REQUESTS // FEWER[path]} requests" if path in FEWER else ""
                size = len(fetch(ports[server], path))
                print(f"{server:6} {path} ({size} bytes{fewer}): {shown[server]:,.0f} ({min(all_):,.0f} to {max(all_):,.0f})")
            print(f"       serve is {shown['serve'] / max(shown['nginx'], 1):.2f} of nginx")
        print("memory of serve, MB: " + ", ".join(f"{one:.0f}" for one in memories) + " (before, then after each round)")
        print(f"errors: {wrong}")
        # What one round leaves behind is buffers for as many connections; what each further one leaves would be a leak.
        grown = memories[-1] > memories[1] * 1.2 + 5
        if grown:
            print("memory grows from round to round")
        return 1 if wrong or grown else 0


sys.exit(main())
