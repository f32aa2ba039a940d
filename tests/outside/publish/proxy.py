#!/usr/bin/env python3
"""A proxy before an S3 endpoint that notes every request, and does to them what networks and S3 do on bad days.

    with Proxy("http://127.0.0.1:4566") as proxy:
        proxy.faults.share(0.2, ["drop_answer", "conflict", "slow_down", "reset", "truncate"], seed=1)
        proxy.faults.nth(3, "drop_answer", lambda call: call.operation == "PutObject")
        gate = proxy.hold(lambda call: call.key == "channels/prod.json" and call.method == "PUT")
        publisher = subprocess.Popen([..., "--endpoint-url", proxy.url])
        gate.wait()          # the request is here and goes no further
        publisher.kill()
        gate.drop()
        print(proxy.counts(), proxy.calls[-1])

By hand: proxy.py --to http://127.0.0.1:4566 --share 0.2 --fault drop_answer --fault reset

Method, path and headers go on as they came, `Host` too, for it is signed. Clients must use path style (/bucket/key).
"""
import argparse
import asyncio
import collections
import concurrent.futures
import contextlib
import hashlib
import re
import signal
import socket
import struct
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from email.utils import formatdate

CHUNK = 256 * 1024
# A body up to this size goes on in one piece with its head.
SMALL = 64 * 1024
# An upstream connection that was idle for longer may be at its end, and is not used again.
IDLE_SECONDS = 5

# Answers that the proxy gives itself: status, S3's code, message.
ANSWERS = {
    "conflict": (409, "ConditionalRequestConflict", "The conditional request cannot succeed due to a conflicting operation against this resource."),
    "slow_down": (503, "SlowDown", "Please reduce your request rate."),
    "wrong_clock": (403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
}
FAULTS = [
    *ANSWERS,
    "reset",  # the connection breaks before the request goes on
    "drop_answer",  # the request takes effect, and the connection ends without an answer
    "truncate",  # of the answer to a GET half the body comes, then the connection ends
    "truncate_upload",  # half the request's body goes on, then both connections break
]
REASONS = {403: "Forbidden", 409: "Conflict", 503: "Slow Down"}


@dataclass
class Call:
    """One request, as it was asked and what became of it."""

    method: str
    target: str  # path and query as they came
    headers: dict  # names in lower case
    started: float = field(default_factory=time.monotonic)
    sent: int = 0  # bytes of the request's body, with their framing
    received: int = 0  # bytes of the answer's body
    status: int = 0  # of the answer; 0 where there was none
    fault: str = ""  # what the proxy did to it
    seconds: float = 0.0

    def __post_init__(self):
        path, _, query = self.target.partition("?")
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("authorization", ""))
        self.service = scope[1] if scope else "s3"
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        bucket, _, key = path.removeprefix("/").partition("/")
        # (Of another service's paths the first part is the version of its interface.)
        self.bucket, self.key = urllib.parse.unquote(bucket), urllib.parse.unquote(key)
        self.operation = self._operation()

    def _operation(self):
        """Its name in S3's reference; of what has none here, the method and the path."""
        has, of_object = self.query.keys(), bool(self.key)
        if self.service != "s3":
            return f"{self.service} {self.method} {self.key}"
        if "uploads" in has:
            return "CreateMultipartUpload" if self.method == "POST" else "ListMultipartUploads"
        if "uploadId" in has:
            return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}.get(self.method, "ListParts")
        if of_object and self.method == "PUT":
            return "CopyObject" if "x-amz-copy-source" in self.headers else "PutObject"
        if "delete" in has:
            return "DeleteObjects"
        if "versions" in has:
            return "ListObjectVersions"
        sub = has & {"versioning", "location", "policy", "acl", "tagging", "cors", "lifecycle", "encryption", "attributes", "retention"}
        if sub:
            return f"{self.method} ?{min(sub)}"
        if of_object:
            return f"{self.method.capitalize()}Object"
        if self.bucket and self.method == "GET":
            return "ListObjectsV2" if "list-type" in has else "ListObjects"
        return {"HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket", "GET": "ListBuckets"}.get(self.method, self.method)

    @property
    def writes(self):
        return self.method in ("PUT", "POST", "DELETE")

    @property
    def conditional(self):
        return self.writes and bool(self.headers.keys() & {"if-match", "if-none-match"})

    def __str__(self):
        what = f"{self.operation} {self.bucket}/{self.key}" if self.service == "s3" else self.operation
        return f"{what} -> {self.status or 'no answer'}, {self.sent} bytes up, {self.received} down" + (f" ({self.fault})" if self.fault else "")


def fits(fault, call):
    """Whether this may happen to that call: what is drawn at random must be what S3 might do."""
    if fault == "conflict":
        return call.service == "s3" and call.conditional
    if fault == "truncate":
        return call.method == "GET"
    if fault == "truncate_upload":
        return call.method in ("PUT", "POST")
    return True


class Faults:
    """What is to go wrong. The first rule that names a fault for a call decides."""

    def __init__(self):
        self._rules = []

    def nth(self, number, fault, matching=lambda call: True):
        """`fault` on the call with this number, from 1, among those that match; a set of numbers or a range does as well."""
        self._check(fault)
        numbers, seen = {number} if isinstance(number, int) else number, 0

        def rule(call):
            nonlocal seen
            if not matching(call):
                return None
            seen += 1
            return fault if seen in numbers else None

        self._rules.append(rule)

    def every(self, fault, matching=lambda call: True):
        self._check(fault)
        self._rules.append(lambda call: fault if matching(call) else None)

    def share(self, share, faults, seed=0, matching=lambda call: True):
        """One of `faults` on this share of the calls that match.

        What is drawn depends on the seed, the method, the target and how often it was asked before, so that it is the
        same in every run whatever the order in which requests arrive, and another for the retry.
        """
        self._check(*faults)
        seen = collections.Counter()

        def rule(call):
            possible = [fault for fault in faults if fits(fault, call)]
            if not possible or not matching(call):
                return None
            seen[call.method, call.target] += 1
            drawn = hashlib.sha256(f"{seed} {call.method} {call.target} {seen[call.method, call.target]}".encode()).digest()
            if int.from_bytes(drawn[:8]) / 2**64 >= share:
                return None
            return possible[int.from_bytes(drawn[8:16]) % len(possible)]

        self._rules.append(rule)

    def clear(self):
        self._rules.clear()

    def draw(self, call):
        # Every rule is asked, for each counts for itself.
        drawn = [rule(call) for rule in self._rules]
        return next((fault for fault in drawn if fault), "")

    @staticmethod
    def _check(*names):
        for name in names:
            if name not in FAULTS:
                raise ValueError(f"there is no fault called {name}; there are {', '.join(FAULTS)}")


class Gate:
    """Holds the requests that match until it is opened."""

    def __init__(self, loop, matching, nth, after):
        self.matching, self.after = matching, after
        self.held = []  # calls
        self._loop, self._from, self._seen = loop, nth, 0
        self._arrived = threading.Event()
        self._opened = loop.create_future()

    def wait(self, timeout=240):
        """Until a request is held; gives back its call."""
        if not self._arrived.wait(timeout):
            raise TimeoutError(f"no request came to the gate in {timeout} s")
        return self.held[0]

    def release(self):
        """Lets what is held go on, and what comes."""
        self._open(True)

    def drop(self):
        """Breaks the connections of what is held. (Before it went on: as if it had never been sent.) What comes later goes on."""
        self._open(False)

    def _open(self, go_on):
        self._loop.call_soon_threadsafe(lambda: self._opened.done() or self._opened.set_result(go_on))

    async def pass_through(self, call):
        if self._opened.done() or not self.matching(call):
            return
        self._seen += 1
        if self._seen < self._from:
            return
        self.held.append(call)
        self._arrived.set()
        if not await self._opened:
            call.fault = call.fault or "dropped at a gate"
            raise Broken


class Broken(Exception):
    """The client's connection is to be broken off."""


class Proxy:
    def __init__(self, upstream, port=0, show=None):
        """`show` is called with every call when it is over."""
        parts = urllib.parse.urlsplit(upstream)
        self._upstream = (parts.hostname, parts.port or 80)
        self._port, self._show = port, show
        self.faults = Faults()
        self.calls = []
        self._gates, self._idle, self._tasks = [], [], set()

    # For tests; these run in the test's thread

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        started = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, args=[started], name="proxy", daemon=True)
        self._thread.start()
        self._port = started.result()
        self.url = f"http://127.0.0.1:{self._port}"
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def hold(self, matching=lambda call: True, nth=1, after=False):
        """Holds requests from the nth that matches on: before they go on, or (`after`) when they took effect and are not answered yet."""
        gate = Gate(self._loop, matching, nth, after)
        self._gates.append(gate)
        return gate

    def counts(self):
        """How many calls there were of each operation."""
        return collections.Counter(call.operation for call in self.calls)

    def clear(self):
        """Forgets calls, faults and gates (open them before)."""
        self.calls.clear()
        self.faults.clear()
        self._gates.clear()

    # The rest runs in the loop

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        self._stop = asyncio.Event()
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve(started))

    async def _serve(self, started):
        try:
            server = await asyncio.start_server(self._client, "127.0.0.1", self._port, limit=CHUNK, backlog=1024)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, writer, _ in self._idle:
            writer.transport.abort()
        # Let the transports close their sockets.
        await asyncio.sleep(0)

    async def _client(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, Broken, asyncio.CancelledError):
            # One side broke off, or was made to: the other is to notice.
            writer.transport.abort()
        finally:
            writer.close()
            self._tasks.discard(asyncio.current_task())

    async def _exchange(self, reader, writer):
        """One request and its answer. Gives back whether the connection may be used for another."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            return False
        method, target, headers = parse_head(head)
        call = Call(method, target, headers)
        self.calls.append(call)
        try:
            return await self._answer(call, head, reader, writer)
        finally:
            call.seconds = time.monotonic() - call.started
            if self._show:
                self._show(call)

    async def _answer(self, call, head, reader, writer):
        call.fault = self.faults.draw(call)
        for gate in self._gates:
            if not gate.after:
                await gate.pass_through(call)
        if call.fault == "reset":
            # Closing without lingering sends a reset instead of an end.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Broken
        if "100-continue" in call.headers.get("expect", "").lower():
            # The proxy takes the body in any case; what upstream says to it is left out below.
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = body_of(call.headers, reader)
        if call.fault in ANSWERS:
            async for piece in body:
                call.sent += len(piece)
            writer.write(own_answer(call))
            await writer.drain()
            return True

        up_reader, up_writer = await self._connect()
        try:
            await self._send(call, head, body, up_writer)
            status, up_headers, up_head = await read_answer_head(up_reader)
            empty = call.method == "HEAD" or status in (204, 304)
            answer = nothing() if empty else body_of(up_headers, up_reader, until_end=True)
            gates = [gate for gate in self._gates if gate.after]
            if gates or call.fault == "drop_answer":
                # Read to its end, so that whatever the request does is done.
                whole = [piece async for piece in answer]
                answer = pieces(whole)
                for gate in gates:
                    await gate.pass_through(call)
                if call.fault == "drop_answer":
                    return False
            if call.fault == "truncate":
                whole = b"".join([piece async for piece in answer])
                writer.write(up_head + whole[: len(whole) // 2])
                await writer.drain()
                call.status, call.received = status, len(whole) // 2
                return False
            writing = up_head
            async for piece in answer:
                call.received += len(piece)
                writer.write(writing + piece)
                await writer.drain()
                writing = b""
            if writing:
                writer.write(writing)
                await writer.drain()
            call.status = status
            measured = empty or "content-length" in up_headers or "transfer-encoding" in up_headers
            keep = measured and "close" not in up_headers.get("connection", "").lower()
            if keep:
                self._idle.append((up_reader, up_writer, time.monotonic()))
                up_writer = None
            return keep and "close" not in call.headers.get("connection", "").lower()
        finally:
            if up_writer:
                up_writer.transport.abort()

    async def _send(self, call, head, body, up_writer):
        writing = head
        length = call.headers.get("content-length") or call.headers.get("x-amz-decoded-content-length", 0)
        limit = int(length) // 2 if call.fault == "truncate_upload" else None
        async for piece in body:
            call.sent += len(piece)
            if limit is not None and call.sent >= limit:
                up_writer.write(writing + piece[: len(piece) - (call.sent - limit)])
                await up_writer.drain()
                raise Broken
            if len(writing) + len(piece) < SMALL:
                writing += piece
                continue
            up_writer.write(writing + piece)
            await up_writer.drain()
            writing = b""
        if writing:
            up_writer.write(writing)
            await up_writer.drain()

    async def _connect(self):
        while self._idle:
            reader, writer, since = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing() and time.monotonic() - since < IDLE_SECONDS:
                return reader, writer
            writer.transport.abort()
        return await asyncio.open_connection(*self._upstream, limit=CHUNK)


def parse_head(head):
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    parts = first.split(" ", 2)
    return parts[0], parts[1], headers


async def read_answer_head(reader):
    """Status, headers and raw head of the answer, without what is said before it (100 Continue)."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        _, status, headers = parse_head(head)
        if int(status) >= 200:
            return int(status), headers, head


async def body_of(headers, reader, until_end=False):
    """The body in pieces as it is on the wire, with its framing where it is chunked."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            yield line + await reader.readexactly(size + 2)
        # The last chunk, trailers if there are any, and an empty line.
        last = line
        while line != b"\r\n":
            line = await reader.readuntil(b"\r\n")
            last += line
        yield last
    elif "content-length" in headers:
        left = int(headers["content-length"])
        while left:
            piece = await reader.read(min(left, CHUNK))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            yield piece
    elif until_end:
        while piece := await reader.read(CHUNK):
            yield piece


async def pieces(all_of_them):
    for piece in all_of_them:
        yield piece


def nothing():
    return pieces([])


def own_answer(call):
    status, code, message = ANSWERS[call.fault]
    more, now = "", time.time()
    if call.fault == "wrong_clock":
        # An hour ahead: clients read `Date` to set their clocks right.
        now += 3600
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        asked = call.headers.get("x-amz-date", "")
        more = f"<RequestTime>{asked}</RequestTime><ServerTime>{stamp}</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"
    request = hashlib.sha256(f"{call.target}{now}".encode()).hexdigest()[:16].upper()
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}<RequestId>{request}</RequestId><HostId>proxy</HostId></Error>'
    # The answer to HEAD has no body, and S3's says nothing of what it would be.
    body = b"" if call.method == "HEAD" else body.encode()
    call.status, call.received = status, len(body)
    head = f"HTTP/1.1 {status} {REASONS[status]}\r\nx-amz-request-id: {request}\r\nDate: {formatdate(now, usegmt=True)}\r\nServer: AmazonS3\r\n"
    return f"{head}Content-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def main():
    parser = argparse.ArgumentParser(description="A proxy before an S3 endpoint that shows its requests and makes some of them fail.")
    parser.add_argument("--to", required=True, metavar="URL", help="the endpoint")
    parser.add_argument("--port", type=int, default=0, help="where to listen, on 127.0.0.1 (default: a free port)")
    parser.add_argument("--share", type=float, default=0.0, help="of the requests, that are to fail: 0.2 is one in five")
    parser.add_argument("--fault", action="append", choices=FAULTS, default=[], help="how; may be given several times (default: all that fit)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="show the counts at the end only")
    options = parser.parse_args()
    # What a script starts in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    show = None if options.quiet else lambda call: print(call, flush=True)
    with Proxy(options.to, options.port, show) as proxy:
        if options.share:
            proxy.faults.share(options.share, options.fault or FAULTS, options.seed)
        print(f"{proxy.url} goes to {options.to}; end it with Ctrl-C", file=sys.stderr, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
        for operation, count in proxy.counts().most_common():
            print(f"{count:8} {operation}")


if __name__ == "__main__":
    main()
