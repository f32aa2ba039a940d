#!/usr/bin/env python3
"""Two publishers at once: one wins, the other says so, and the site is one whole release: python -m unittest test_races."""
import time
import unittest

from scene import PATIENCE, Scene, end, in_each_layout, small_site

# Of each kind.
ROUNDS = 10


class Races(Scene):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.builds = [small_site(cls.folder, day=day) for day in range(1, 5)]

    def two(self, place):
        """Two builds of which neither is live."""
        live = place.live() if place.channel_key in place.keys() else None
        return [build for build in self.builds if build.release != live][:2]

    def is_one_of(self, place, ran):
        """What stands there is wholly the release that one of them published; `ran` is how each ended, by its build."""
        live = place.live()
        winners = [build for build, done in ran if done.code == 0]
        self.assertIn(live, [build.release for build in winners], [done.err for _, done in ran])
        for build, done in ran:
            if done.code != 0:
                self.assertRegex(self.fails(done), "publish.*(Run it again|run it again)")
        build = next(build for build in winners if build.release == live)
        self.assertIs(self.assert_whole(place, *self.builds), build)
        self.assert_live(place, build)

    @in_each_layout
    def test_started_at_the_same_moment(self, layout):
        place = self.place(layout)
        for number in range(ROUNDS):
            with self.subTest(round=number):
                builds = self.two(place)
                running = [place.start("publish", "--out", build.out) for build in builds]
                self.is_one_of(place, [(build, end(process)) for build, process in zip(builds, running)])

    @in_each_layout
    def test_both_planned_before_either_wrote(self, layout):
        place, proxy = self.place(layout), self.proxy()
        decisive = {"flat": ".precast/lease.json", "release": "channels/prod.json"}[layout]
        for number in range(ROUNDS):
            with self.subTest(round=number):
                builds = self.two(place)
                proxy.clear()
                gate = proxy.hold(lambda call: call.operation == "PutObject" and call.key == decisive)
                running = [place.start("publish", "--out", build.out, url=proxy.url) for build in builds]
                deadline = time.monotonic() + PATIENCE
                while len(gate.held) < 2 and time.monotonic() < deadline and all(process.poll() is None for process in running):
                    time.sleep(0.01)
                gate.release()
                ran = [(build, end(process)) for build, process in zip(builds, running)]
                self.assertEqual(sorted(done.code for _, done in ran), [0, 3], [done.err for _, done in ran])
                self.is_one_of(place, ran)
                if number == 0:
                    # Who lost runs it again.
                    loser = next(build for build, done in ran if done.code == 3)
                    self.succeeds(place.publish(loser))
                    self.assert_live(place, loser)

    @in_each_layout
    def test_the_same_build_twice(self, layout):
        place = self.place(layout)
        for build in self.builds:
            running = [place.start("publish", "--out", build.out) for _ in range(2)]
            self.is_one_of(place, [(build, end(process)) for process in running])

    @in_each_layout
    def test_a_rollback_meanwhile(self, layout):
        place = self.place(layout)
        first, second, third, fourth = self.builds
        place.put(first, second)
        for build, back in [(third, first), (fourth, second)]:
            publish, rollback = place.start("publish", "--out", build.out), place.start("rollback", back.release[:12])
            self.is_one_of(place, [(build, end(publish)), (back, end(rollback))])


if __name__ == "__main__":
    unittest.main()
