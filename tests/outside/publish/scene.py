"""What the tests of publishing share: sites to publish, environments to publish them to, the program, and a reader's eyes.

The program is target/debug/precast, or what PRECAST names.
"""
import concurrent.futures
import contextlib
import functools
import http.server
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import unittest
from dataclasses import dataclass

from proxy import Proxy
from stand_in import StandIn

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = REPOSITORY / os.environ.get("PRECAST", "target/debug/precast")
TEMPLATE = REPOSITORY / "infra/site.yaml"
# One instant, so that what is scheduled or expired is the same in every run.
NOW = "2026-06-01T12:00:00Z"
# How long any one command may take. (One that meets a dead publisher's lease waits a quarter of a minute.)
PATIENCE = 300
LAYOUTS = ["flat", "release"]

SMALL = """
[site]
name = "Small, on day DAY"
base_url = "https://small.example"

[collections.members]
sources = ["data/members.json"]
key = "id"

[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "board"
from = "members"
sort = ["-score"]
limit = { default = 3, max = 4 }
page = { size = 3 }

[[views]]
path = "members/{id}"
from = "members"
each = true

[[views]]
path = "teams/{team}"
from = "members"
group = "team"
limit = { max = 2 }

[[views]]
path = "day-DAY"
from = "members"
limit = { max = 1 }
"""


# What is published


class Build:
    """The output of a build, in a folder of its own."""

    def __init__(self, root, out):
        done = run("build", "--root", root, "--out", out, "--now", NOW)
        assert done.code == 0, done.err
        self.root, self.out = root, pathlib.Path(out)
        self.read()

    def read(self):
        self.manifest = json.loads((self.out / "v1/manifest.json").read_bytes())
        self.release = self.manifest["release"]
        self.files = {key: (self.out / key).read_bytes() for key in [*self.manifest["artifacts"], "v1/manifest.json"]}

    def forge(self, **changes):
        """Rewrites what the manifest says of single objects, as if another build had said it."""
        for key, members in changes.pop("artifacts", {}).items():
            self.manifest["artifacts"][key] |= members
        self.manifest |= changes
        (self.out / "v1/manifest.json").write_text(json.dumps(self.manifest, separators=(",", ":")))
        self.read()


def small_site(folder, members=8, day=1, statics=None):
    """A build of some 90 objects, and two for each member more. Another `day` changes every score, routes, the edge function, the body of a 404, what
    pages link to, and which files those are."""
    root = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (root / "data").mkdir()
    (root / "site").mkdir()
    (root / "site/site.toml").write_text(SMALL.replace("DAY", str(day)))
    rows = [{"id": f"m{n}", "team": ["red", "blue"][n % 2], "score": (n * 7 * day) % 101} for n in range(members)]
    (root / "data/members.json").write_text(json.dumps(rows))
    files = {
        f"style-{day}.css": f"/* {day} */", "common.css": f"/* of day {day} */", f"news-{day}.html": f'<a href="/v1/day-{day}">today</a>',
        "hello.html": f'<link rel="stylesheet" href="/style-{day}.css"><link rel="stylesheet" href="/common.css"><a href="/news-{day}">news</a>',
    }
    for name, text in (files | (statics or {})).items():
        file = root / "site/static" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Build(root, root / "public")


def shipped_root(folder):
    """The site that ships here, copied: a test must not see what is edited meanwhile, nor leave anything behind."""
    root = pathlib.Path(tempfile.mkdtemp(dir=folder))
    for name in ["content", "data", "site"]:
        shutil.copytree(REPOSITORY / name, root / name)
    return root


# The program


@dataclass
class Ran:
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)

    def sentence(self):
        """What it says of its end."""
        said = [line for line in self.err.splitlines() if line.startswith("error: ")]
        return said[-1] if said else ""


def start(*arguments, env=None):
    return subprocess.Popen(
        [str(PROGRAM), *map(str, arguments)], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def end(process):
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"{process.args} does not end:\n{err}") from None
    return Ran(process.returncode, out, err)


def run(*arguments, env=None):
    return end(start(*arguments, env=env))


# Where it is published


class Place:
    """An environment of its own: the stack of infra/site.yaml, and a root that declares it.

    `declared` adds lines to its section, such as {"keep": "{ releases = 1 }"}, or takes some away (None).
    """

    numbers = itertools.count(1)

    def __init__(self, aws, folder, layout, name="prod", credentials=None, declared=()):
        self.aws, self.layout, self.name, self.credentials = aws, layout, name, credentials
        self.project = f"p{next(Place.numbers)}"
        parameters = {"Project": self.project, "Environment": name, "AccessLogs": "false", "SurfacesHostname": "true"}
        self.outputs = aws.deploy_stack(TEMPLATE, parameters, name=f"{self.project}-site")
        self.bucket, self.function = self.outputs["BucketName"], self.outputs["FunctionName"]
        self.site, self.surfaces = self.outputs["DistributionDomain"], self.outputs["SurfacesDistributionDomain"]
        self.s3, self.front = aws.client("s3"), aws.client("cloudfront")
        self.root = pathlib.Path(tempfile.mkdtemp(dir=folder))
        (self.root / "site").mkdir()
        # What the stack itself says of it, but for the address: that is behind a proxy here, where a test wants it.
        lines = re.sub(r"(?m)^url .*$", "", self.outputs["EnvironmentsToml"])
        lines = re.sub(r'(?m)^layout .*$', f'layout = "{layout}"', lines)
        for key, value in dict(declared).items():
            lines = re.sub(rf"(?m)^{key} .*$", "", lines)
            if value is not None:
                lines += f"\n{key} = {value}"
        self.declare(lines)

    def declare(self, more):
        with (self.root / "site/environments.toml").open("a") as file:
            file.write(more + "\n")

    def env(self, url=None):
        return self.aws.environment(self.credentials, url)

    def start(self, command, *arguments, url=None):
        return start(command, "--env", self.name, "--root", self.root, *arguments, env=self.env(url))

    def run(self, command, *arguments, url=None):
        return end(self.start(command, *arguments, url=url))

    def publish(self, build, *arguments, url=None):
        return self.run("publish", "--out", build.out, *arguments, url=url)

    def put(self, *builds):
        """Publishes, where that is not what is tested."""
        for build in builds:
            done = self.publish(build)
            assert done.code == 0, done.err

    # What stands there

    @property
    def channel_key(self):
        return ".precast/live.json" if self.layout == "flat" else f"channels/{self.name}.json"

    def channel(self):
        return json.loads(self.object(self.channel_key))

    def live(self):
        return (self.channel().get("current") or {}).get("release")

    def object(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def where(self, key):
        """The objects that hold the bytes of `key`: one in flat, in release one for each release."""
        return [key] if self.layout == "flat" else [found for found in self.keys("s/") if found.split("/", 2)[2] == key]

    def snapshot(self):
        """Every object's key and bytes but the lease's: what must not change when nothing is to be done."""
        return {key: self.object(key) for key in self.keys() if key != ".precast/lease.json"}

    def function_code(self):
        return self.front.get_function(Name=self.function, Stage="LIVE")["FunctionCode"].read()

    # What a reader sees

    def fetch(self, path, method="GET", **how):
        return self.aws.fetch(self.site, path, method, **how)

    def reads(self, *builds):
        """Every file of any of the builds, as a reader gets it: its bytes, or None where it is not there."""
        seen = {}
        for key in sorted(set().union(*(build.files for build in builds))):
            answer = self.fetch("/" + key)
            assert answer.status in (200, 404), (key, answer)
            seen[key] = answer.body if answer.status == 200 else None
        return seen

    @contextlib.contextmanager
    def viewer(self):
        """The distribution at an address of its own."""
        with viewer(self.aws, self.site) as url:
            yield url


@contextlib.contextmanager
def viewer(aws, domain):
    """An address of this machine at which a distribution answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            server.asked.append(self.path)
            answer = aws.fetch(domain, self.path, self.command)
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = Url(f"http://127.0.0.1:{server.server_port}")
        url.asked = server.asked
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()


class Url(str):
    """An address; `asked` are the paths that were asked for there."""


def in_each_layout(test):
    """Runs a test once for each layout, which it takes as its argument."""

    @functools.wraps(test)
    def both(self):
        for layout in LAYOUTS:
            with self.subTest(layout):
                test(self, layout)

    return both


class Scene(unittest.TestCase):
    """Tests with a MiniStack of their own, and a folder for what they build."""

    auth = False

    @classmethod
    def setUpClass(cls):
        cls.aws = cls.enterClassContext(StandIn(auth=cls.auth))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def place(self, layout, name="prod", **declared):
        return Place(self.aws, self.folder, layout, name, declared=declared)

    def proxy(self):
        return self.enterContext(Proxy(self.aws.url))

    def at_once(self, number, scenarios):
        """Runs functions, by their names, so many at once; whichever fail are told. For what waits more than it works."""
        with concurrent.futures.ThreadPoolExecutor(number) as pool:
            running = [(name, pool.submit(scenario)) for name, scenario in scenarios]
            for name, done in running:
                with self.subTest(name):
                    done.result()

    def succeeds(self, ran):
        self.assertEqual(ran.code, 0, ran.err)
        return ran

    def fails(self, ran, code=3):
        """It says why in one sentence, the last line; `code` is how it ends."""
        self.assertEqual(ran.code, code, ran.err)
        sentence = ran.sentence()
        self.assertTrue(sentence and ran.err.endswith(sentence + "\n"), ran.err)
        self.assertEqual(len([line for line in ran.err.splitlines() if line.startswith("error: ")]), 1, ran.err)
        self.assertNotRegex(ran.err, r"panicked|\bSdkError\b|DispatchFailure|ServiceError|stack backtrace")
        return sentence

    def assert_whole(self, place, *builds):
        """Everything that a reader gets is of one of the builds, and of one alone. Gives back which."""
        seen = place.reads(*builds)
        for build in builds:
            if seen == {key: build.files.get(key) for key in seen}:
                return build
        wrong = {build.release[:12]: [key for key in seen if seen[key] != build.files.get(key)][:5] for build in builds}
        self.fail(f"what readers get is of no single release; different from {wrong}")

    def assert_verified(self, place):
        found = place.run("verify", "--format", "json")
        self.assertEqual(found.code, 0, found.out + found.err)
        self.assertEqual([target["verified"]["findings"] for target in found.json()["targets"]], [[] for _ in found.json()["targets"]])

    def assert_live(self, place, build):
        """`build` is what is live: for readers, for `verify`, for `status`, and nothing is left to do."""
        self.assertEqual(place.live(), build.release)
        self.assert_verified(place)
        self.succeeds(place.run("status"))
