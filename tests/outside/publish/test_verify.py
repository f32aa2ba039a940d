#!/usr/bin/env python3
"""What is found when objects are not as they were published, and what is mended; other people's files are left alone:
python -m unittest test_verify."""
import json
import shutil
import time
import unittest

from scene import Scene, in_each_layout, small_site

WEEK = 7 * 24 * 60 * 60
# Somebody else's, at places where the program might think that they are its own.
FOREIGN = {
    "flat": ["photos/cat.jpg", "v1/board/mine.json", "robots-of-mine.txt", "s/photos/cat.jpg"],
    "release": ["photos/cat.jpg", "v1/board.json", "index.html", "s/photos/cat.jpg", "s/readme.txt"],
}


class Verify(Scene):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = small_site(cls.folder), small_site(cls.folder, day=2, members=7)

    def overwrite(self, place, key, bucket=None, **changes):
        """Puts an object again as it is, but for some of its headers or its body."""
        there = place.s3.get_object(Bucket=bucket or place.bucket, Key=key)
        kept = {"Body": there["Body"].read(), "ContentType": there["ContentType"], "CacheControl": there["CacheControl"], "Metadata": there["Metadata"]}
        if "Body" in changes:
            changes["Body"] = changes["Body"](kept["Body"])
        place.s3.put_object(Bucket=bucket or place.bucket, Key=key, **(kept | changes))

    def findings(self, place, *options, code=3):
        ran = place.run("verify", "--format", "json", *options)
        self.assertEqual(ran.code, code, ran.out + ran.err)
        return {(found["object"], found["fault"]) for found in ran.json()["targets"][0]["verified"]["findings"]}

    def one(self, place, key):
        """The object of the live release's file."""
        if place.layout == "flat":
            return key
        shards = place.channel()["current"]["shards"]["digests"]
        return next(found for found in place.where(key) if found.split("/")[1] in shards)

    @in_each_layout
    def test_each_fault_is_found_and_mended_from_the_build(self, layout):
        place = self.place(layout)
        place.put(self.old)
        faults = {
            (self.one(place, "v1/board.json"), "headers"): {"CacheControl": "private"},
            (self.one(place, "hello.html"), "headers"): {"ContentType": "text/plain"},
            (self.one(place, "v1/members/m1.json"), "bytes"): {"Body": lambda body: body.replace(b"m1", b"mX")},
            (self.one(place, "style-1.css"), "bytes"): {"Body": lambda body: body + b" "},
            (self.one(place, "v1/status.json"), "bytes"): {"Body": lambda body: body.replace(b"Small", b"smalL")},
            (self.one(place, "v1/edge.js"), "bytes"): {"Body": lambda body: body.replace(b"shard", b"shred")},
        }
        for (key, _), change in faults.items():
            self.overwrite(place, key, **change)
        gone = self.one(place, "v1/teams/red.json")
        place.s3.delete_object(Bucket=place.bucket, Key=gone)
        expected = {*faults, (gone, "missing")}
        self.assertEqual(self.findings(place), expected)
        self.assertEqual(self.findings(place, "--quick"), expected)
        self.assertIn("run `precast verify --repair`", place.run("verify").sentence())
        # Finding changes nothing; mending does.
        self.assertEqual(self.findings(place, "--repair", "--out", self.old.out, code=0), expected)
        self.assert_live(place, self.old)
        self.assertIs(self.assert_whole(place, self.old), self.old)
        self.assertEqual(place.fetch("/v1/board.json").headers["cache-control"], place.fetch("/v1/board/limit/1.json").headers["cache-control"])

    @in_each_layout
    def test_the_manifest_itself(self, layout):
        place = self.place(layout)
        place.put(self.old)
        for change in ({"Body": lambda body: body.replace(b"m1.json", b"mX.json")}, {"Body": lambda body: b""}):
            self.overwrite(place, self.one(place, "v1/manifest.json"), **change)
            self.assertEqual(place.run("verify").code, 3)
            self.succeeds(place.run("verify", "--repair", "--out", self.old.out))
            self.assert_live(place, self.old)
        place.s3.delete_object(Bucket=place.bucket, Key=self.one(place, "v1/manifest.json"))
        self.assertEqual(place.run("verify").code, 3)
        self.succeeds(place.run("verify", "--repair", "--out", self.old.out))
        self.assert_live(place, self.old)

    def test_what_answers_a_404_in_release(self):
        """Its bodies stand at their own keys as well, where the edges fetch them by themselves."""
        place = self.place("release")
        place.put(self.old)
        for key in ("404.html", "v1/errors/not-found.json"):
            self.overwrite(place, key, Body=lambda body: body[:-2] + b"XX")
        self.assertEqual(self.findings(place), {("404.html", "bytes"), ("v1/errors/not-found.json", "bytes")})
        self.succeeds(place.run("verify", "--repair", "--out", self.old.out))
        self.assert_live(place, self.old)
        self.assertEqual(place.fetch("/nothing").body, self.old.files["404.html"])

    @in_each_layout
    def test_a_release_has_its_own_body_of_a_404(self, layout):
        place = self.place(layout)
        place.put(self.old, self.new)
        self.assertEqual(place.fetch("/nothing").body, self.new.files["404.html"])
        self.succeeds(place.run("rollback"))
        self.assertEqual(place.fetch("/nothing").body, self.old.files["404.html"])
        self.assert_live(place, self.old)

    @in_each_layout
    def test_mended_from_a_replica_when_the_build_is_gone(self, layout):
        self.aws.make_bucket(f"replica-{layout}")
        place = self.place(layout, replicas=f'["s3://replica-{layout}"]')
        build = small_site(self.folder)
        place.put(build)
        shutil.rmtree(build.out)
        broken = [self.one(place, "v1/board.json"), self.one(place, "v1/manifest.json"), self.one(place, "hello.html")]
        for key in broken:
            self.overwrite(place, key, Body=lambda body: body[:-1] + b"?")
        self.assertEqual(place.run("verify").code, 3)
        self.succeeds(place.run("verify", "--repair"))
        self.assert_verified(place)
        # And the other way round.
        self.overwrite(place, broken[0], bucket=f"replica-{layout}", Body=lambda body: body[:-1] + b"?")
        self.assertEqual(place.run("verify").code, 3)
        self.succeeds(place.run("verify", "--repair"))
        self.assert_verified(place)
        # With nothing to mend from it says so.
        for bucket in (place.bucket, f"replica-{layout}"):
            self.overwrite(place, broken[0], bucket=bucket, Body=lambda body: body[:-1] + b"!")
        self.assertEqual(place.run("verify", "--repair").code, 3)

    @in_each_layout
    def test_other_headers_are_published(self, layout):
        build = small_site(self.folder, statics={"notes.txt": "the same bytes"})
        place, proxy = self.place(layout), self.proxy()
        place.put(build)
        # What a build would say that knows this file as something else: another media type, so another release.
        build.forge(release=build.release[::-1], artifacts={"notes.txt": {"mediaType": "text/x-notes"}})
        self.succeeds(place.publish(build, url=proxy.url))
        answer = place.fetch("/notes.txt")
        self.assertEqual((answer.headers["content-type"], answer.body), ("text/x-notes", b"the same bytes"))
        self.assert_verified(place)
        if layout == "flat":
            put = {call.key for call in proxy.calls if call.operation in ("PutObject", "CopyObject") and not call.key.startswith(".precast/")}
            self.assertEqual(put, {"notes.txt", "v1/manifest.json"})

    @in_each_layout
    def test_a_spoilt_object_does_not_spread(self, layout):
        """What is the same in the next release may be copied, but not when it is not what it should be."""
        place = self.place(layout)
        place.put(self.old)
        same = [key for key in self.old.files if self.old.files[key] == self.new.files.get(key)]
        self.assertIn("v1/errors/malformed-path.json", same)
        key = self.one(place, "v1/errors/malformed-path.json")
        self.overwrite(place, key, Body=lambda body: body[:-3] + b"???")
        self.succeeds(place.publish(self.new))
        if layout == "release":
            self.assert_live(place, self.new)

    # Other people's files

    def put_foreign(self, place):
        for key in FOREIGN[place.layout]:
            place.s3.put_object(Bucket=place.bucket, Key=key, Body=b"somebody else's")

    def assert_foreign_stay(self, place):
        there = set(place.keys())
        self.assertEqual([key for key in FOREIGN[place.layout] if key not in there or place.object(key) != b"somebody else's"], [])

    @in_each_layout
    def test_foreign_files_are_told_of_and_never_touched(self, layout):
        place = self.place(layout, keep="{ releases = 1, days = 1 }")
        place.put(self.old)
        self.put_foreign(place)
        self.assertEqual(self.findings(place, code=0), {(key, "foreign") for key in FOREIGN[layout]})
        for key in FOREIGN[layout]:
            self.assertIn(f"{key} was put there by somebody else, and is left alone", place.run("verify").err)
        self.succeeds(place.run("verify", "--repair", "--out", self.old.out))
        self.assert_foreign_stay(place)
        self.succeeds(place.publish(self.new))
        self.assert_foreign_stay(place)
        self.succeeds(place.run("rollback"))
        self.assert_foreign_stay(place)
        place.put(self.new)
        self.succeeds(place.run("gc"))
        if layout == "release" and "gc/condemned.json" in place.keys():
            condemned = json.loads(place.object("gc/condemned.json"))
            condemned["since"] = {shard: int(time.time()) - WEEK - 60 for shard in condemned["since"]}
            place.s3.put_object(Bucket=place.bucket, Key="gc/condemned.json", Body=json.dumps(condemned).encode())
        self.succeeds(place.run("gc"))
        self.assert_foreign_stay(place)
        self.assertEqual(self.findings(place, code=0), {(key, "foreign") for key in FOREIGN[layout]})

    def test_a_foreign_file_in_the_way_stops_the_publish(self):
        place = self.place("flat")
        place.put(self.old)
        place.s3.put_object(Bucket=place.bucket, Key="news-2.html", Body=b"somebody else's")
        before = place.snapshot()
        for options in ((), ("--dry-run",)):
            self.assertRegex(self.fails(place.publish(self.new, *options)), "news-2.html at .* was put there by somebody else: move it away")
        self.assertEqual(place.snapshot(), before, "nothing had begun")
        seen = place.reads(self.old)
        self.assertEqual([key for key in self.old.files if seen[key] != self.old.files[key]], [], "readers saw a change")
        self.assertEqual(place.object("news-2.html"), b"somebody else's")
        with self.subTest("it is told of"):
            self.assertIn(("news-2.html", "foreign"), self.findings(place, code=0))
        # Whoever gives in and publishes something else does not delete it.
        self.succeeds(place.publish(self.old))
        self.assertIn("news-2.html", place.keys())
        self.assertEqual(place.object("news-2.html"), b"somebody else's")
        self.assertIs(self.assert_whole(place, self.old), self.old)
        # Moved away, it is in nobody's way.
        place.s3.delete_object(Bucket=place.bucket, Key="news-2.html")
        self.succeeds(place.publish(self.new))
        self.assert_live(place, self.new)

    def test_foreign_files_before_the_first_publish(self):
        for layout, key in [("flat", "hello.html"), ("release", "404.html")]:
            with self.subTest(layout):
                place = self.place(layout)
                place.s3.put_object(Bucket=place.bucket, Key=key, Body=b"somebody else's")
                before = place.snapshot()
                for options in (("--dry-run",), ()):
                    self.assertRegex(self.fails(place.publish(self.old, *options)), f"{key} at .* was put there by somebody else")
                    self.assertEqual(place.snapshot(), before, "something was put")
                place.s3.delete_object(Bucket=place.bucket, Key=key)
                self.succeeds(place.publish(self.old))
                self.assert_live(place, self.old)


if __name__ == "__main__":
    unittest.main()
