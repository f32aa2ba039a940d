#!/usr/bin/env python3
"""A publish is killed at each of its steps; readers see nothing broken, and the next publish ends the work: python -m
unittest test_crashes.

A gate in the proxy holds the request of a step before it goes on, or when it has taken effect and is not answered yet.
"""
import functools
import json
import re
import time
import unittest

from proxy import Proxy
from scene import PATIENCE, Scene, small_site

# A publish that comes after a dead one waits for its lease, which costs nothing: so many are tried at once in each layout.
AT_ONCE = {"flat": 12, "release": 3}


def key(name):
    return lambda call: call.operation in ("PutObject", "CopyObject") and call.key == name


def under(prefix):
    return lambda call: call.operation == "PutObject" and call.key.startswith(prefix)


def edge(method, end):
    return lambda call: call.service == "cloudfront" and call.method == method and call.key.endswith(end)


def operation(name):
    return lambda call: call.operation == name


LEASE, CHANNEL, SHARDS = key(".precast/lease.json"), key(".precast/live.json"), under("s/")
# What is held, from which such request on, before it goes on (or after), and whether objects may be missing then.
BEFORE, AFTER = False, True
FLAT = {
    "taking the lease": (LEASE, 2, BEFORE),
    "the lease is taken": (LEASE, 2, AFTER),
    "announcing": (CHANNEL, 1, BEFORE),
    "announced": (CHANNEL, 1, AFTER),
    "the first new asset": (key("style-2.css"), 1, BEFORE),
    "new data": (under("v1/day-2"), 1, AFTER),
    "a new page": (key("news-2.html"), 1, AFTER),
    "an asset replaced": (key("common.css"), 1, AFTER),
    "the first data replaced": (under("v1/board"), 1, BEFORE),
    "some data replaced": (under("v1/"), 12, AFTER),
    "a page": (key("hello.html"), 1, BEFORE),
    "pages replaced": (key("hello.html"), 1, AFTER),
    "the function": (edge("PUT", "-edge"), 1, BEFORE),
    "the function updated": (edge("PUT", "-edge"), 1, AFTER),
    "the function published": (edge("POST", "/publish"), 1, AFTER),
    "status.json": (key("v1/status.json"), 1, BEFORE),
    "the manifest": (key("v1/manifest.json"), 1, BEFORE),
    "the manifest put": (key("v1/manifest.json"), 1, AFTER),
    "the record": (under(".precast/releases/"), 1, BEFORE),
    "recorded": (under(".precast/releases/"), 1, AFTER),
    "switching": (CHANNEL, 2, BEFORE),
    "switched": (CHANNEL, 2, AFTER),
    "deleting": (operation("DeleteObjects"), 1, BEFORE),
    "deleted": (operation("DeleteObjects"), 1, AFTER),
    "after the deletes": (CHANNEL, 3, AFTER),
    "invalidating": (edge("POST", "/invalidation"), 1, BEFORE),
    "one distribution invalidated": (edge("POST", "/invalidation"), 1, AFTER),
    "giving the lease back": (LEASE, 3, BEFORE),
    "the lease given back": (LEASE, 3, AFTER),
}
RELEASE = {
    "the first object": (SHARDS, 1, BEFORE),
    "some objects": (SHARDS, 25, AFTER),
    "a copy": (operation("CopyObject"), 1, AFTER),
    "all objects": (operation("ListObjectsV2"), 1, BEFORE),
    "the record": (under("manifests/"), 1, BEFORE),
    "recorded": (under("manifests/"), 1, AFTER),
    "switching": (key("channels/prod.json"), 1, BEFORE),
    "switched": (key("channels/prod.json"), 1, AFTER),
    "reading the function": (edge("GET", "/describe"), 1, BEFORE),
    "the function": (edge("PUT", "-edge"), 1, BEFORE),
    "the function updated": (edge("PUT", "-edge"), 1, AFTER),
    "publishing the function": (edge("POST", "/publish"), 1, BEFORE),
    "the function published": (edge("POST", "/publish"), 1, AFTER),
    "looking again": (lambda call: call.operation == "GetObject" and call.key == "channels/prod.json", 2, BEFORE),
    "the plain body of a 404": (lambda call: call.operation == "CopyObject" and call.key == "404.html", 1, BEFORE),
    "the plain body of a 404 replaced": (lambda call: call.operation == "CopyObject" and call.key == "404.html", 1, AFTER),
    "all done": (key("channels/prod.json"), 2, BEFORE),
}
OTHERS = {
    "flat": [("announced", "old"), ("new data", "other"), ("some data replaced", "rollback"), ("the function published", "old"), ("the manifest put", "other"),
             ("recorded", "old"), ("switched", "other"), ("deleted", "old"), ("after the deletes", "rollback")],
    "release": [("some objects", "old"), ("recorded", "other"), ("switched", "old"), ("switched", "rollback"), ("the function updated", "other"), ("the function published", "old"), ("the plain body of a 404", "rollback")],
}


class Killed(Scene):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new, cls.other = small_site(cls.folder), small_site(cls.folder, day=2, members=7), small_site(cls.folder, day=3)

    def killed(self, layout, step):
        """An environment in which the publish of `new` over `old` was killed at a step."""
        place = self.place(layout)
        place.put(self.old)
        matching, nth, after = step
        with Proxy(self.aws.url) as proxy:
            gate = proxy.hold(matching, nth, after)
            process = place.start("publish", "--out", self.new.out, url=proxy.url)
            deadline = time.monotonic() + PATIENCE
            while not gate.held and time.monotonic() < deadline:
                self.assertIsNone(process.poll(), "the publish ended and never came to this step")
                time.sleep(0.01)
            process.kill()
            process.communicate()
            gate.drop()
            # What was under way still takes effect.
            while any(not call.seconds for call in list(proxy.calls)) and time.monotonic() < deadline:
                time.sleep(0.01)
        return place

    def nothing_is_broken(self, place):
        """Of an unfinished publish in `flat`: each file is of one release, and what is named is there."""
        seen = place.reads(self.old, self.new)
        gone = [name for name in self.old.files if seen[name] is None]
        if gone:
            # The deletes have begun: all else is of the new release, which does not name them.
            self.assertEqual([name for name in gone if name in self.new.files], [])
            self.assertEqual([name for name in self.new.files if seen[name] != self.new.files[name]], [])
        for name, body in seen.items():
            if body is not None:
                self.assertIn(body, (self.old.files.get(name), self.new.files.get(name)), name)
        for path, pages in self.named(seen).items():
            self.assertEqual(place.fetch(path).status, 200, f"{path}, which {pages[0]} names")

    def named(self, seen):
        """What pages and answers link to, and which."""
        named = {}
        for name, body in seen.items():
            if body is None:
                continue
            if name.endswith(".html"):
                links = re.findall(r'(?:href|src)="(/[^"]*)"', body.decode())
            elif name.endswith(".json"):
                document = json.loads(body)
                links = document.get("links", {}).values() if isinstance(document, dict) and name.startswith("v1/") else []
            else:
                continue
            for link in links:
                named.setdefault(link, []).append(name)
        return named

    def invalidated(self, place):
        """How many invalidations there were of each distribution."""
        return [
            place.front.list_invalidations(DistributionId=place.outputs[name])["InvalidationList"]["Quantity"] for name in ("DistributionId", "SurfacesDistributionId")
        ]

    def ended(self, place, build):
        """`build` is live, whole, and nothing is left of what was begun."""
        self.assert_live(place, build)
        # (`verify` has read every file where it stands, and `status` says that the function is that of the release.)
        for path, name in [("/v1/board?limit=3", "v1/board/limit/3.json"), ("/v1/status.json", "v1/status.json"), ("/", "index.html"), ("/hello", "hello.html")]:
            self.assertEqual(place.fetch(path).body, build.files[name])
        if place.layout == "flat":
            self.assertEqual({name for name in place.keys() if not name.startswith(".precast/")}, set(build.files))
        self.assertEqual(self.succeeds(place.publish(build, "--format", "json")).json()["changed"], False)

    def flat(self, step):
        place = self.killed("flat", step)
        self.nothing_is_broken(place)
        self.succeeds(place.publish(self.new))
        self.ended(place, self.new)
        self.assertTrue(all(self.invalidated(place)), "the edges were never told")

    def release(self, step):
        place = self.killed("release", step)
        self.assert_whole(place, self.old, self.new)
        self.succeeds(place.publish(self.new))
        self.ended(place, self.new)

    def test_flat(self):
        scenarios = [(name, functools.partial(self.flat, step)) for name, step in FLAT.items()]
        self.at_once(AT_ONCE["flat"], scenarios + list(self.something_else("flat", FLAT)))

    def test_release(self):
        scenarios = [(name, functools.partial(self.release, step)) for name, step in RELEASE.items()]
        self.at_once(AT_ONCE["release"], scenarios + list(self.something_else("release", RELEASE)))

    def something_else(self, layout, steps):
        """Whoever comes after need not publish the same."""

        def publish(step, build):
            place = self.killed(layout, step)
            self.succeeds(place.publish(build))
            self.ended(place, build)

        def roll_back(step):
            place = self.killed(layout, step)
            self.succeeds(place.run("rollback"))
            self.ended(place, self.old)

        for step, then in OTHERS[layout]:
            work = functools.partial(roll_back, steps[step]) if then == "rollback" else functools.partial(publish, steps[step], getattr(self, then))
            yield f"{step}, then {then}", work


if __name__ == "__main__":
    unittest.main()
