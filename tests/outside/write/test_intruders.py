#!/usr/bin/env python3
"""Whoever means harm leaves nothing: nothing in the inbox, and nothing in the server's memory: python -m unittest test_intruders.

(The table of all tokens that are refused is tests/it/tokens.rs; here are those that HTTP can bring along.)
"""
import base64
import concurrent.futures
import contextlib
import gzip
import hashlib
import hmac
import json
import re
import socket
import time
import unittest

import jwt

from desk import BASE, Case, make_site
from issuer import Issuer, part

# What memory may grow by, in MB: what threads and buffers keep is no leak.
ROOM = 8
# A client that is slow is cut off after ten seconds. A busy machine takes its time, too.
CUT_OFF = 16
# Whoever waits as long was held up, by others or by a body that never comes.
AT_ONCE = 8
MB = 1024 * 1024


class Intruders(Case):
    """Nobody in here may succeed; `tearDown` looks whether anybody did."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = cls.enterClassContext(Issuer())
        cls.kept = cls.place_class(cls.folder)
        # One arena: what is left in others by chance is no leak, and would look like one.
        cls.server = cls.kept.server(make_site(cls.folder, cls.issuer.settings()), env={"MALLOC_ARENA_MAX": "1"}).start()
        cls.addClassCleanup(cls.server.end)
        cls.token = cls.issuer.token("mira")
        # The editor may write any key: what keeps these requests out is something else.
        cls.editor = cls.issuer.token("edda", groups=["editors"])

    def tearDown(self):
        self.assertEqual(self.kept.objects(), {})
        self.assertTrue(self.server.is_running(), self.server.log())
        answer = self.server.ask("PUT", "/write/users/mira", {"name": ""}, self.token)
        self.assertEqual(answer.status, 422, "the server goes on")

    def put(self, body, token=None, path="/write/users/mira", **headers):
        return self.server.ask("PUT", path, body, token or self.token, headers)

    # Bytes as they are

    def raw(self, pieces, within=AT_ONCE, pause=0.0, half=False):
        """Sends pieces, and gives all that comes back until the connection ends or the time is up, and how long it took."""
        start, answer, ended = time.monotonic(), b"", False
        with socket.create_connection(self.server.address) as connection:
            connection.settimeout(0.05)
            sending = iter([pieces] if isinstance(pieces, bytes) else pieces)
            piece = next(sending, None)
            while time.monotonic() - start < within and not ended:
                with contextlib.suppress(TimeoutError):
                    if piece is not None:
                        try:
                            connection.sendall(piece)
                        except (ConnectionError, TimeoutError):
                            piece = None
                        else:
                            piece = next(sending, None)
                            if piece is None and half:
                                with contextlib.suppress(OSError):
                                    connection.shutdown(socket.SHUT_WR)
                    connection.settimeout(max(0.001, pause if piece is not None else 0.05))
                    try:
                        got = connection.recv(65536)
                    except ConnectionError:
                        got = b""
                    answer, ended = answer + got, not got
        return answer, time.monotonic() - start, ended

    def head(self, *lines, token=None, method="PUT", path="/write/users/mira"):
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.server.address[1]}", f"Authorization: Bearer {token or self.token}", "Content-Type: application/json", *lines]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin1")

    def statuses(self, answer):
        return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]

    @contextlib.contextmanager
    def memory_stays(self, peak=ROOM):
        """Afterwards it is what it was, and meanwhile it is not more than `peak` MB above that."""
        self.server.forget_peak()
        before = self.server.memory()
        yield
        for name, room in {"VmRSS": ROOM, "VmHWM": peak}.items():
            grown = self.server.memory(name) - before
            self.assertLess(grown, room, f"{name} grew by {grown:.1f} MB from {before:.1f}")

    # Tokens

    def test_tokens(self):
        good = jwt.decode(self.token, options={"verify_signature": False})
        head, claims, signature = self.token.split(".")
        unsigned = part({"alg": "none", "typ": "JWT", "kid": "rsa"}) + "." + claims + "."
        of_public = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa'})}.{claims}"
        public = self.issuer.keys["rsa"].public_key().public_numbers().n.to_bytes(256, "big")
        now = int(time.time())
        wrong = {
            "no token": "", "no signature": f"{head}.{claims}.", "unsigned": unsigned, "unsigned, without a dot": unsigned[:-1],
            "signed with the public key": f"{of_public}.{part(hmac.digest(public, of_public.encode(), hashlib.sha256))}",
            "other claims": f"{head}.{part(good | {'sub': 'x'})}.{signature}", "of another key": self.issuer.token("mira", key="foreign"),
            "of an unknown key": self.issuer.token("mira", header={"kid": "x"}),
            "a path for a key": self.issuer.token("mira", header={"kid": "../../../../dev/null"}),
            "brings its key": self.issuer.token("mira", key="foreign", header={"jwk": self.issuer.jwks()["keys"][0]}),
            "says where its key is": self.issuer.token("mira", key="foreign", header={"jku": f"{self.issuer.url}/keys"}),
            "an extension": self.issuer.token("mira", header={"crit": ["exp"]}),
            "ES256 with the RSA key's name": self.issuer.token("mira", "ES256", header={"kid": "rsa"}),
            "expired": self.issuer.token("mira", exp=now - 60), "never expires": self.issuer.token("mira", exp=None),
            "not yet": self.issuer.token("mira", nbf=now + 3600),
            "another issuer": self.issuer.token("mira", iss="https://evil.example"),
            "the issuer with a slash": self.issuer.token("mira", iss=self.issuer.url + "/"),
            "another audience": self.issuer.token("mira", aud="another"),
            "no subject": self.issuer.token("mira", sub=None), "an identity": self.issuer.token("mira", token_use="id"),
            "bound": self.issuer.token("mira", cnf={"jkt": "x"}), "padded": f"{head}.{claims}.{signature}=", "long": "x" * 9000,
            "a line's end": f"{head}.{claims}.{signature}%0d%0a", "five parts": ".".join(["e30"] * 5),
        }
        for name, token in wrong.items():
            with self.subTest(name):
                answer = self.server.ask("PUT", "/write/users/mira", {"name": "Mira"}, None, {"Authorization": f"Bearer {token}"})
                self.assert_refused(answer, 401, "unauthenticated")
                self.assertTrue(answer.headers["www-authenticate"].startswith("Bearer"))
                # A refusal repeats nothing of the token.
                self.assertNotIn(signature[:20].encode(), answer.body)

    def test_tokens_in_other_places(self):
        ask = lambda headers, path="/write/users/mira": self.server.ask("PUT", path, {"name": "Mira"}, None, headers)
        basic = base64.b64encode(f"mira:{self.token}".encode()).decode()
        for headers in [{"Cookie": f"token={self.token}"}, {"X-Authorization": f"Bearer {self.token}"}]:
            self.assert_refused(ask(headers), 401, "unauthenticated")
        for value in [f"Basic {basic}", self.token, f"Bearer {self.token}, Bearer {self.token}", f"Bearer{self.token}", f"Token {self.token}"]:
            self.assert_refused(ask({"Authorization": value}), 401, "unauthenticated")
        self.assert_refused(ask({}, f"/write/users/mira?access_token={self.token}"), 401, "unauthenticated")
        twice = self.head(f"Authorization: Bearer {self.token}", "Content-Length: 15", "Connection: close") + b'{"name":"Mira"}'
        self.assertEqual(self.statuses(self.raw(twice)[0]), [401])

    def test_whose_it_is(self):
        for profile in ["sam", None, ["mira"], {"mira": True}, 1, True, "mira ", " mira", "mira\u200b", "", "*"]:
            with self.subTest(profile):
                token = self.issuer.token("x", sub="somebody", githubProfile=profile)
                self.assert_refused(self.put({"name": "Mira"}, token), 403, "not-yours")
        # (A subject that is no text is nobody's.)
        for sub in [["id|mira"], 1, {"a": 1}, None, "", "id|mira\n"]:
            self.assert_refused(self.put({"name": "Mira"}, self.signed({"sub": sub})), 401, "unauthenticated")
        # A role is what the token says, and not what the body says.
        for body in [{"name": "S", "role": "admin"}, {"name": "S", "groups": ["editors"]}, {"name": "S", "byEditor": True}, {"name": "S", "by": "edda"}, {"name": "S", "version": 9}]:
            self.assert_refused(self.put(body, path="/write/users/sam"), 403, "not-yours")
            self.assert_refused(self.put(body), 422, "not-valid")
        for groups in [["Editors"], ["editors "], [["editors"]], ["editors", 1], {"editors": True}, "x editors", None]:
            self.assert_refused(self.put({"name": "S"}, self.issuer.token("mira", groups=groups), "/write/users/sam"), 403, "not-yours")
        for headers in [{"X-Role": "admin"}, {"X-Forwarded-User": "sam"}, {"X-HTTP-Method-Override": "DELETE"}]:
            self.assert_refused(self.put({"name": "S"}, path="/write/users/sam", **headers), 403, "not-yours")

    def signed(self, claims):
        """A token with any claims, which libraries refuse to make."""
        message = f"{part({'alg': 'RS256', 'typ': 'JWT', 'kid': 'rsa'})}.{part(self.issuer.claims('mira') | claims)}"
        return f"{message}.{part(jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(message.encode(), self.issuer.keys['rsa']))}"

    # Paths and keys

    def test_paths_and_keys(self):
        keys = [
            "..", ".", "...", ".hidden", "%2e%2e", "%2E", "..%2f..%2fetc%2fpasswd", "%2e%2e%2fx", "a%2fb", "a%5cb", "a\\b", "%00", "a%00b", "a%0ab",
            "a%0d%0aX-Injected:%20x", "a%1fb", "a%7fb", "%c2%85", "%", "%zz", "%c3", "%ff", "%ed%a0%80",
            "%c0%ae%c0%ae", "con", "CON", "nul.txt", "aux.json", "com1", "lpt9.x", "__proto__", "__PROTO__", "a%E2%80%AEb", "a%E2%80%8B",
            "%EF%BB%BFa", "a%C2%ADb", "x" * 251, "x" * 10_000, "%41" * 4000, "%C3%A9" * 126,
        ]
        for key in keys:
            with self.subTest(key[:60]):
                for method in ["PUT", "PATCH", "DELETE"]:
                    answer = self.server.ask(method, f"/write/users/{key}", {"name": "x"}, self.editor, {"If-Match": '"0"'})
                    self.assertEqual(answer.status, 400, answer.body)
                    self.assertIn(answer.problem, ("malformed-key", "malformed-path"))
                    self.assertNotIn("x-injected", answer.headers)
        for path in [
            "/write/../write/users/x", "/write/users/../users/x", "/write/users/x/../y", "/write/users/x/y", "/write/users//x", "/write//users/x",
            "/write/%2e%2e/x", "/write/data%2finbox/x", "/write/users%00/x", "/write/users%2fx", "/write/./users/x", "//write/users/x",
            "/write/users/x//", "/write/users/x/%2e", "/Write/users/x", "/write%2fusers/x", "/writes/users/x", "/write/users/x%2f", "/v1/users/x",
            "/v1/../write/users/x", "/write;x/users/x", "/write/users;x/y", "/write/__proto__/x", "/write/con/x",
        ]:
            with self.subTest(path):
                answer = self.server.ask("PUT", path, {"name": "x"}, self.editor)
                self.assertIn(answer.status, (400, 404, 405), answer.body)
                self.assertEqual(answer.headers["content-type"], "application/problem+json")
        # The same keys in a body.
        for key in ["../x", "a/b", "a\\b", "..", ".x", "\u0000", "a\nb", "con", "__proto__", "x" * 10_000, "a\u202eb", "\u200b", ""]:
            answer = self.server.ask("POST", "/write/users", {"githubProfile": key, "name": "x"}, self.editor, {"Idempotency-Key": "1"})
            self.assertIn(answer.problem, ("malformed-key", "malformed-body"), key)

    # Bodies

    def test_bodies_that_are_no_records(self):
        bodies = {
            "nothing": b"", "a list": b"[]", "text": b'"x"', "two": b"{}{}", "a mark of order": b'\xef\xbb\xbf{"name":"M"}',
            "UTF-16": '{"name":"M"}'.encode("utf-16"), "not UTF-8": b'{"name":"\xc3\x28"}', "overlong": b'{"name":"\xc0\x80"}',
            "half a character": b'{"name":"\\ud800"}', "halves turned": b'{"name":"\\udc00\\ud800"}',
            "bytes of half a character": b'{"name":"\xed\xa0\x80"}', "twice": b'{"name":"M","name":"N"}',
            "twice, escaped": b'{"name":"M","n\\u0061me":"N"}',
            "twice, below": b'{"name":"M","more":{"a":1,"a":2}}', "too great": b'{"name":"M","more":1e999}',
            "too small": b'{"name":"M","more":-1e999}', "not a number": b'{"name":"M","more":NaN}', "endless": b'{"name":"M","more":Infinity}',
            "hexadecimal": b'{"name":"M","days":0x1}',
            "leading nought": b'{"name":"M","days":01}', "a comment": b'{"name":"M"/**/}', "a comma": b'{"name":"M",}', "one quote": b"{'name':'M'}",
            "NUL": b'{"name":"M\\u0000"}', "raw NUL": b'{"name":"M\x00"}', "raw line": b'{"name":"M\n"}', "an escape": b'{"name":"M\\x"}',
            "after it": b'{"name":"M"}x', "deep lists": b'{"name":"M","more":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
            "deep and open": b'{"more":' + b"[" * 60_000, "deep objects": b'{"name":"M","more":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
            "one too deep": b'{"name":"M","more":' + b"[" * 32 + b"]" * 32 + b"}", "a control": b'{"name":"M\\u0085"}',
            "a name that controls": b'{"name":"M","more":{"\\u0007":1}}', "packed": gzip.compress(b'{"name":"M"}'),
        }
        with self.memory_stays():
            for name, body in bodies.items():
                with self.subTest(name):
                    self.assert_refused(self.put(body), 400, "malformed-body")

    def test_wide_bodies(self):
        wide = {
            "members": json.dumps({"name": "M"} | {f"m{n}": n for n in range(4000)}),
            "members below": json.dumps({"name": 1, "more": {f"m{n}": {} for n in range(4000)}}),
            "lists": '{"name":1,"more":[' + ",".join(["[]"] * 20_000) + "]}",
            "digits": '{"name":1,"more":' + "9" * 60_000 + "}", "fraction": '{"name":1,"more":0.' + "1" * 60_000 + "}",
            "exponent": '{"name":1,"more":1e-' + "9" * 60_000 + "}", "text": '{"name":"' + "x" * 60_000 + '"}',
            "escapes": '{"name":"' + "\\u0041" * 10_000 + '"}',
            "items": json.dumps({"name": "M", "tracks": [1] * 20_000}),
            "members of a member": json.dumps({"name": "M", "home": {f"m{n}": 1 for n in range(5000)}}),
            "a name": '{"name":"M","' + "x" * 60_000 + '":1}', "many twins": "{" + ",".join(['"a":1'] * 10_000) + "}",
            "names that collide": "{" + ",".join(f'"{"A" * n}":1' for n in range(340)) + "}", "white space": "{" + " " * 65_000 + '"name":1}',
        }

        def all_of_them():
            for name, body in wide.items():
                with self.subTest(name):
                    answer = self.put(body.encode())
                    self.assertIn(answer.status, (400, 422), answer.body[:200])
                    self.assertLessEqual(len(answer.json().get("errors", [])), 100)
                    # What is said of it is not larger than what was sent by far.
                    self.assertLess(len(answer.body), 4 * len(body))

        # What the allocator keeps for the next one it has by then.
        all_of_them()
        all_of_them()
        # What is wrong with each of 20,000 items is known before the first hundred are told.
        with self.memory_stays(peak=4 * ROOM):
            all_of_them()

    def test_members_that_nobody_writes(self):
        for name in ["email", "html", "toc", "wordCount", "role", "id", "__proto__", "constructor", "", "Name", "name ", "nаme", "githubprofile"]:
            with self.subTest(name):
                document = self.assert_refused(self.put({"name": "M", name: "x"}), 422, "not-valid")
                self.assertIn(f"/{name}", {fault["pointer"] for fault in document["errors"]})

    def test_other_types(self):
        for headers in [{"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}, {"Content-Encoding": "identity, gzip"}, {"Content-Type": "application/json; charset=utf-7"}, {"Content-Type": "text/plain"}]:
            self.assert_refused(self.put(gzip.compress(b'{"name":"M"}'), **headers), 415, "not-json")

    # How requests come

    def test_large_bodies(self):
        """100 MB: announced, in pieces, and by a client that asks first."""
        piece = b"x" * MB
        with self.memory_stays():
            for name, pieces in {
                "announced": [self.head(f"Content-Length: {100 * MB}", "Connection: close"), *[piece] * 100],
                "in pieces": [self.head("Transfer-Encoding: chunked", "Connection: close"), *[b"%x\r\n" % MB + piece + b"\r\n"] * 100, b"0\r\n\r\n"],
                "without a token": [self.head(f"Content-Length: {100 * MB}", "Connection: close", token="x"), *[piece] * 100],
            }.items():
                with self.subTest(name):
                    answer, took, _ = self.raw(pieces, within=30)
                    self.assertEqual(self.statuses(answer), [401 if "token" in name else 413], answer[:500])
                    self.assertLess(took, CUT_OFF)
        for name, token, status in [("asks first", None, 413), ("asks first, without a token", "x", 401)]:
            with self.subTest(name):
                answer, took, _ = self.raw(self.head(f"Content-Length: {100 * MB}", "Expect: 100-continue", token=token))
                self.assertEqual(self.statuses(answer), [status])
                self.assertLess(took, AT_ONCE, "and is answered at once, and not told to go on")

    def test_more_than_anybody_reads(self):
        """Of a body without an end, or with a length that nobody has, no more is read than a while."""
        with self.memory_stays():
            endless = (b"%x\r\n" % MB + b"x" * MB + b"\r\n" for _ in range(10_000))
            _, took, ended = self.raw([self.head("Transfer-Encoding: chunked"), *[next(endless)] * 1000], within=30)
            self.assertTrue(ended)
            self.assertLess(took, CUT_OFF)
            for length in ["99999999999999999999", "-1", "0x10", "15, 16", "+5", "１"]:
                with self.subTest(length):
                    answer, _, ended = self.raw([self.head().replace(b"\r\n\r\n", f"\r\nContent-Length: {length}\r\n\r\n".encode()), b'{"name":"Mira"}'], half=True)
                    self.assertNotIn(201, self.statuses(answer))
                    self.assertTrue(ended)

    def test_slow_clients(self):
        """They are cut off, all of them at once, and hold nobody up."""
        body = json.dumps({"name": "Mira", "more": "x" * 1000}).encode()
        drip = [bytes([byte]) for byte in body]
        head = self.head(f"Content-Length: {len(body)}")
        slow = {
            "a body, byte by byte": ([head, *drip], 0.3), "a body that stops": ([head, body[:-1]], 0.0), "no body": ([head], 0.0),
            "pieces": ([self.head("Transfer-Encoding: chunked"), *[b"1\r\n" + one + b"\r\n" for one in drip]], 0.3),
            "a head, byte by byte": ([bytes([byte]) for byte in head], 0.3), "a head that stops": ([head[:-2]], 0.0),
            "a first line that stops": ([b"PUT /wri"], 0.0), "nothing": ([b""], 0.0),
        }
        with self.memory_stays(), concurrent.futures.ThreadPoolExecutor(8 * len(slow)) as pool:
            running = {name: [pool.submit(self.raw, pieces, 40, pause) for _ in range(8)] for name, (pieces, pause) in slow.items()}
            time.sleep(1)
            start = time.monotonic()
            self.assert_refused(self.put({"name": ""}), 422, "not-valid")
            self.assertLess(time.monotonic() - start, AT_ONCE, "others are not held up")
            for name, ran in running.items():
                for done in ran:
                    with self.subTest(name):
                        answer, took, ended = done.result()
                        self.assertTrue(ended)
                        self.assertLess(took, CUT_OFF)
                        self.assertIn(self.statuses(answer), ([], [408]))
                        if "body" in name or name == "pieces":
                            self.assertEqual(self.statuses(answer), [408])
                            self.assertIn(f'"{BASE}/v1/errors/body-too-slow"'.encode(), answer)

    def test_two_lengths(self):
        """Whoever stands in front must not see other requests than this server does."""
        smuggled = self.head("Content-Length: 16") + b'{"name":"Other"}'
        heads = {
            "both": ["Content-Length: 15", "Transfer-Encoding: chunked"], "both, the other way": ["Transfer-Encoding: chunked", "Content-Length: 5"],
            "two lengths": ["Content-Length: 15", "Content-Length: 16"], "a list of lengths": ["Content-Length: 15, 16"],
            "unknown coding": ["Transfer-Encoding: xchunked"], "chunked and more": ["Transfer-Encoding: chunked, identity"],
            "a space before the colon": ["Transfer-Encoding : chunked"], "tab": ["Transfer-Encoding:\x0bchunked"],
            "a folded line": ["X: y", " Transfer-Encoding: chunked"], "gzip": ["Transfer-Encoding: gzip"],
        }
        for name, lines in heads.items():
            with self.subTest(name):
                # (What is smuggled is good: it would be kept.)
                answer, _, ended = self.raw([self.head(*lines, token="x"), b"0\r\n\r\n", smuggled], half=True)
                statuses = self.statuses(answer)
                self.assertTrue(ended)
                self.assertLessEqual(len(statuses), 1, f"a second request was read out of the first: {answer}")
                self.assertTrue(set(statuses) <= {400, 401, 411, 501}, answer)

    def test_heads(self):
        with self.memory_stays():
            for name, lines, statuses in [
                ("large", [f"X-Large: {'x' * 200_000}"], {431}), ("many", [f"X-{n}: x" for n in range(2000)], {431}), ("no name", [": x"], {400}),
                ("a raw NUL", ["X: a\x00b"], {400}), ("a bare line's end", ["X: a\nTransfer-Encoding: chunked"], {400, 401}),
                ("two hosts", ["Host: evil.example"], {400}), ("an old version", None, {400, 505, 401}),
            ]:
                with self.subTest(name):
                    head = self.head(*(lines or []), "Content-Length: 0", "Connection: close", token="x")
                    head = head.replace(b"HTTP/1.1", b"HTTP/3.7") if lines is None else head
                    answer, _, ended = self.raw(head, half=True)
                    self.assertTrue(ended)
                    self.assertTrue(set(self.statuses(answer)) <= statuses, answer[:300])

    def test_many_at_once(self):
        """A thousand refused requests over fifty connections, of every kind."""
        kinds = [
            lambda client: client.put("/write/users/mira", {"name": "x" * 50_000}, token="x"),
            lambda client: client.put("/write/users/sam", {"name": "S"}), lambda client: client.put("/write/users/mira", b"[" * 60_000),
            lambda client: client.put("/write/users/mira", b"x" * 200_000), lambda client: client.put("/write/users/%00", {"name": "S"}),
            lambda client: client.get("/write/users/mira"),
            lambda client: client.post("/write/users", {"name": "x"}, headers={"Idempotency-Key": "1"}),
            lambda client: client.put("/write/users/mira", {f"m{n}": n for n in range(200)}),
        ]

        def some(number):
            with contextlib.closing(self.server.client(self.token)) as client:
                return [kinds[(number + n) % len(kinds)](client).status for n in range(10)]

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            list(pool.map(some, range(50)))
            # What a server keeps for as many at once it has by now.
            with self.memory_stays():
                statuses = [status for one in pool.map(some, range(50)) for status in one]
        self.assertEqual(set(statuses), {400, 401, 403, 405, 413, 422})


if __name__ == "__main__":
    unittest.main()
