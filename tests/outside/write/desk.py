"""What the tests of writing share: small sites, servers that accept writes to them, where those are kept, and clients.

The program is target/debug/precast, or what PRECAST names.
"""
import atexit
import concurrent.futures
import contextlib
import functools
import http.client
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from dataclasses import dataclass

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "publish"))
from stand_in import StandIn  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = REPOSITORY / os.environ.get("PRECAST", "target/debug/precast")
# How long anything may take that is waited for.
PATIENCE = 240
BASE = "https://club.example"
LOCAL = 'mode = "local"'
LOCAL_TOKEN = "the-token-of-this-machine"

SITE = """
[site]
name = "Club"
base_url = "https://club.example"

# A member writes their own record; what they may not write is private.
[collections.users]
sources = ["content/users", "data/users.json"]
key = "githubProfile"
private = ["email"]

# A record says whose it is, and waits for an editor.
[collections.notes]
sources = ["content/notes", "data/notes.json"]
key = "id"

# Only editors write, and only new ones.
[collections.tags]
sources = ["data/tags.json"]
key = "name"

# Nobody writes.
[collections.rules]
sources = ["data/rules.json"]
key = "id"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "users"
from = "users"

[writes.users]
schema = "site/schemas/user.json"
owner = "githubProfile"

[writes.notes]
schema = "site/schemas/note.json"
owner = { claim = "sub", member = "author" }
review = true

[writes.tags]
schema = "site/schemas/tag.json"
allow = ["create"]
"""
SCHEMAS = {
    "user": {
        "type": "object", "required": ["name"], "additionalProperties": False,
        "properties": {
            "githubProfile": {"type": "string"}, "name": {"type": "string", "minLength": 1, "maxLength": 100}, "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "days": {"type": "integer", "minimum": 0, "maximum": 1000}, "tracks": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
            "home": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}, "additionalProperties": False},
            # Anything at all, so that what JSON can say is tried.
            "more": {},
        },
    },
    "note": {"type": "object", "required": ["author", "text"], "properties": {"id": {"type": "string"}, "author": {"type": "string"}, "text": {"type": "string"}}},
    "tag": {"type": "object", "required": ["title"], "properties": {"name": {"type": "string"}, "title": {"type": "string"}}},
}
DATA = {
    "users": [{"githubProfile": "ada", "name": "Ada", "email": "ada@example.org"}], "notes": [{"id": "first", "author": "id|ada", "text": "Hello"}],
    "tags": [{"name": "cloud", "title": "Cloud"}], "rules": [{"id": "one", "text": "Be kind"}],
}
# Nobody in these tests is meant to be told to slow down, unless a test says so.
ENDPOINT = {"per_subject": 1_000_000, "per_address": 1_000_000, "origins": ["https://app.example"]}


def make_site(folder, auth=LOCAL, **endpoint):
    """A site's folder. `auth` are the lines of `[auth]`, or None; `endpoint` says more of `[endpoint]`, or leaves something out (None)."""
    root = pathlib.Path(tempfile.mkdtemp(dir=folder))
    for name in ["data", "site/schemas", "content/users", "content/notes"]:
        (root / name).mkdir(parents=True)
    lines = [SITE] + ([] if auth is None else ["[auth]", auth]) + ["[endpoint]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in (ENDPOINT | endpoint).items() if value is not None]
    (root / "site/site.toml").write_text("\n".join(lines) + "\n")
    for name, schema in SCHEMAS.items():
        (root / f"site/schemas/{name}.json").write_text(json.dumps(schema))
    for name, records in DATA.items():
        (root / f"data/{name}.json").write_text(json.dumps(records))
    return root


# Clients


@dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The last segment of the `type` of a problem document."""
        return self.json()["type"].rsplit("/", 1)[1] if self.headers.get("content-type") == "application/problem+json" else None

    @property
    def version(self):
        tag = self.headers.get("etag")
        return None if tag is None else int(tag.strip('"'))


class Client:
    """One connection, which is opened anew where it has ended. `server` tells where, each time, and what it wants in each request."""

    def __init__(self, server, token=None, timeout=PATIENCE):
        self.server, self.token, self.timeout = server, token, timeout
        self._connection = self._to = None

    def ask(self, method, path, body=None, token=None, headers=None):
        """Sends a request once. A dict is sent as JSON; bytes as they are."""
        headers = {"Content-Type": "application/json"} | (headers or {}) if body is not None else dict(headers or {})
        token = token or self.token
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        headers = self.server.headers | {name: value for name, value in headers.items() if value is not None}
        body = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if self._connection is None or self._to != self.server.address:
            self.close()
            self._to = self.server.address
            self._connection = http.client.HTTPConnection(*self._to, timeout=self.timeout)
        try:
            self._connection.request(method, path, body=body, headers=headers)
            answer = self._connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        except BaseException:
            self.close()
            raise

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __getattr__(self, name):
        if name in ("get", "put", "post", "patch", "delete", "options"):
            return functools.partial(self.ask, name.upper())
        raise AttributeError(name)


# Servers


class Asked:
    """What answers requests: at `address`, where each request has these headers."""

    headers = {}

    def client(self, token=LOCAL_TOKEN, **how):
        return Client(self, token, **how)

    def ask(self, method, path, body=None, token=LOCAL_TOKEN, headers=None):
        """By a connection of its own. `token=None` sends none."""
        with contextlib.closing(Client(self, token)) as client:
            return client.ask(method, path, body, headers=headers)


class Server(Asked):
    """`precast serve` on a free port of this machine, until it is ended or killed. It may be started again."""

    def __init__(self, root, *options, env=None, host="127.0.0.1", prefix=(), **how):
        """`prefix` is the command that starts it, if one does; `how` is for Popen."""
        self.root, self.options, self.host, self.prefix, self.how = root, options, host, prefix, how
        env_of_test = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PRECAST_"))}
        self.env = env_of_test | {"PRECAST_LOCAL_TOKEN": LOCAL_TOKEN} | (env or {})
        self.address, self.lines, self._process, self._reader = None, [], None, None

    def start(self):
        self._process = subprocess.Popen(
            [*self.prefix, str(PROGRAM), "serve", "--root", str(self.root), "--host", self.host, "--port", "0", *map(str, self.options)], env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **self.how,
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr, ready), daemon=True)
        self._reader.start()
        if not ready.wait(PATIENCE) or self._process.poll() is not None:
            self.kill()
            raise RuntimeError("serve does not start:\n" + self.log())
        return self

    def _read(self, pipe, ready):
        with pipe:
            for line in pipe:
                self.lines.append(line.rstrip("\n"))
                found = re.match(r"serving http://(.*):(\d+)/ ", line)
                if found:
                    self.address = (found[1] if found[1] != "0.0.0.0" else "127.0.0.1", int(found[2]))
                    ready.set()
        ready.set()

    def log(self):
        return "\n".join(self.lines[-60:])

    def told(self):
        """What the log tells of each request."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            # Whoever it was started by may end before it.
            self._reader.join(PATIENCE)

    def end(self):
        if self.prefix:
            # The first process of a namespace hears nothing else.
            self.kill()
        elif self.is_running():
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def own(self):
        """The origin of its own pages."""
        return f"http://127.0.0.1:{self.address[1]}"

    def memory(self, name="VmRSS"):
        """In MB."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024

    def forget_peak(self):
        """From now on VmHWM tells of what comes."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")


def command(*arguments, env=None):
    ran = subprocess.run([str(PROGRAM), *map(str, arguments)], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    return ran


# Where writes are kept


class Place:
    """An inbox of its own. Another kind says how a server is told of it (`options`, `env`), and what stands there."""

    numbers = itertools.count(1)
    options, env = (), {}

    def server(self, root, *options, env=None, **how):
        return Server(root, *self.options, *options, env=self.env | (env or {}), **how)

    def inbox(self, root, command_name, *arguments):
        """`precast inbox …` of what stands here."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PRECAST_"))} | self.env
        return command("inbox", command_name, "--root", root, *arguments, *self.options, env=env)

    def listed(self, root):
        ran = self.inbox(root, "list", "--format", "json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)["writes"]

    def entries(self):
        """The documents of accepted writes, by the names of their objects."""
        return {key: json.loads(body) for key, body in self.objects().items() if key.startswith("entries/")}

    def rubbish(self):
        """What is half written."""
        return []


class InFolder(Place):
    def __init__(self, folder):
        self.path = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "inbox"
        self.options = ("--inbox", self.path)

    def objects(self):
        files = [path for path in self.path.rglob("*") if path.is_file() and ".precast" not in path.relative_to(self.path).parts]
        return {str(path.relative_to(self.path)): path.read_bytes() for path in files}

    def remove(self, names):
        for name in names:
            (self.path / name).unlink()

    def rubbish(self):
        return [path.name for path in (self.path / ".precast/put").glob("*")]


class InBucket(Place):
    def __init__(self, _folder, url=None):
        self.aws = stand_in()
        self.bucket = self.aws.make_bucket(f"inbox-{next(Place.numbers)}", versioned=False)
        self.env = self.aws.environment()
        self.env = {name: value for name, value in self.env.items() if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL"}
        self.options = ("--inbox", f"s3://{self.bucket}/site", "--endpoint-url", url or self.aws.url)

    def objects(self):
        s3 = self.aws.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="site/")
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return {key.removeprefix("site/"): s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}

    def remove(self, names):
        for name in names:
            self.aws.client("s3").delete_object(Bucket=self.bucket, Key=f"site/{name}")


@functools.cache
def stand_in():
    """One MiniStack for all tests of a process."""
    aws = StandIn(log_level="WARNING")
    aws.__enter__()
    atexit.register(aws.__exit__, None, None, None)
    return aws


PLACES = [InFolder, InBucket]


def everywhere(cases):
    """Makes of a class of tests one for each place, `PLACES` or those that the class names."""
    for place in getattr(cases, "places", PLACES):
        name = f"{cases.__name__}{place.__name__}"
        setattr(sys.modules[cases.__module__], name, type(name, (cases,), {"place_class": place, "__module__": cases.__module__, "__qualname__": name}))


class Case(unittest.TestCase):
    place_class = InFolder

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def place(self, **how):
        return self.place_class(self.folder, **how)

    def serve(self, place, root, *options, **how):
        server = place.server(root, *options, **how)
        self.addCleanup(server.end)
        return server.start()

    # What is expected of answers

    def assert_refused(self, answer, status, problem, **members):
        """A problem document, whole; gives it back."""
        self.assertEqual((answer.status, answer.headers.get("content-type")), (status, "application/problem+json"), answer.body)
        document = answer.json()
        self.assertEqual(document["type"], f"{BASE}/v1/errors/{problem}", document)
        self.assertEqual(document["status"], status)
        self.assertTrue(document["title"] and document["detail"], document)
        for name, value in members.items():
            self.assertEqual(document.get(name), value, document)
        self.assert_plain(answer)
        return document

    def assert_accepted(self, answer, status, version, key=None, waiting=False):
        """The answer to a write that is kept; gives the write's id."""
        self.assertEqual((answer.status, answer.headers.get("content-type")), (status, "application/json"), answer.body)
        document = answer.json()
        self.assertRegex(document["id"], "^[0-9a-f]{32}$")
        self.assertEqual(answer.headers["etag"], f'"{version}"')
        self.assertEqual(document["version"], version)
        self.assertEqual(answer.headers["location"], f"/v1/writes/{document['id']}.json")
        self.assertEqual(document["receipt"], answer.headers["location"])
        self.assertEqual(document["status"], "waiting" if waiting else "accepted")
        if key is not None:
            self.assertEqual(document["key"], key)
        self.assert_plain(answer)
        return document["id"]

    def assert_plain(self, answer):
        self.assertEqual(answer.headers.get("cache-control"), "no-store")
        self.assertEqual(answer.headers.get("x-content-type-options"), "nosniff")
        self.assertRegex(answer.headers.get("x-request-id", ""), "^[0-9a-f]{32}$")


def until(holds, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"in {patience} s not: {what}")
        time.sleep(0.02)


def at_once(functions):
    """Starts all at the same moment, and gives what each gave."""
    line = threading.Barrier(len(functions))

    def one(function):
        line.wait()
        return function()

    with concurrent.futures.ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(one, functions))
