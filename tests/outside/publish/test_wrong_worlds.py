#!/usr/bin/env python3
"""Where the world is wrong, one sentence says how and what to do, and what is live stays as it is: python -m unittest
test_wrong_worlds. With SENTENCES in the environment, they are printed for people to judge.
"""
import contextlib
import functools
import http.server
import os
import socket
import threading
import unittest

from scene import REPOSITORY, Place, Scene, in_each_layout, run, small_site


@contextlib.contextmanager
def answering(status, body, **headers):
    """An address of this machine at which every request gets the same answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def refusal(code, message, more=""):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}<RequestId>1</RequestId><HostId>2</HostId></Error>'


class WrongWorlds(Scene):
    auth = True
    # What is answered in AWS's place, and what the sentence must name.
    ANSWERS = {
        "another region": (301, refusal("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.", "<Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>"),
                           {"x_amz_bucket_region": "eu-west-1", "Content_Type": "application/xml"}, "eu-west-1.*(AWS_REGION|region)"),
        "signed for another region": (400, refusal("AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'", "<Region>eu-west-1</Region>"),
                                      {"Content_Type": "application/xml"}, "eu-west-1.*(AWS_REGION|region)|AWS_REGION.*eu-west-1"),
        "an expired token": (400, refusal("ExpiredToken", "The provided token has expired."), {"Content_Type": "application/xml"}, "expired.*sign in again"),
        "an unknown key": (403, refusal("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."), {"Content_Type": "application/xml"}, "AWS_ACCESS_KEY_ID"),
        "a page": (200, "<!doctype html><title>Welcome</title>", {"Content_Type": "text/html"}, "no S3|something else than S3"),
        "a page of a 404": (404, "<!doctype html><title>Not found</title>", {"Content_Type": "text/html"}, "no S3|something else than S3"),
        "a page of a 403": (403, "<!doctype html><title>Forbidden</title>", {"Content_Type": "text/html"}, "permission|may not|no S3"),
        "an API": (400, '{"error": "bad request"}', {"Content_Type": "application/json"}, "no S3|something else than S3"),
        "a redirect": (302, "", {"Location": "https://example.org/"}, "no S3|something else than S3"),
        "an empty 200": (200, "", {}, "is not what this version of precast wrote|no S3|something else"),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = small_site(cls.folder), small_site(cls.folder, day=2, members=7)

    def user(self, name, *denied):
        """Somebody who may do everything but some calls."""
        statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        if denied:
            statements.append({"Effect": "Deny", "Action": list(denied), "Resource": "*"})
        return self.aws.credentials_of_user(name, {"Version": "2012-10-17", "Statement": statements})

    def says(self, ran, pattern, name, code=3):
        sentence = self.fails(ran, code)
        self.assertRegex(sentence, f"(?i){pattern}")
        if "SENTENCES" in os.environ:
            print(f"{name}: {sentence}")
        return sentence

    def untouched(self, place, before):
        self.assertEqual(place.snapshot(), before)
        self.assertIs(self.assert_whole(place, self.old, self.new), self.old)

    @in_each_layout
    def test_what_is_refused_before_anything_changes(self, layout):
        place = self.place(layout)
        place.put(self.old)
        before, good = place.snapshot(), self.user(f"good-{layout}")
        nobody = {name: value for name, value in place.env().items() if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        clock = self.proxy()
        clock.faults.every("wrong_clock")

        def publish(name, pattern, env):
            self.says(run("publish", "--env", "prod", "--root", place.root, "--out", self.new.out, env=env), pattern, name)

        def closed_port():
            with socket.socket() as closed:
                closed.bind(("127.0.0.1", 0))
                publish("a closed port", "cannot reach .*endpoint", place.env(f"http://127.0.0.1:{closed.getsockname()[1]}"))

        def answered(name, status, body, headers, pattern):
            with answering(status, body, **headers) as url:
                publish(name, pattern, place.env(url))

        worlds = [
            ("no credentials", "there are no AWS credentials: set AWS_ACCESS_KEY_ID", nobody),
            ("a wrong secret", "AWS_SECRET_ACCESS_KEY", self.aws.environment(good | {"SecretAccessKey": "x" * 40})),
            ("a key that nobody knows", "AWS_ACCESS_KEY_ID", self.aws.environment(good | {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"})),
            ("a wrong clock", "the clock of this machine is wrong.*Set the clock", self.aws.environment(good, clock.url)),
        ]
        self.at_once(4, [("a closed port", closed_port), *((world[0], functools.partial(publish, *world)) for world in worlds),
                         *((name, functools.partial(answered, name, *world)) for name, world in self.ANSWERS.items())])
        self.untouched(place, before)

    def test_what_is_declared_and_not_there(self):
        place = self.place("flat")
        place.put(self.old)
        before = place.snapshot()
        for name, section, pattern in [
            ("no such bucket", '[b]\ntarget = "s3://nobody-made-this-bucket"', "there is no bucket at s3://nobody-made-this-bucket: deploy"),
            ("no such bucket, release", '[b]\ntarget = "s3://nobody-made-this-bucket"\nlayout = "release"', "there is no bucket at s3://nobody-made-this-bucket: deploy"),
            ("no such function", f'[b]\ntarget = "s3://{place.bucket}"\nfunction = "nobody-made-it"', "CloudFront has no function nobody-made-it"),
            ("no such distribution", f'[b]\ntarget = "s3://{place.bucket}"\ndistribution = "E0NOBODY"', "CloudFront has no distribution E0NOBODY"),
            ("no such distribution yet", f'[b]\ntarget = "s3://{place.bucket}/fresh"\ndistribution = "E0NOBODY"', "CloudFront has no distribution E0NOBODY"),
            ("no such distribution, release", f'[b]\ntarget = "s3://{place.bucket}/fresh"\nlayout = "release"\ndistribution = "E0NOBODY"', "CloudFront has no distribution E0NOBODY"),
        ]:
            with self.subTest(name):
                (place.root / "site/environments.toml").write_text(section)
                with self.subTest("sentence"):
                    self.says(run("publish", "--env", "b", "--root", place.root, "--out", self.new.out, env=place.env()), pattern, name)
                self.untouched(place, before)

    def test_no_region(self):
        place = self.place("flat", region=None)
        env = {name: value for name, value in place.env().items() if name not in ("AWS_REGION", "AWS_ENDPOINT_URL")}
        self.says(run("status", "--env", "prod", "--root", place.root, env=env), "there is no AWS region: set AWS_REGION", "no region")

    FORBIDDEN = {
        "flat": ["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:DeleteObject",
                 "cloudfront:GetFunction", "cloudfront:DescribeFunction", "cloudfront:UpdateFunction", "cloudfront:PublishFunction", "cloudfront:CreateInvalidation"],
        "release": ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "cloudfront:GetFunction", "cloudfront:DescribeFunction", "cloudfront:UpdateFunction", "cloudfront:PublishFunction"],
    }
    # Without these a publish need not fail.
    SPARED = {"s3:GetObjectVersion", "cloudfront:GetFunction"}
    # These come when the release is live already; the next publish makes up for them.
    LAST = {"s3:DeleteObject", "cloudfront:CreateInvalidation"}

    @in_each_layout
    def test_no_permission_for_one_call(self, layout):
        for action in self.FORBIDDEN[layout]:
            with self.subTest(action):
                place = self.place(layout)
                place.put(self.old)
                place.credentials = self.user(f"{layout}-{action.replace(':', '-')}", action)
                ran = place.publish(self.new)
                if action in self.SPARED and ran.code == 0:
                    continue
                self.says(ran, f"may not do {action} on .*give the role that permission", f"{layout}, without {action}")
                if action not in self.LAST:
                    self.assertIs(self.assert_whole(place, self.old, self.new), self.old)
                place.credentials = None
                self.succeeds(place.publish(self.new))
                self.assert_live(place, self.new)
                if layout == "flat":
                    for name in ("DistributionId", "SurfacesDistributionId"):
                        self.assertTrue(place.front.list_invalidations(DistributionId=place.outputs[name])["InvalidationList"]["Quantity"], "the edges were never told")

    def test_what_is_to_be_published_is_wrong(self):
        place = self.place("flat")
        place.put(self.old)
        before = place.snapshot()
        build = small_site(self.folder, day=2)
        name = build.out / "v1/board.json"
        whole = name.read_bytes()
        name.write_bytes(whole.replace(b"m", b"n", 1))
        self.says(place.publish(build), "board.json is not the file that was built: run `precast build` again", "a file was changed after the build")
        self.assertIs(self.assert_whole(place, self.old, self.new, build), self.old)
        name.unlink()
        self.says(place.publish(build), "board.json is not the file that was built: run `precast build` again", "a file is gone after the build")
        self.assertIs(self.assert_whole(place, self.old, self.new, build), self.old)
        self.says(run("publish", "--env", "prod", "--root", place.root, env=place.env()), "there is no build in .*public: run `precast build`", "no build")
        name.write_bytes(whole)
        self.succeeds(place.publish(build))
        place.put(self.old)
        self.assertEqual({key: body for key, body in place.snapshot().items() if not key.startswith(".precast/")}, {key: body for key, body in before.items() if not key.startswith(".precast/")})

    @in_each_layout
    def test_what_tells_of_the_release_was_written_by_somebody_else(self, layout):
        place = self.place(layout)
        place.put(self.old)
        for name, body in [("no JSON", b"hello"), ("other JSON", b"{}"), ("half of it", place.object(place.channel_key)[:100])]:
            with self.subTest(name):
                place.s3.put_object(Bucket=place.bucket, Key=place.channel_key, Body=body)
                for command in ("publish", "rollback", "verify", "status", "gc", "releases"):
                    with self.subTest(command):
                        arguments = ["--out", self.new.out] if command == "publish" else []
                        self.says(place.run(command, *arguments), "is not what this version of precast wrote: restore an earlier version of it", f"{command}, {name}")
                self.assertIs(self.assert_whole(place, self.old, self.new), self.old)


class WrongUse(Scene):
    def test_an_environment_that_is_not_declared(self):
        place = self.place("flat")
        place.declare('[staging]\ntarget = "out"')
        for command in ("publish", "rollback", "verify", "status", "gc", "releases"):
            done = run(command, "--env", "production", "--root", place.root, env=place.env())
            self.assertEqual(done.code, 2)
            self.assertRegex(done.err, "there is no environment `production`: .*`prod`, `staging`")
        done = run("promote", "--from", "staging", "--to", "production", "--root", place.root, env=place.env())
        self.assertEqual((done.code, "`prod`, `staging`" in done.err), (2, True))
        none = run("status", "--env", "prod", "--root", self.folder, env=place.env())
        self.assertEqual(none.code, 2)
        self.assertRegex(none.err, "site/environments.toml declares none")

    def test_a_table_with_faults(self):
        place = Place(self.aws, self.folder, "flat", declared={"layout": '"flats"', "keeep": "3", "url": '"example.org"', "protect": '{ max_shrink = "a lot" }'})
        done = place.run("status")
        self.assertEqual(done.code, 1)
        for said in ["no layout `flats`", "did you mean `flat`", "keeep", "`example.org` is no URL", "max_shrink"]:
            self.assertIn(said, done.err)
        self.assertIn("site/environments.toml:", done.err)
        self.assertNotIn(str(REPOSITORY), done.err)

    def test_targets_that_are_none(self):
        build = small_site(self.folder)
        for target, pattern in [("gs://bucket", "no target of the kind `gs`"), ("s3://Big", "`Big` is no name of a bucket"), ("file://host/x", "three slashes")]:
            done = run("publish", "--to", target, "--out", build.out, env=self.aws.environment())
            self.assertIn(done.code, (2, 3), done.err)
            self.assertRegex(done.err, pattern)


if __name__ == "__main__":
    unittest.main()
