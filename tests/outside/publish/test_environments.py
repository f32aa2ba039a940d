#!/usr/bin/env python3
"""Plans, protections, promoting, collecting, replicas and watching: python -m unittest test_environments."""
import datetime
import json
import shutil
import time
import unittest

from scene import Scene, in_each_layout, run, small_site

DAY = 24 * 60 * 60
KEPT = (".precast/", "channels/", "manifests/", "gc/")


def ago(days):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Environments(Scene):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = small_site(cls.folder), small_site(cls.folder, day=2, members=7)
        cls.other = small_site(cls.folder, day=3)
        cls.few = small_site(cls.folder, members=5)

    def rewrite(self, place, key, change):
        document = json.loads(place.object(key))
        change(document)
        place.s3.put_object(Bucket=place.bucket, Key=key, Body=json.dumps(document).encode(), ContentType="application/json")

    # Plans

    @in_each_layout
    def test_the_plan_is_what_is_done(self, layout):
        place, proxy = self.place(layout), self.proxy()
        distributions = [place.outputs[name] for name in ("DistributionId", "SurfacesDistributionId")]
        for build in (self.old, self.new, self.other, self.old):
            before = set(place.keys())
            planned = self.succeeds(place.publish(build, "--dry-run", "--format", "json", url=proxy.url)).json()
            self.assertEqual([str(call) for call in proxy.calls if call.writes], [], "a dry run wrote")
            self.assertEqual((set(place.keys()), planned["applied"]), (before, False))
            proxy.clear()
            done = self.succeeds(place.publish(build, "--format", "json", url=proxy.url)).json()
            plan = done["plan"]
            self.assertEqual(plan, planned["plan"])
            ways = {"PutObject": "upload", "CopyObject": "copy"}
            puts = [call for call in proxy.calls if call.operation in ways and not call.key.startswith(KEPT)]
            self.assertEqual(sorted((call.key, ways[call.operation]) for call in puts), sorted((put["object"], put["via"]) for put in plan["puts"]))
            # In its order, as far as it says one: what is of one kind goes at once.
            started = {call.key: call.started for call in puts}
            kinds = [(put["reason"] == "new", put["phase"]) for put in plan["puts"]]
            if layout == "flat":
                for at in range(1, len(kinds)):
                    if kinds[at] != kinds[at - 1]:
                        first, then = [put["object"] for put in plan["puts"][:at]], [put["object"] for put in plan["puts"][at:]]
                        self.assertLess(max(started[key] for key in first), min(started[key] for key in then), (kinds[at - 1], kinds[at]))
                self.assertEqual(before - set(place.keys()), {delete["object"] for delete in plan["deletes"]} & before)
                self.assertLessEqual({delete["object"] for delete in plan["deletes"]}, before)
            else:
                self.assertLessEqual(before, set(place.keys()))
            self.assertEqual(plan["function"], any(call.operation.startswith("cloudfront PUT") for call in proxy.calls))
            asked = [call for call in proxy.calls if call.operation.endswith("/invalidation")]
            self.assertEqual(len(asked), len(distributions) if plan["invalidate"] else 0)
            if plan["invalidate"]:
                for distribution in distributions:
                    self.assertIn(plan["invalidate"], self.invalidated(place, distribution))
            reads = [call for call in proxy.calls if call.service == "s3" and call.method in ("GET", "HEAD") and "list-type" not in call.query]
            writes = [call for call in proxy.calls if call.service == "s3" and call not in reads and call.operation != "DeleteObjects"]
            self.assertEqual((done["spent"]["writes"], done["spent"]["reads"]), (len(writes), len(reads)))
            self.assertEqual(done["edgeRequests"], len([call for call in proxy.calls if call.service == "cloudfront"]))
            proxy.clear()

    def invalidated(self, place, distribution):
        items = place.front.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
        found = [place.front.get_invalidation(DistributionId=distribution, Id=item["Id"])["Invalidation"]["InvalidationBatch"] for item in items]
        return [batch["Paths"]["Items"] for batch in found]

    def test_every_change_is_invalidated(self):
        """Also one that was made before, and taken back since."""
        place = self.place("flat")
        place.put(self.old)
        for number in range(1, 4):
            place.put(self.new)
            self.succeeds(place.run("rollback"))
            with self.subTest(number=number):
                self.assertEqual(len(self.invalidated(place, place.outputs["DistributionId"])), 2 * number)

    def test_few_paths_are_named_one_by_one(self):
        place, build = self.place("flat"), small_site(self.folder)
        place.put(build)
        place.put(small_site(self.folder, statics={"more.txt": "more", "hello.html": "<p>hello"}))
        self.assertEqual([sorted(paths) for paths in self.invalidated(place, place.outputs["DistributionId"])],
                         [sorted(["/hello.html", "/more.txt"])])

    @in_each_layout
    def test_going_back_can_be_tried(self, layout):
        place = self.place(layout)
        place.put(self.old, self.new)
        before, code = place.snapshot(), place.function_code()
        dry = self.succeeds(place.run("rollback", "--dry-run", "--format", "json")).json()
        self.assertEqual((dry["from"], dry["to"], dry["applied"]), (self.new.release, self.old.release, False))
        self.assertEqual((place.snapshot(), place.function_code()), (before, code))
        done = self.succeeds(place.run("rollback", self.old.release[:9].upper(), "--format", "json")).json()
        self.assertEqual((done["to"], done["applied"], done["plan"]), (self.old.release, True, dry["plan"]))
        self.assert_live(place, self.old)
        self.assertEqual([live["restorable"] for live in self.succeeds(place.run("releases", "--format", "json")).json()["previous"]], [True])

    # Protections

    @in_each_layout
    def test_records_do_not_vanish_by_mistake(self, layout):
        place = self.place(layout)
        place.put(self.old)
        before = place.snapshot()
        for options, check in [((), lambda ran: self.assertIn("refused: 3 of 8 members would vanish, and `max_shrink` of environment `prod` is 20 % (--accept-shrink)", ran.err)),
                               (("--format", "json"), lambda ran: self.assertEqual((ran.json()["applied"], ran.json()["plan"]["refused"][0]["accept"]), (False, "--accept-shrink"))),
                               (("--accept-deletes",), lambda ran: None), (("--dry-run",), lambda ran: None)]:
            ran = place.publish(self.few, *options)
            self.assertEqual(ran.code, 1, ran.err)
            check(ran)
            self.assertEqual(place.snapshot(), before)
        self.succeeds(place.publish(self.few, "--accept-shrink"))
        self.assert_live(place, self.few)

    def test_many_deletes_are_meant(self):
        place = self.place("flat", protect='{ max_delete = 5, max_shrink = "100%" }')
        place.put(self.old)
        before = place.snapshot()
        ran = place.publish(self.few)
        self.assertEqual(ran.code, 1, ran.err)
        self.assertRegex(ran.err, r"refused: \d+ objects would be deleted, and `max_delete` of environment `prod` is 5 \(--accept-deletes\)")
        self.assertEqual(place.snapshot(), before)
        self.succeeds(place.publish(self.few, "--accept-deletes"))
        self.assert_live(place, self.few)

    # Promoting

    def test_promoting_is_byte_for_byte(self):
        for from_layout, to_layout in [("flat", "release"), ("release", "flat"), ("release", "release")]:
            with self.subTest(f"{from_layout} to {to_layout}"):
                staging, prod = self.place(from_layout, name="staging"), self.place(to_layout)
                prod.declare((staging.root / "site/environments.toml").read_text())
                build = small_site(self.folder)
                promote = lambda *more: run("promote", "--from", "staging", "--to", "prod", "--root", prod.root, *more, env=prod.env())
                self.assertRegex(self.fails(promote()), "nothing is published at")
                staging.put(build)
                shutil.rmtree(build.out)
                plan = self.succeeds(promote("--dry-run", "--format", "json")).json()["plan"]
                self.assertEqual((plan["release"], plan["live"]), (build.release, None))
                self.assertEqual(self.succeeds(promote("--format", "json")).json()["plan"], plan)
                self.assertIs(self.assert_whole(prod, build), build)
                self.assert_live(prod, build)
                self.assertEqual(prod.channel()["current"]["manifest"], staging.channel()["current"]["manifest"])
                self.assertIn("already", self.succeeds(promote()).err)
                # Protections hold here as well, and a spoilt object goes no further.
                staging.put(self.other)
                self.succeeds(staging.publish(self.few, "--accept-shrink"))
                self.assertEqual(promote().code, 1)
                for key in staging.where("v1/board.json"):
                    staging.s3.put_object(Bucket=staging.bucket, Key=key, Body=b"{}")
                self.assertRegex(self.fails(promote("--accept-shrink")), "v1/board.json at .* is not what its manifest says: run `verify --repair`")
                self.assertEqual(prod.live(), build.release)
                if to_layout == "release":
                    self.assertIs(self.assert_whole(prod, build, self.few), build)
        self.assertEqual(run("promote", "--from", "prod", "--to", "prod", "--root", prod.root, env=prod.env()).code, 2)

    # Collecting

    def age(self, place, build, days):
        """Makes a release older than it is, on the channel; its record is as if it had been collected."""
        def change(channel):
            for live in channel["previous"]:
                if live["release"] == build.release:
                    live["publishedAt"] = ago(days)
        self.rewrite(place, place.channel_key, change)
        place.s3.delete_object(Bucket=place.bucket, Key=f"manifests/{build.release}.json")

    def due(self, place):
        self.rewrite(place, "gc/condemned.json", lambda condemned: condemned["since"].update({shard: int(time.time()) - 8 * DAY for shard in condemned["since"]}))

    def collect(self, place, *options, url=None):
        return self.succeeds(place.run("gc", "--format", "json", *options, url=url)).json()["targets"][0]["collected"]

    def test_collecting_waits_a_week(self):
        place = self.place("release", keep="{ releases = 1, days = 7 }")
        place.put(self.old, self.new)
        self.assertEqual(self.collect(place), {"forgotten": [], "condemned": [], "spared": [], "deleted": 0, "left": 0}, "a young release is kept")
        self.age(place, self.old, days=8)
        before = place.snapshot()
        dry = self.collect(place, "--dry-run")
        self.assertEqual(place.snapshot(), before)
        done = self.collect(place)
        self.assertEqual(done, dry)
        self.assertEqual((done["forgotten"], done["deleted"]), ([self.old.release], 0))
        self.assertTrue(done["condemned"])
        self.assertNotIn(self.old.release[:12], self.succeeds(place.run("releases")).out)
        self.assertEqual(self.collect(place)["deleted"], 0, "nothing is deleted before a week is over")
        gone = [key for key in place.keys("s/") if key.split("/")[1] in done["condemned"]]
        self.due(place)
        self.assertEqual(self.collect(place, "--dry-run")["deleted"], len(gone))
        self.assertEqual(self.collect(place)["deleted"], len(gone))
        self.assertEqual(set(gone) & set(place.keys()), set())
        self.assert_live(place, self.new)
        self.assertIs(self.assert_whole(place, self.new), self.new)
        self.assertEqual(self.collect(place), {"forgotten": [], "condemned": [], "spared": [], "deleted": 0, "left": 0})

    def test_what_is_needed_again_gets_another_name(self):
        place = self.place("release", keep="{ releases = 1, days = 7 }")
        place.put(self.old, self.new)
        self.age(place, self.old, days=8)
        condemned = self.collect(place)["condemned"]
        self.due(place)
        place.put(self.old)
        self.assertEqual(set(place.channel()["current"]["shards"]["digests"]) & set(condemned), set())
        done = self.collect(place)
        self.assertEqual((done["spared"], {key.split("/")[1] for key in place.keys("s/")} & set(condemned)), ([], set()))
        self.assert_live(place, self.old)
        self.assertIs(self.assert_whole(place, self.old), self.old)
        place.put(self.new, self.old)
        self.assert_live(place, self.old)

    def test_condemned_under_a_publish(self):
        place, proxy = self.place("release", keep="{ releases = 1, days = 7 }"), self.proxy()
        place.put(self.old, self.new)
        self.age(place, self.old, days=8)
        dry = self.collect(place, "--dry-run")["condemned"]
        # The old release is forgotten while it is being published again; its shards are not condemned yet when it looks.
        gate = proxy.hold(lambda call: call.key == f"manifests/{self.old.release}.json" and call.method == "PUT")
        publishing = place.start("publish", "--out", self.old.out, url=proxy.url)
        gate.wait()
        self.assertEqual(self.collect(place)["condemned"], dry)
        gate.release()
        publishing.communicate()
        # Whoever lost the channel to gc publishes again, under other names; whoever won is spared.
        place.put(self.old)
        self.due(place)
        self.collect(place)
        self.assert_live(place, self.old)
        self.assertIs(self.assert_whole(place, self.old), self.old)

    def test_no_more_than_allowed_at_once(self):
        place = self.place("release", keep="{ releases = 1, days = 7 }", protect="{ max_delete = 30 }")
        place.put(self.old, self.new)
        self.age(place, self.old, days=8)
        self.collect(place)
        self.due(place)
        deleted = []
        while True:
            done = self.collect(place)
            deleted.append(done["deleted"])
            if not done["left"]:
                break
        self.assertTrue(len(deleted) > 1 and max(deleted) <= 30, deleted)
        self.assert_live(place, self.new)

    def test_published_again_while_it_is_collected(self):
        place, proxy = self.place("release", keep="{ releases = 1, days = 7 }"), self.proxy()
        place.put(self.old, self.new)
        self.age(place, self.old, days=8)
        self.collect(place)
        self.due(place)
        gate = proxy.hold(lambda call: call.operation == "DeleteObjects")
        collecting = place.start("gc", url=proxy.url)
        gate.wait()
        place.put(self.old)
        gate.release()
        collecting.communicate()
        self.assert_live(place, self.old)

    def test_a_rollback_to_what_was_collected(self):
        place = self.place("release", keep="{ releases = 1, days = 7 }")
        place.put(self.old, self.new)
        self.age(place, self.old, days=8)
        self.collect(place)
        self.assertRegex(self.fails(place.run("rollback")), "no earlier release")
        self.assertRegex(self.fails(place.run("rollback", self.old.release[:12])), "no release here starts with")
        self.assert_live(place, self.new)

    def test_collecting_in_flat(self):
        place = self.place("flat", keep="{ releases = 1, days = 7 }")
        place.put(self.old, self.new)

        def change(channel):
            channel["previous"][0]["publishedAt"] = ago(8)
        self.rewrite(place, place.channel_key, change)
        self.assertEqual(self.collect(place)["forgotten"], [self.old.release])
        self.assert_live(place, self.new)
        self.assertRegex(self.fails(place.run("rollback")), "no earlier release")

    # Replicas

    @in_each_layout
    def test_a_replica_that_is_down(self, layout):
        replica = self.aws.make_bucket(f"follower-{layout}")
        place, proxy = self.place(layout, replicas=f'["s3://{replica}"]'), self.proxy()
        place.put(self.old)
        self.assertIn(f"replica s3://{replica}: {self.old.release[:12]} (the same)", self.succeeds(place.run("releases")).out)
        proxy.faults.every("wrong_clock", lambda call: call.bucket == replica)
        ran = place.publish(self.new, url=proxy.url)
        self.assertRegex(self.fails(ran), "the release is live, but 1 replica could not be brought up to date: run the same command again")
        self.assertIs(self.assert_whole(place, self.old, self.new), self.new)
        self.assertIn(f"replica s3://{replica}: {self.old.release[:12]} (1 behind)", self.succeeds(place.run("releases")).out)
        told = self.succeeds(place.run("releases", "--format", "json")).json()
        self.assertEqual((told["current"]["release"], told["replicas"]), (self.new.release, [{"location": f"s3://{replica}", "release": self.old.release, "behind": 1}]))
        self.assertRegex(self.fails(place.run("status")), f"prod is not whole: s3://{replica}: it holds {self.old.release[:12]}")
        self.assertIn(replica, self.succeeds(place.run("releases", url=proxy.url)).out)
        self.succeeds(place.publish(self.new))
        self.assert_live(place, self.new)
        self.succeeds(place.run("rollback"))
        self.assert_live(place, self.old)
        self.assertIn("(the same)", self.succeeds(place.run("releases")).out)

    # Watching

    @in_each_layout
    def test_the_same_answers_of_fresher_sources(self, layout):
        """A refresh that finds nothing new still says when it looked, and mends what tells of it."""
        build = small_site(self.folder)
        place, proxy = self.place(layout), self.proxy()
        place.put(build)
        for at in ("2026-06-01T13:00:00Z", "2026-06-01T14:00:00Z"):
            self.assertEqual(run("build", "--stamp", "--root", build.root, "--out", build.out, "--now", at).code, 0)
            release = build.release
            build.read()
            self.assertEqual(build.release, release)
            plan = self.succeeds(place.publish(build, "--format", "json", url=proxy.url)).json()["plan"]
            self.assertEqual({put["key"] for put in plan["puts"]}, {"v1/status.json", "v1/manifest.json"})
            self.assertEqual(plan["invalidate"], [])
            self.assertEqual(json.loads(place.fetch("/v1/status.json").body)["readAt"], at)
            self.assert_live(place, build)
        for key in place.where("v1/status.json"):
            place.s3.put_object(Bucket=place.bucket, Key=key, Body=b"{}")
        self.succeeds(place.run("verify", "--repair", "--out", build.out))
        self.assert_live(place, build)

    @in_each_layout
    def test_a_stale_function(self, layout):
        place = self.place(layout)
        place.put(self.old)
        was = place.function_code()
        draft = place.front.describe_function(Name=place.function, Stage="DEVELOPMENT")
        config = draft["FunctionSummary"]["FunctionConfig"]
        update = place.front.update_function(Name=place.function, IfMatch=draft["ETag"], FunctionConfig=config, FunctionCode=b"function handler(event) { return event.request; }")
        self.succeeds(place.run("status"))
        place.front.publish_function(Name=place.function, IfMatch=update["ETag"])
        self.assertRegex(self.fails(place.run("status")), "function .* is not that of the live release: run `precast publish` again")
        stale = place.run("status", "--format", "json")
        self.assertEqual((stale.code, stale.json()["whole"]), (3, False))
        self.assertTrue(self.succeeds(place.publish(self.old, "--format", "json")).json()["changed"])
        self.assertEqual(place.function_code(), was)
        self.assert_live(place, self.old)

    @in_each_layout
    def test_what_answers_outside(self, layout):
        place, elsewhere = self.place(layout), self.place(layout)
        place.put(self.new)
        elsewhere.put(self.old)
        with elsewhere.viewer() as url:
            place.declare(f'url = "{url}"')
            self.assertRegex(self.fails(place.run("status")), f"url: {url}/v1/status.json answers with {self.old.release[:12]}")
            elsewhere.put(self.new)
            line = self.succeeds(place.run("status")).out
            self.assertRegex(line, rf"^prod: release {self.new.release[:12]}, published \S+Z by .*; agreeing: channel, function, url\n$")

    def test_an_old_release(self):
        place = self.place("flat")
        self.assertRegex(self.fails(place.run("status")), "nothing is published yet")
        place.put(self.old)
        self.succeeds(place.run("status", "--max-age", "1h"))
        self.rewrite(place, place.channel_key, lambda channel: channel["current"].update(publishedAt=ago(2)))
        self.assertRegex(self.fails(place.run("status", "--max-age", "26h")), "published 48 h ago, and at most 26 h are wanted")
        self.succeeds(place.run("status", "--max-age", "3d"))
        self.assertEqual(place.run("status", "--max-age", "3").code, 2)


if __name__ == "__main__":
    unittest.main()
