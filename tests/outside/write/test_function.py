#!/usr/bin/env python3
"""The function in production, through the distribution: what it answers, who may ask it, what it may do: python -m unittest test_function."""
import contextlib
import hmac
import http.client
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import unittest
import zipfile

import botocore.exceptions
import test_answers
from cloud import FUNCTION, NAME, SECRETS, InCloud, account, pack
from desk import LOCAL, Case, make_site, until
from issuer import CLIENT, Issuer

MIRA = test_answers.MIRA
# What the distribution answers by itself, or in place of the function.
OF_THE_DISTRIBUTION = {"test_reads", "test_what_nobody_writes"}

# Whatever `serve` answers with a folder or a bucket the function answers through the distribution.
for name in ["Put", "Post", "Patch", "Delete", "Any", "Budgets"]:
    cases = getattr(test_answers, f"{name}InFolder")
    members = {"place_class": InCloud, "__module__": __name__} | {test: None for test in OF_THE_DISTRIBUTION if hasattr(cases, test)}
    setattr(sys.modules[__name__], f"{name}InCloud", type(f"{name}InCloud", (cases,), members))
del cases


class InProduction(Case):
    """A function whose callers have tokens."""

    place_class = InCloud

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = cls.enterClassContext(Issuer())
        cls.root = make_site(cls.folder, cls.issuer.settings())
        cls.kept = InCloud(cls.folder)
        cls.server = cls.kept.server(cls.root)


class Reads(InProduction):
    def test_reads(self):
        for path in ["/write/users/mira", "/write/users", "/write", "/write/v1/users.json", "/write/../v1/users.json"]:
            for method in ["GET", "HEAD"]:
                with self.subTest(f"{method} {path}"):
                    answer = self.server.ask(method, path, token=None)
                    self.assertEqual((answer.status, answer.headers["allow"]), (405, "PUT, POST, PATCH, DELETE, OPTIONS"))
        self.assert_refused(self.server.ask("GET", "/write/users/mira"), 405, "method-not-allowed")

    def test_what_nobody_writes(self):
        editor = self.issuer.token("edda", groups=["editors"])
        for path in ["/write/rules/one", "/write/nothing/x", "/write/Users/x", "/write/site/x"]:
            # (The distribution puts the site's page for what is missing in place of every 404.)
            self.assertEqual(self.server.ask("PUT", path, MIRA, editor).status, 404)

    def test_nothing_beside_it_is_written(self):
        self.kept.publish(self.root)
        token = self.issuer.token("beside")
        for path in ["/writes/users/beside", "/v1/users.json", "/", "/%77rite/users/beside"]:
            for method in ["PUT", "POST", "PATCH", "DELETE"]:
                with self.subTest(f"{method} {path}"):
                    self.assertIn(self.server.ask(method, path, MIRA, token).status, (403, 404, 405))
        self.assertEqual([entry for entry in self.kept.entries().values() if entry["key"] == "beside"], [])


class Whole(InProduction):
    """From a write to what everybody reads, and to nothing."""

    def read(self, path):
        return self.server.ask("GET", path, token=None)

    def everything(self):
        """All that the distribution serves, and all that lies in the site's bucket."""
        manifest = self.read("/v1/manifest.json").json()
        served = {path: self.read(f"/{path}").body for path in manifest["artifacts"] if path.startswith("v1/")}
        return manifest, served

    def test_joining_and_leaving(self):
        token = self.issuer.token("quixote")
        written = self.server.ask("PUT", "/write/users/quixote", MIRA | {"name": "Mira Quixote"}, token)
        ident = self.assert_accepted(written, 201, 1, "quixote")
        self.kept.publish(self.root)
        manifest, served = self.everything()
        receipt = self.read(written.headers["location"]).json()
        self.assertEqual((receipt["id"], receipt["status"], receipt["release"]), (ident, "published", manifest["release"]))
        self.assertIn({"githubProfile": "quixote"} | MIRA | {"name": "Mira Quixote"}, self.read("/v1/users").json()["data"])
        self.assertTrue([path for path, body in served.items() if b"Quixote" in body])

        left = self.server.ask("DELETE", "/write/users/quixote", None, token)
        self.assert_accepted(left, 202, 2, "quixote")
        # (Half of the members leave, which nobody does by mistake.)
        self.kept.publish(self.root, "--accept-shrink")
        manifest, served = self.everything()
        self.assertEqual([path for path, body in served.items() if b"quixote" in body.lower()], [])
        self.assertEqual(self.read(left.headers["location"]).json()["status"], "published")
        self.assertEqual([name for name, body in self.kept.objects().items() if b"Quixote" in body], [])


class Doors(InProduction):
    def ask_directly(self, path, token, headers=None):
        """As who goes around the distribution."""
        host = account().host
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.server.address[1], timeout=240)) as connection:
            headers = {"Host": host, "Content-Type": "application/json", "Authorization": f"Bearer {token}"} | (headers or {})
            connection.request("PUT", path, json.dumps(MIRA), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def test_nobody_goes_around_the_distribution(self):
        token = self.issuer.token("round")
        for secret in [None, "", "x", SECRETS[0][:-1], SECRETS[0] + "x", f"{SECRETS[0]},{SECRETS[1]}"]:
            headers = {} if secret is None else {"x-precast-origin": secret}
            self.assertEqual(self.ask_directly("/write/users/round", token, headers)[0], 403, secret)
        self.assertEqual([entry for entry in self.kept.entries().values() if entry["key"] == "round"], [])
        # A viewer's own header is not what the distribution sends.
        answer = self.server.ask("PUT", "/write/users/through", MIRA, self.issuer.token("through"), {"x-precast-origin": "mine"})
        self.assert_accepted(answer, 201, 1)

    def test_a_secret_is_replaced_without_a_gap(self):
        cloud_, token = account(), self.issuer.token("turn")

        def holds(version, good, bad):
            answer = self.server.ask("PUT", "/write/users/turn", MIRA | {"days": version}, token, {"If-Match": f'"{version}"'})
            self.assert_accepted(answer, 201, version + 1)
            for secret in good:
                self.assertNotEqual(self.ask_directly("/write/users/turn", token, {"x-precast-origin": secret})[0], 403)
            for secret in bad:
                self.assertEqual(self.ask_directly("/write/users/turn", token, {"x-precast-origin": secret})[0], 403)

        old, new = SECRETS
        holds(0, [old], [new])
        cloud_.secrets({"origin": old, "origins": f"{old},{new}"})
        cloud_.deploy_write()
        holds(1, [old, new], [])
        cloud_.secrets({"origin": new, "origins": f"{old},{new}"})
        cloud_.deploy_site(WriteHost=cloud_.host, WriteSecretVersion=cloud_.version)
        holds(2, [old, new], [])
        cloud_.secrets({"origin": new, "origins": new})
        cloud_.deploy_write()
        holds(3, [new], [old])
        # As it was, for the tests that follow.
        cloud_.secrets({"origin": old, "origins": old})
        cloud_.deploy_write()
        cloud_.deploy_site(WriteHost=cloud_.host, WriteSecretVersion=cloud_.version)
        cloud_.update(self.root)

    def test_read_only(self):
        account().deploy_write(ReadOnly="true")
        answer = self.server.ask("PUT", "/write/users/stays", MIRA, self.issuer.token("stays"))
        self.assert_refused(answer, 503, "read-only")
        account().deploy_write()
        account().update(self.root)
        self.assert_accepted(self.server.ask("PUT", "/write/users/stays", MIRA, self.issuer.token("stays")), 201, 1)


class Services(Case):
    """Whom the function asks and tells, with the secrets of its stack."""

    place_class = InCloud

    def settle(self):
        account().secrets({"origin": SECRETS[0], "origins": SECRETS[0]})
        account().deploy_write()
        account().deploy_site(WriteHost=account().host, WriteSecretVersion=account().version)

    def behind(self, root, secrets, **given):
        """The function of a site, with these secrets and parameters."""
        server = InCloud(self.folder).server(root)
        account().secrets({"origin": SECRETS[0], "origins": SECRETS[0]} | secrets)
        account().deploy_write(**given)
        self.addCleanup(self.settle)
        account().update(root)
        return server

    def test_a_build_is_asked_for_once_a_minute(self):
        heard = []

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told = self.headers["X-Precast-Timestamp"].encode() + b"." + body
                signature = hmac.new(b"the key of the webhook", told, "sha256").hexdigest()
                heard.append(self.headers["X-Precast-Signature-256"] == f"sha256={signature}")
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        thread = threading.Thread(target=hook.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(hook.server_close)
        self.addCleanup(hook.shutdown)
        with Issuer() as issuer:
            root = make_site(self.folder, issuer.settings())
            settings = root / "site/site.toml"
            settings.write_text(settings.read_text() + f'wake = {{ url = "http://127.0.0.1:{hook.server_port}/hook" }}\n')
            server = self.behind(root, {"wake": "the key of the webhook"}, Wakes="true")
            for version in range(3):
                answer = server.ask("PUT", "/write/users/waker", MIRA | {"days": version}, issuer.token("waker"), {"If-Match": f'"{version}"'})
                self.assert_accepted(answer, 201, version + 1)
        self.assertEqual(heard, [True])

    def test_tokens_are_asked_about(self):
        with Issuer() as issuer:
            root = make_site(self.folder, issuer.settings("introspection"))
            server = self.behind(root, {"introspectionId": CLIENT[0], "introspectionSecret": CLIENT[1]}, Introspects="true")
            self.assert_accepted(server.ask("PUT", "/write/users/opaque", MIRA, issuer.opaque("opaque")), 201, 1)
            self.assert_refused(server.ask("PUT", "/write/users/opaque", MIRA, "unknown"), 401, "unauthenticated")


class Rights(InProduction):
    """What the function may do, by its role: a user with just the role's policies tries it."""

    def test_get_and_put_in_the_inbox_and_nothing_else(self):
        account_, iam = account(), account().aws.client("iam")
        policies = iam.list_role_policies(RoleName=f"{NAME}-write")["PolicyNames"]
        self.assertEqual(iam.list_attached_role_policies(RoleName=f"{NAME}-write")["AttachedPolicies"], [])
        document = {"Version": "2012-10-17", "Statement": [
            statement for policy in policies
            for statement in iam.get_role_policy(RoleName=f"{NAME}-write", PolicyName=policy)["PolicyDocument"]["Statement"]
        ]}
        s3 = account_.aws.client("s3", credentials=account_.aws.credentials_of_user("like-the-function", document))
        inbox, site = account_.inbox, account_.site_bucket
        s3.put_object(Bucket=inbox, Key="entries/users/x.00000001.json", Body=b"{}")
        self.assertEqual(s3.get_object(Bucket=inbox, Key="entries/users/x.00000001.json")["Body"].read(), b"{}")
        root = account_.aws.client("s3")
        root.put_object(Bucket=inbox, Key="decisions/1.json", Body=b"{}")
        refused = [
            lambda: s3.get_object(Bucket=site, Key=".precast/write.zip"), lambda: s3.put_object(Bucket=site, Key="v1/users.json", Body=b"{}"),
            lambda: s3.list_objects_v2(Bucket=site), lambda: s3.list_objects_v2(Bucket=inbox), lambda: s3.delete_object(Bucket=inbox, Key="entries/users/x.00000001.json"),
            lambda: s3.get_object(Bucket=inbox, Key="decisions/1.json"), lambda: s3.put_object(Bucket=inbox, Key="decisions/1.json", Body=b"{}"),
            lambda: s3.put_object(Bucket=inbox, Key="other.json", Body=b"{}"), lambda: s3.put_bucket_versioning(Bucket=inbox, VersioningConfiguration={"Status": "Suspended"}),
            # What is missing cannot be told from what may not be read.
            lambda: s3.get_object(Bucket=inbox, Key="entries/users/none.00000001.json"),
        ]
        for number, call in enumerate(refused):
            with self.subTest(number), self.assertRaises(botocore.exceptions.ClientError) as raised:
                call()
            self.assertEqual(raised.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403, raised.exception)
        for key in ["entries/users/x.00000001.json", "decisions/1.json"]:
            root.delete_object(Bucket=inbox, Key=key)


class Closed(Case):
    """A function that is not set up as it must be lets nobody write, and says why in its log."""

    place_class = InCloud

    def closed(self, root, cause):
        told = len(account().told()) if hasattr(account(), "function") else 0
        server = InCloud(self.folder).server(root)
        answer = server.ask("PUT", "/write/users/mira", MIRA)
        self.assertEqual((answer.status, answer.headers["content-type"], answer.headers["retry-after"]), (503, "application/problem+json", "300"), answer.body)
        self.assertEqual(answer.json()["status"], 503)
        until(lambda: any(cause in line for line in account().told()[told:]), f"the log says why: {cause}")

    def test_tokens_of_one_machine(self):
        self.closed(make_site(self.folder, LOCAL), "is for a server on somebody's own machine")

    def test_no_tokens(self):
        self.closed(make_site(self.folder, None), "do not say who may write")

    def test_settings_with_faults(self):
        with Issuer() as issuer:
            root = make_site(self.folder, issuer.settings())
            settings = root / "site/site.toml"
            settings.write_text(settings.read_text() + "\n[nonsense]\n")
            self.closed(root, "the settings have faults")


class Package(Case):
    def test_it_is_small_and_always_the_same(self):
        root = make_site(self.folder, LOCAL)
        packed = [pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / "write.zip" for _ in range(2)]
        for package in packed:
            ran = pack(root, package)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(packed[0].read_bytes(), packed[1].read_bytes())
        self.assertLess(packed[0].stat().st_size, 5_000_000)
        print(ran.stdout.strip(), file=sys.stderr)
        with zipfile.ZipFile(packed[0]) as package:
            names = {info.filename: info.external_attr >> 16 & 0o777 for info in package.infolist()}
            self.assertEqual(package.read("bootstrap"), FUNCTION.read_bytes())
        schemas = {f"site/schemas/{name}.json": 0o644 for name in ["note", "tag", "user"]}
        self.assertEqual(names, {"bootstrap": 0o755, "site/site.toml": 0o644} | schemas)


if __name__ == "__main__":
    unittest.main()
