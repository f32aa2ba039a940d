#!/usr/bin/env python3
"""What the endpoint answers, request by request, wherever writes are kept: python -m unittest test_answers."""
import json
import time
import unittest
import uuid

from desk import BASE, Case, at_once, everywhere, make_site, until
from issuer import Issuer

MIRA = {"name": "Mira Okafor", "country": "DE", "days": 3}
APP = "https://app.example"


class WithIssuer(Case):
    """A server whose callers have tokens. Each test has keys of its own, which nobody wrote before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = cls.enterClassContext(Issuer())
        cls.root = make_site(cls.folder, cls.issuer.settings())
        cls.kept = cls.place_class(cls.folder)
        cls.server = cls.kept.server(cls.root).start()
        cls.addClassCleanup(cls.server.end)

    def setUp(self):
        self.key = f"m-{uuid.uuid4().hex[:12]}"
        self.path = f"/write/users/{self.key}"
        self.client = self.server.client(self.issuer.token(self.key))
        self.addCleanup(self.client.close)
        self.editor = self.server.client(self.issuer.token("edda", groups=["editors"]))
        self.addCleanup(self.editor.close)
        self.admin = self.server.client(self.issuer.token("adam", groups=["admins"]))
        self.addCleanup(self.admin.close)

    def entries(self, key=None):
        """What is kept of a key, by version."""
        mine = [entry for entry in self.kept.entries().values() if entry["key"] == (key or self.key)]
        return sorted(mine, key=lambda entry: entry["version"])


@everywhere
class Put(WithIssuer):
    def test_new_same_other(self):
        written = self.client.put(self.path, MIRA)
        ident = self.assert_accepted(written, 201, 1, self.key)
        self.assertEqual([(entry["id"], entry["version"], entry["change"], entry["value"], entry["by"]) for entry in self.entries()], [(ident, 1, "put", MIRA, f"id|{self.key}")])
        # The same means the same in any order of members and with any white space, and with or without the key.
        for same in [MIRA, dict(reversed(MIRA.items())), json.dumps(MIRA, indent=4).encode(), MIRA | {"githubProfile": self.key}]:
            with self.subTest(same):
                self.assertEqual(self.assert_accepted(self.client.put(self.path, same), 200, 1, self.key), ident)
        other = self.client.put(self.path, MIRA | {"days": 4})
        self.assert_refused(other, 409, "conflict", version=1)
        self.assertEqual(other.version, 1)
        self.assertEqual(len(self.entries()), 1)

    def test_versions(self):
        self.client.put(self.path, MIRA)
        for wrong in ['"0"', '"2"', '"x"', 'W/"1"', '"2", "3"']:
            with self.subTest(wrong):
                answer = self.client.put(self.path, MIRA | {"days": 4}, headers={"If-Match": wrong})
                self.assert_refused(answer, 412, "version-mismatch", version=1)
                self.assertEqual(answer.version, 1)
        self.assert_accepted(self.client.put(self.path, MIRA | {"days": 4}, headers={"If-Match": '"1"'}), 201, 2)
        self.assert_accepted(self.client.put(self.path, MIRA | {"days": 5}, headers={"If-Match": "*"}), 201, 3)
        self.assert_accepted(self.client.put(self.path, MIRA | {"days": 6}, headers={"If-Match": '"1", "3"'}), 201, 4)
        self.assert_accepted(self.client.put(self.path, MIRA | {"days": 7}, headers={"If-Match": "4"}), 201, 5)
        # A retry of what was accepted is the same, whatever version it was made from.
        self.assert_accepted(self.client.put(self.path, MIRA | {"days": 7}, headers={"If-Match": '"4"'}), 200, 5)
        # What stood there earlier is not the same as what is there.
        self.assert_refused(self.client.put(self.path, MIRA), 409, "conflict", version=5)
        self.assertEqual([entry["version"] for entry in self.entries()], [1, 2, 3, 4, 5])

    def test_of_what_is_not_there(self):
        for wrong in ["*", '"1"']:
            self.assert_refused(self.client.put(self.path, MIRA, headers={"If-Match": wrong}), 412, "version-mismatch", version=0)
        self.assert_accepted(self.client.put(self.path, MIRA, headers={"If-Match": '"0"'}), 201, 1)

    def test_only_new(self):
        self.assert_accepted(self.client.put(self.path, MIRA, headers={"If-None-Match": "*"}), 201, 1)
        self.assert_accepted(self.client.put(self.path, MIRA, headers={"If-None-Match": "*"}), 200, 1)
        self.assert_refused(self.client.put(self.path, {"name": "M"}, headers={"If-None-Match": "*"}), 412, "version-mismatch", version=1)
        self.assert_refused(self.client.put(self.path, MIRA, headers={"If-None-Match": '"1"'}), 400, "malformed-header")

    def test_one_key_in_any_case(self):
        self.client.put(self.path, MIRA)
        self.assert_accepted(self.client.put(self.path.upper().replace("/WRITE/USERS", "/write/users"), MIRA), 200, 1, self.key)
        self.assert_accepted(self.client.put(self.path + "/", MIRA), 200, 1, self.key)

    def test_keys_that_look_alike(self):
        first, second = f"{self.key} x", f"{self.key}-x"
        self.assert_accepted(self.editor.put(f"/write/users/{first.replace(' ', '%20')}", MIRA), 201, 1, first)
        self.assert_refused(self.editor.put(f"/write/users/{second}", MIRA), 409, "conflict", version=1)

    def test_what_is_kept_is_what_was_sent(self):
        """Whatever is accepted can be read back, and says the same."""
        deep = []
        for _ in range(30):
            deep = [deep]
        values = [
            0, -0.0, 1e300, 5e-324, 0.1, 1.0, 123456789012345678901234567890, -9223372036854775809, 1e21, True, None, "", "é\u0301", "\U0001f600", "\ufdd0", "\u2028</script>",
            "\t\r\n", [], {}, [[]], {"": ""}, {"__proto__": {"a": 1}, "constructor": 1}, {"a": None}, deep, {"id": "x", "value": 1}, ["x" * 50_000],
            list(range(5000)), {str(n): n for n in range(2000)},
        ]
        for number, value in enumerate(values):
            with self.subTest(str(value)[:60]):
                key = f"{self.key}-{number}"
                answer = self.editor.put(f"/write/users/{key}", {"name": "x", "more": value})
                self.assertEqual(answer.status, 201, answer.body)
                # Each is read again by the endpoint, or it would know nothing of it.
                self.assertEqual(self.editor.put(f"/write/users/{key}", {"name": "x", "more": value}).status, 200)
                self.assertEqual(self.editor.put(f"/write/users/{key}", {"name": "y"}).status, 409)
                [entry] = self.entries(key)
                self.assertEqual(json.dumps(entry["value"]["more"]), json.dumps(value))
        self.assertEqual(len([one for one in self.kept.listed(self.root) if one["key"].startswith(self.key)]), len(values))

    def test_of_editors(self):
        self.assert_accepted(self.editor.put(self.path, MIRA), 201, 1)
        self.assertTrue(self.entries()[0]["byEditor"])
        tag = f"/write/tags/{self.key}"
        self.assert_refused(self.client.put(tag, {"title": "T"}), 403, "not-yours")
        self.assert_accepted(self.editor.put(tag, {"title": "T"}), 201, 1)
        self.assert_refused(self.editor.put(tag, {"title": "U"}, headers={"If-Match": '"1"'}), 403, "not-yours")
        for method in ["PATCH", "DELETE"]:
            refused = self.admin.ask(method, tag, {"title": "U"}, headers={"If-Match": '"1"'})
            self.assert_refused(refused, 405, "method-not-allowed")
            self.assertEqual(refused.headers["allow"], "PUT, OPTIONS")


@everywhere
class Post(WithIssuer):
    def post(self, body, key, client=None, path="/write/users"):
        return (client or self.client).post(path, body, headers={"Idempotency-Key": key})

    def test_once_for_each_key(self):
        mine = MIRA | {"githubProfile": self.key}
        first = self.post(mine, "one")
        ident = self.assert_accepted(first, 202, 1, self.key)
        for _ in range(3):
            again = self.post(dict(reversed(mine.items())), "one")
            self.assertEqual((again.status, again.json(), again.headers["location"], again.headers["etag"]), (202, first.json(), first.headers["location"], first.headers["etag"]))
        self.assert_refused(self.post(mine | {"days": 4}, "one"), 422, "idempotency-key-reused")
        # Another key and the same body is nothing new; another body is in the way.
        self.assertEqual(self.assert_accepted(self.post(mine, "two"), 202, 1), ident)
        self.assert_refused(self.post(mine | {"days": 4}, "three"), 409, "conflict", version=1)
        # The answer stays the same when there is more.
        self.client.put(self.path, {"name": "M"}, headers={"If-Match": '"1"'})
        self.assertEqual(self.post(mine, "one").json(), first.json())
        self.client.delete(self.path)
        self.assertEqual(self.post(mine, "one").json(), first.json())
        self.assert_refused(self.post(mine, "four"), 409, "conflict", version=3)
        self.assertEqual([entry["change"] for entry in self.entries()], ["forgotten", "forgotten", "delete"])

    def test_keys_are_each_ones_own(self):
        mine = MIRA | {"githubProfile": self.key}
        self.assert_accepted(self.post(mine, "mine"), 202, 1, self.key)
        other = self.server.client(self.issuer.token(f"{self.key}-b"))
        self.addCleanup(other.close)
        self.assert_accepted(self.post(MIRA | {"githubProfile": f"{self.key}-b"}, "mine", other), 202, 1, f"{self.key}-b")
        # (An editor posts to two collections.)
        self.assert_accepted(self.post({"name": self.key, "title": "T"}, "mine", self.editor, "/write/tags"), 202, 1, self.key)
        self.assert_accepted(self.post({"githubProfile": f"{self.key}-c", "name": "C"}, "mine", self.editor), 202, 1, f"{self.key}-c")

    def test_headers(self):
        mine = MIRA | {"githubProfile": self.key}
        self.assert_refused(self.client.post("/write/users", mine), 400, "malformed-header")
        for wrong in ["", " ", "x" * 256, "a\tb", "é"]:
            with self.subTest(wrong):
                self.assert_refused(self.post(mine, wrong.encode("utf-8").decode("latin1")), 400, "malformed-header")
        self.assert_accepted(self.post(mine, "x" * 255), 202, 1)

    def test_the_key_stands_in_the_body(self):
        faults = self.assert_refused(self.post(MIRA, "none"), 422, "not-valid")["errors"]
        self.assertEqual([fault["pointer"] for fault in faults], ["/githubProfile"])
        self.assert_refused(self.post(MIRA | {"githubProfile": ["a"]}, "list"), 422, "not-valid")
        self.assert_refused(self.post(MIRA | {"githubProfile": "../x"}, "path", self.editor), 400, "malformed-key")
        refused = self.post(MIRA | {"githubProfile": self.key}, "at a key", path=self.path)
        self.assert_refused(refused, 405, "method-not-allowed")
        self.assertEqual(refused.headers["allow"], "PUT, PATCH, DELETE, OPTIONS")
        refused = self.client.put("/write/users", MIRA)
        self.assert_refused(refused, 405, "method-not-allowed")
        self.assertEqual(refused.headers["allow"], "POST, OPTIONS")


@everywhere
class Patch(WithIssuer):
    def patch(self, body, version=None, kind="application/merge-patch+json", client=None):
        headers = {"Content-Type": kind} | ({} if version is None else {"If-Match": f'"{version}"'})
        return (client or self.client).patch(self.path, body, headers=headers)

    def test_versions(self):
        self.assert_refused(self.patch({"days": 4}), 428, "if-match-required")
        self.client.put(self.path, MIRA)
        self.assert_refused(self.patch({"days": 4}), 428, "if-match-required")
        self.assert_refused(self.patch({"days": 4}, 0), 412, "version-mismatch", version=1)
        ident = self.assert_accepted(self.patch({"days": 4, "country": None}, 1), 202, 2, self.key)
        self.assertEqual(self.entries()[1]["value"], {"days": 4, "country": None})
        # The answer was lost: the same request again.
        self.assertEqual(self.assert_accepted(self.patch({"country": None, "days": 4}, 1), 202, 2), ident)
        self.assert_refused(self.patch({"days": 5}, 1), 412, "version-mismatch", version=2)
        # Of the current version it is another one.
        self.assert_accepted(self.patch({"days": 4, "country": None}, 2, "application/json"), 202, 3)
        self.assertEqual([entry["version"] for entry in self.entries()], [1, 2, 3])

    def test_of_what_only_the_sources_know(self):
        self.assert_refused(self.patch({"days": 4}, 1), 412, "version-mismatch", version=0)
        self.assert_accepted(self.patch({"days": 4}, 0), 202, 1)

    def test_of_what_was_deleted(self):
        self.client.put(self.path, MIRA)
        self.client.delete(self.path)
        self.assert_refused(self.patch({"days": 4}, 2), 409, "conflict", version=2)
        self.assertEqual(len(self.entries()), 2)

    def test_two_of_one_request_at_once(self):
        """A client that gave up too early sends its request again while the first is still under way."""
        self.client.put(self.path, MIRA)
        clients = [self.server.client(self.client.token) for _ in range(8)]
        answers = at_once([lambda client=client: self.patch({"days": 9}, 1, client=client) for client in clients])
        for client in clients:
            client.close()
        self.assertEqual([(answer.status, answer.version) for answer in answers], [(202, 2)] * 8)
        self.assertEqual(len({answer.json()["id"] for answer in answers}), 1)
        self.assertEqual(len(self.entries()), 2)

    def test_what_a_member_may_be(self):
        self.client.put(self.path, MIRA)
        for body, pointers in [({"days": -1}, ["/days"]), ({"name": None}, ["/name"]), ({"nick": "M"}, ["/nick"]), ({"home": {"city": 1}}, ["/home/city"]), ({"email": None}, ["/email"])]:
            with self.subTest(body):
                document = self.assert_refused(self.patch(body, 1), 422, "not-valid")
                self.assertEqual([fault["pointer"] for fault in document["errors"]], pointers)


@everywhere
class Delete(WithIssuer):
    def test_goes_and_is_remembered(self):
        self.client.put(self.path, MIRA | {"more": "a secret of Mira's"})
        self.client.patch(self.path, {"home": {"city": "a secret place"}}, headers={"If-Match": '"1"'})
        self.assert_refused(self.client.delete(self.path, headers={"If-Match": '"1"'}), 412, "version-mismatch", version=2)
        ident = self.assert_accepted(self.client.delete(self.path, headers={"If-Match": '"2"'}), 202, 3, self.key)
        for again in [None, '"2"', '"3"']:
            self.assertEqual(self.assert_accepted(self.client.delete(self.path, headers={"If-Match": again}), 202, 3), ident)
        entries = self.entries()
        self.assertEqual([entry["change"] for entry in entries], ["forgotten", "forgotten", "delete"])
        self.assertEqual([entry["by"] for entry in entries[:2]], ["", ""])
        self.assertFalse(any("value" in entry for entry in entries))
        self.assertFalse([name for name, body in self.kept.objects().items() if b"secret" in body])
        # The key is taken: whoever makes it anew says so.
        self.assert_refused(self.client.put(self.path, MIRA), 409, "conflict", version=3)
        self.assert_refused(self.client.put(self.path, MIRA, headers={"If-None-Match": "*"}), 412, "version-mismatch", version=3)
        self.assert_accepted(self.client.put(self.path, MIRA, headers={"If-Match": '"3"'}), 201, 4)
        self.assert_accepted(self.client.delete(self.path), 202, 5)

    def test_of_what_only_the_sources_know(self):
        self.assert_accepted(self.client.delete(self.path), 202, 1)
        self.assert_accepted(self.client.delete(self.path), 202, 1)

    def test_who_may(self):
        self.client.put(self.path, MIRA)
        self.assert_refused(self.editor.delete(self.path), 403, "not-yours")
        self.assert_accepted(self.admin.delete(self.path), 202, 2)

    def test_a_body_is_of_no_interest(self):
        self.assert_accepted(self.client.delete(self.path, b"{not json", headers={"Content-Type": "text/plain"}), 202, 1)
        self.assert_accepted(self.client.put(self.path, MIRA, headers={"If-Match": '"1"'}), 201, 2)


@everywhere
class Any(WithIssuer):
    def test_reads(self):
        for path in [self.path, "/write/users", "/write/users/", "/write/nothing/x", "/write/rules/one", "/write", "/write/users/a/b"]:
            for method in ["GET", "HEAD", "TRACE", "QUERY", "put"]:
                with self.subTest(f"{method} {path}"):
                    answer = self.client.ask(method, path)
                    self.assertEqual((answer.status, answer.headers["allow"]), (405, "PUT, POST, PATCH, DELETE, OPTIONS"))
                    if method != "HEAD":
                        self.assert_refused(answer, 405, "method-not-allowed")
        # Reads of the site are the site's.
        self.assertEqual(self.client.get("/v1/users").status, 200)
        self.assertEqual(self.client.get("/v1/errors/conflict.json").json()["type"], f"{BASE}/v1/errors/conflict")

    def test_what_nobody_writes(self):
        for path in ["/write/rules/one", "/write/nothing/x", "/write/Users/x", "/write/site/x"]:
            self.assert_refused(self.editor.put(path, MIRA), 404, "not-writable")

    def test_malformed(self):
        for body in [b"", b"{", b"[]", b"null", b'{"name":"a","name":"b"}', b"\xff", b'{"days":1e999}', b'{"name":"\\ud800"}']:
            with self.subTest(body):
                self.assert_refused(self.client.put(self.path, body), 400, "malformed-body")
        for name, value in [("If-Match", "one"), ("If-None-Match", "x")]:
            self.assert_refused(self.client.put(self.path, MIRA, headers={name: value}), 400, "malformed-header")
        self.assertEqual(self.entries(), [])

    def test_without_a_good_token(self):
        for method in ["PUT", "PATCH", "DELETE"]:
            answer = self.server.ask(method, self.path, MIRA, token=None)
            self.assert_refused(answer, 401, "unauthenticated")
            self.assertEqual(answer.headers["www-authenticate"], "Bearer")
        answer = self.server.ask("POST", "/write/users", MIRA, token="x.y.z")
        self.assert_refused(answer, 401, "unauthenticated")
        self.assertRegex(answer.headers["www-authenticate"], '^Bearer error="invalid_token", error_description="[^"\\\\]+"$')

    def test_of_others(self):
        for method, headers in [("PUT", {}), ("PATCH", {"If-Match": '"0"'}), ("DELETE", {})]:
            self.assert_refused(self.client.ask(method, f"/write/users/{self.key}x", {"name": "x"}, headers=headers), 403, "not-yours")
        self.assert_refused(self.client.post("/write/users", {"githubProfile": "ada", "name": "x"}, headers={"Idempotency-Key": "1"}), 403, "not-yours")

    def test_both_kinds_of_keys(self):
        for algorithm in ["RS256", "ES256"]:
            key = f"{self.key}-{algorithm.lower()}"
            answer = self.server.ask("PUT", f"/write/users/{key}", MIRA, token=self.issuer.token(key, algorithm))
            self.assert_accepted(answer, 201, 1, key)

    def test_too_large(self):
        self.assert_refused(self.client.put(self.path, MIRA | {"more": "x" * 65536}), 413, "body-too-large")
        room = 65536 - len(json.dumps(MIRA | {"more": ""}))
        self.assert_accepted(self.client.put(self.path, MIRA | {"more": "x" * room}), 201, 1)

    def test_not_json(self):
        for kind in [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=latin1", "application/merge-patch+json", "application/jsonx"]:
            with self.subTest(kind):
                self.assert_refused(self.client.put(self.path, MIRA, headers={"Content-Type": kind}), 415, "not-json")
        self.assert_refused(self.client.put(self.path, MIRA, headers={"Content-Encoding": "gzip"}), 415, "not-json")
        self.assert_accepted(self.client.put(self.path, MIRA, headers={"Content-Type": 'application/json; charset="UTF-8"'}), 201, 1)

    def test_each_fault_has_its_place(self):
        wrong = {"country": "Germany", "days": -1, "tracks": ["a", 2], "home": {"city": 1, "x": 1}, "nick": "M", "email": "m@example.org", "a/b~c": 1}
        document = self.assert_refused(self.client.put(self.path, wrong), 422, "not-valid")
        told = {(fault["pointer"], fault["code"]) for fault in document["errors"]}
        self.assertEqual({pointer for pointer, _ in told}, {"/name", "/country", "/days", "/tracks/1", "/home/city", "/home/x", "/nick", "/email", "/a~1b~0c"})
        self.assertLessEqual({("/email", "private-field"), ("/nick", "unknown-member"), ("/name", "missing-member")}, told)
        self.assertTrue(all(fault["detail"] for fault in document["errors"]))
        document = self.assert_refused(self.client.put(self.path, MIRA | {"githubProfile": "ada"}), 422, "not-valid")
        self.assertEqual([fault["pointer"] for fault in document["errors"]], ["/githubProfile"])

    def test_pages_of_other_origins(self):
        asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}
        for origin in [APP, BASE, self.server.own, "HTTPS://APP.EXAMPLE"]:
            with self.subTest(origin):
                answer = self.server.ask("OPTIONS", self.path, token=None, headers={"Origin": origin} | asked)
                self.assertEqual((answer.status, answer.body), (204, b""))
                self.assertEqual(answer.headers["access-control-allow-origin"], origin)
                self.assertEqual(set(answer.headers["access-control-allow-methods"].split(", ")), {"PUT", "POST", "PATCH", "DELETE", "OPTIONS"})
                sent = answer.headers["access-control-allow-headers"].split(", ")
                self.assertEqual(set(sent), {"authorization", "content-type", "if-match", "if-none-match", "idempotency-key"})
                self.assertNotIn("access-control-allow-credentials", answer.headers)
                self.assertIn("Origin", answer.headers["vary"])
        for origin in ["https://evil.example", "null", "", "https://app.example.evil.example", "http://app.example", "https://app.example:8443", "https://club.example@evil.example", "file://"]:
            with self.subTest(origin):
                for method in ["OPTIONS", "PUT", "DELETE"]:
                    answer = self.server.ask(method, self.path, MIRA, self.client.token, {"Origin": origin} | asked)
                    self.assert_refused(answer, 403, "origin-not-allowed")
                    self.assertNotIn("access-control-allow-origin", answer.headers)
                    self.assertIn("Origin", answer.headers["vary"])
        self.assertEqual(self.entries(), [])
        # The answer of a write and a refusal are the page's to read, with what it needs of the headers.
        written, refused = (self.client.put(self.path, body, headers={"Origin": APP}) for body in (MIRA, {"name": "M"}))
        self.assertEqual((written.status, refused.status), (201, 409))
        for answer in (written, refused):
            self.assertEqual(answer.headers["access-control-allow-origin"], APP)
            self.assertEqual(set(answer.headers["access-control-expose-headers"].split(", ")), {"ETag", "Location", "Retry-After", "X-Request-Id"})

    def test_waiting_for_an_editor(self):
        author, path = f"id|{self.key}", f"/write/notes/{self.key}"
        ident = self.assert_accepted(self.client.put(path, {"author": author, "text": "Hi"}), 201, 1, waiting=True)
        self.assert_accepted(self.client.put(path, {"author": author, "text": "Hi"}), 200, 1, waiting=True)
        self.assert_refused(self.client.put(f"{path}-2", {"author": "id|ada", "text": "Hi"}), 403, "not-yours")
        self.assert_refused(self.client.put(f"{path}-2", {"text": "Hi"}), 403, "not-yours")
        # Whose it is does not change with whoever says so.
        thief = self.server.client(self.issuer.token("thief"))
        self.addCleanup(thief.close)
        self.assert_refused(thief.put(path, {"author": "id|thief", "text": "Mine"}, headers={"If-Match": '"1"'}), 403, "not-yours")
        self.assert_refused(thief.patch(path, {"author": "id|thief"}, headers={"If-Match": '"1"'}), 403, "not-yours")
        self.assert_refused(thief.delete(path), 403, "not-yours")
        self.assert_accepted(self.client.patch(path, {"text": "Ho"}, headers={"If-Match": '"1"'}), 202, 2, waiting=True)
        self.assert_accepted(self.editor.put(path, {"author": author, "text": "Ha"}, headers={"If-Match": '"2"'}), 201, 3)
        states = {one["version"]: one["status"] for one in self.kept.listed(self.root) if one["key"] == self.key}
        self.assertEqual(states, {1: "waiting", 2: "waiting", 3: "accepted"})
        self.assertEqual(self.kept.inbox(self.root, "approve", ident[:12], "--by", "edda").returncode, 0)
        states = {one["version"]: one["status"] for one in self.kept.listed(self.root) if one["key"] == self.key}
        self.assertEqual(states, {1: "approved", 2: "waiting", 3: "accepted"})
        # Whoever leaves waits, too: until then an editor may refuse it, and everything is there.
        left = self.assert_accepted(self.client.delete(path), 202, 4, waiting=True)
        self.assertEqual([entry["change"] for entry in self.entries()], ["put", "patch", "put", "delete"])
        self.assertEqual(self.kept.inbox(self.root, "approve", left, "--by", "edda").returncode, 0)
        self.assertEqual([entry["change"] for entry in self.entries()], ["forgotten", "forgotten", "forgotten", "delete"])

    def test_the_log_tells_no_secrets(self):
        written = self.client.put(self.path, MIRA)
        of_it = lambda: [line for line in self.server.told() if line["request"] == written.headers["x-request-id"]]
        until(of_it, "the log tells of it")
        [told] = of_it()
        self.assertEqual((told["method"], told["collection"], told["status"], told["outcome"], told["write"]), ("PUT", "users", 201, "accepted", written.json()["id"]))
        log = "\n".join(self.server.lines)
        for secret in [self.client.token, self.client.token.split(".")[2], self.key, "Okafor"]:
            self.assertNotIn(secret, log)


@everywhere
class Budgets(Case):
    def test_of_a_subject(self):
        with Issuer() as issuer:
            place, root = self.place(), make_site(self.folder, issuer.settings(), per_subject=5)
            server = self.serve(place, root)
            # Not over the end of a minute.
            if time.time() % 60 > 30:
                time.sleep(61 - time.time() % 60)
            token = issuer.token("mira")
            answers = [server.ask("PUT", "/write/users/mira", MIRA, token) for _ in range(8)]
            self.assertEqual([answer.status for answer in answers], [201, 200, 200, 200, 200, 429, 429, 429])
            self.assert_refused(answers[-1], 429, "too-many-requests")
            self.assertTrue(1 <= int(answers[-1].headers["retry-after"]) <= 60)
            # Others, and another token of the same subject.
            self.assertEqual(server.ask("PUT", "/write/users/sam", MIRA, issuer.token("sam")).status, 201)
            self.assertEqual(server.ask("PUT", "/write/users/mira", MIRA, issuer.token("mira", "ES256")).status, 429)

    def test_of_an_address(self):
        with Issuer() as issuer:
            server = self.serve(self.place(), make_site(self.folder, issuer.settings(), per_address=3))
            if time.time() % 60 > 30:
                time.sleep(61 - time.time() % 60)
            answers = [server.ask("PUT", "/write/users/mira", MIRA, "x") for _ in range(5)]
            self.assertEqual([answer.status for answer in answers], [401, 401, 401, 429, 429])

    def test_as_they_are_unless_the_site_says(self):
        with Issuer() as issuer:
            server = self.serve(self.place(), make_site(self.folder, issuer.settings(), per_subject=None, per_address=None))
            if time.time() % 60 > 15:
                time.sleep(61 - time.time() % 60)
            token = issuer.token("mira")
            answers = [server.ask("PUT", "/write/users/mira", MIRA, token).status for _ in range(62)]
            self.assertEqual(answers, [201] + [200] * 59 + [429] * 2)


if __name__ == "__main__":
    unittest.main()
