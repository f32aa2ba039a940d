#!/usr/bin/env python3
"""The shipped site, published through the real template and read as viewers read it: python -m unittest test_end_to_end."""
import itertools
import json
import random
import threading
import unittest

from scene import Build, Scene, in_each_layout, shipped_root, small_site

READS = 2000
# What is kept at the edges, and for how long, is for each layout to say.
CACHED = {"flat": "public, max-age=0, s-maxage=60, stale-while-revalidate=3600", "release": "public, max-age=0, s-maxage=31536000, must-revalidate"}


class Shipped(Scene):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = shipped_root(cls.folder)
        cls.old = Build(root, cls.folder / "old")
        article = root / "content/articles/df-says-full.md"
        article.write_text(article.read_text() + "\nIt was the journal.\n")
        cls.edited = Build(root, cls.folder / "edited")
        users = root / "data/users.json"
        scores = json.loads(users.read_text())
        for user in scores["users"][::3]:
            user["githubScore"] += 7
        users.write_text(json.dumps(scores))
        cls.new = Build(root, cls.folder / "new")

    @in_each_layout
    def test_the_way_of_a_release(self, layout):
        place, proxy = self.place(layout), self.proxy()
        with place.viewer() as url:
            place.declare(f'url = "{url}"')
            self.assertEqual(place.fetch("/").status, 503, "nothing is published yet")
            self.assertIn("answers from outside", self.succeeds(place.publish(self.old)).err)
            self.answers(place)
            self.nothing_else_is_served(place)
            self.read_while(place, self.old, self.new, lambda: self.succeeds(place.publish(self.new)))
            with self.subTest("unchanged"):
                self.unchanged_costs_little(place, self.new, url, proxy)
            del url.asked[:]
            self.read_while(place, self.new, self.old, lambda: self.succeeds(place.run("rollback", url=proxy.url)), reads=200)
            with self.subTest("rollback"):
                self.a_rollback_uploads_nothing(place, [*proxy.calls, *url.asked])
            self.assert_live(place, self.old)
            proxy.clear()
            self.an_edit_costs_what_it_changed(place, proxy)

    def answers(self, place):
        """What the contract says of requests, through the distribution."""
        five = place.fetch("/v1/leaderboard?limit=5", headers={"Origin": "https://other.example"})
        self.assertEqual((five.status, len(five.json()["data"]), five.json()["meta"]["count"]), (200, 5, 5))
        self.assertEqual(five.body, self.old.files["v1/leaderboard/limit/5.json"])
        expected = {
            "content-type": "application/json", "cache-control": CACHED[place.layout], "x-content-type-options": "nosniff", "access-control-allow-origin": "*",
            "strict-transport-security": "max-age=31536000", "referrer-policy": "strict-origin-when-cross-origin", "x-frame-options": "DENY",
        }
        self.assertEqual({name: five.headers.get(name) for name in expected}, expected)
        self.assertRegex(five.headers["content-security-policy"], r"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' *; style-src 'self';")
        for path, key in [("/api/leaderboard/?limit=5", "api/leaderboard/limit/5.json"), ("/v1/users/PRIYA-VENKAT", "v1/users/priya-venkat.json"),
                          ("/", "index.html"), ("/api-docs", "api-docs.html"), ("/v1/articles?page=2", "v1/articles/page/2.json")]:
            answer = place.fetch(path)
            self.assertEqual((answer.status, answer.body), (200, self.old.files[key]), path)
            self.assertEqual(answer.headers["content-type"], self.old.manifest["artifacts"][key]["mediaType"])
        page = place.fetch("/api-docs/swagger-ui-5.35.0.css")
        self.assertEqual((page.status, page.headers["cache-control"]), (200, "public, max-age=31536000, immutable"))

        refused = place.fetch("/v1/leaderboard?limit=7000")
        self.assertEqual((refused.status, refused.headers["content-type"]), (400, "application/problem+json"))
        self.assertEqual((refused.json()["maximum"], refused.json()["status"], refused.json()["example"]), (100, 400, "/v1/leaderboard?limit=5"))
        for path in ["/v1/users/nobody-of-that-name", "/api/users/nobody-of-that-name", "/nothing", "/v1/leaderboard?page=99"]:
            page, problem = place.fetch(path), self.aws.fetch(place.surfaces, path)
            self.assertEqual((page.status, page.body, problem.status, problem.body), (404, self.old.files["404.html"], 404, self.old.files["v1/errors/not-found.json"]), path)
            self.assertEqual((page.headers["content-type"], problem.headers["content-type"]), ("text/html; charset=utf-8", "application/problem+json"))
        allowed = place.fetch("/v1/leaderboard", "OPTIONS")
        self.assertEqual((allowed.status, allowed.headers["access-control-allow-origin"]), (204, "*"))
        self.assertIn(place.fetch("/v1/leaderboard", "POST").status, (403, 405))
        self.assertEqual(place.fetch("/v1/leaderboard", https=False).status, 301)

    def nothing_else_is_served(self, place):
        """What publishing keeps for itself stands in the bucket, and is out of readers' reach."""
        hidden = [key for key in place.keys() if place.layout == "release" and key not in ("404.html", "v1/errors/not-found.json") or key.startswith(".precast/")]
        kept = {"flat": {".precast/live.json", ".precast/lease.json"}, "release": {"channels/prod.json", f"manifests/{self.old.release}.json"}}
        self.assertLessEqual(kept[place.layout], set(hidden))
        self.assertLessEqual(len(hidden), len(place.keys()))
        some = sorted(kept[place.layout]) + random.Random(1).sample(hidden, min(20, len(hidden)))
        for path in ["/" + key for key in some] + ["/s/", "/s", "/channels/", "/manifests", "/.precast/", "/gc/condemned.json"]:
            for host in (place.site, place.surfaces):
                answer = self.aws.fetch(host, path)
                self.assertIn(answer.status, (403, 404), path)
                self.assertTrue(answer.body in (self.old.files["404.html"], self.old.files["v1/errors/not-found.json"]) or b"<Code>AccessDenied</Code>" in answer.body, path)

    def read_while(self, place, old, new, work, reads=READS):
        """Each read is wholly of the one or of the other release, and (in `release`) never again of the old one."""
        changed = [key for key in old.files if old.files[key] != new.files.get(key)]
        self.assertGreater(len(changed), 100)
        forms = [("/" + key, key) for key in random.Random(2).sample(changed, 100)]
        forms += [(f"/{surface}/leaderboard?limit={n}", f"{surface}/leaderboard/limit/{n}.json") for surface in ("api", "v1") for n in range(1, 60)]
        faults, seen, done = [], {"old": 0, "new": 0}, threading.Event()

        def reader(number):
            was_new = False
            for count in itertools.count():
                if done.is_set() and count >= reads // 2:
                    return
                path, key = forms[(count * 2 + number) % len(forms)]
                answer = place.fetch(path)
                is_old, is_new = answer.body == old.files.get(key), answer.body == new.files.get(key)
                if answer.status != 200 or not (is_old or is_new):
                    faults.append(f"{path} was answered {answer.status} with bytes of neither")
                if is_old and not is_new:
                    seen["old"] += 1
                    if was_new and place.layout == "release":
                        faults.append(f"{path} was of the old release after the new one had been seen")
                if is_new and not is_old:
                    seen["new"] += 1
                    was_new = True

        readers = [threading.Thread(target=reader, args=[number]) for number in range(2)]
        for thread in readers:
            thread.start()
        try:
            work()
        finally:
            done.set()
            for thread in readers:
                thread.join()
        self.assertEqual(faults[:5], [])
        self.assertTrue(seen["old"] and seen["new"], seen)

    def unchanged_costs_little(self, place, build, url, proxy):
        del url.asked[:]
        proxy.clear()
        done = self.succeeds(place.publish(build, "--format", "json", url=proxy.url)).json()
        self.assertEqual((done["changed"], done["plan"]["puts"], done["plan"]["deletes"], done["plan"]["invalidate"]), (False, [], [], []))
        asked = [*map(str, proxy.calls), *url.asked]
        proxy.clear()
        self.assertLessEqual(len(asked), 3, asked)

    def a_rollback_uploads_nothing(self, place, asked):
        uploads = [call.key for call in asked if not isinstance(call, str) and call.operation == "PutObject"]
        if place.layout == "release":
            self.assertEqual(uploads, ["channels/prod.json"])
            self.assertLessEqual(len(asked), 10, [*map(str, asked)])
        else:
            # Everything that differs is copied from the versions that the bucket kept, but for what tells of the release.
            self.assertEqual({key for key in uploads if not key.startswith(".precast/")}, {"v1/manifest.json"})

    def an_edit_costs_what_it_changed(self, place, proxy):
        old = self.old.manifest["artifacts"]
        changed = {key for key, entry in self.edited.manifest["artifacts"].items() if entry != old.get(key)} | {"v1/manifest.json"}
        self.succeeds(place.publish(self.edited, url=proxy.url))
        puts = [call for call in proxy.calls if call.operation == "PutObject" and not call.key.startswith((".precast/", "channels/", "manifests/"))]
        if place.layout == "flat":
            self.assertEqual(sorted(call.key for call in puts), sorted(changed))
        else:
            self.assertLessEqual(sum(call.sent for call in puts), 2 * sum(len(self.edited.files[key]) for key in changed))


class Small(Scene):
    def test_a_forged_title_of_a_folder_is_no_way_in(self):
        """The function of a release puts its folder before what is asked for, so that no request reaches what stands elsewhere."""
        build = small_site(self.folder)
        place = self.place("release")
        place.put(build)
        shard = place.where("v1/board.json")[0].rsplit("/v1/", 1)[0]
        for path in [f"/{shard}/v1/board.json", f"/{shard}/v1/board", f"//{shard}/v1/board.json", f"/%73/{shard[2:]}/v1/board.json", f"/v1/../{shard}/v1/board.json",
                     f"/v1/%2e%2e/{shard}/v1/board.json", "/channels/prod", "/channels/prod.json?x=1", f"/manifests/{build.release}"]:
            self.assertIn(place.fetch(path).status, (400, 404), path)


if __name__ == "__main__":
    unittest.main()
