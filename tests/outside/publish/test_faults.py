#!/usr/bin/env python3
"""One call in five goes wrong on its way; the publish completes all the same: python -m unittest test_faults."""
import functools
import unittest

from proxy import Proxy
from scene import LAYOUTS, Scene, small_site

SHARE = 0.2
ONE_BY_ONE = ["drop_answer", "conflict", "slow_down", "reset", "truncate", "truncate_upload"]
SEEDS = [1]
# They wait most of the time, before they try again.
AT_ONCE = 9


class Faults(Scene):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = small_site(cls.folder, members=40), small_site(cls.folder, day=2, members=36)

    def through(self, layout, faults, seed):
        place = self.place(layout)
        with Proxy(self.aws.url) as proxy:
            proxy.faults.share(SHARE, faults, seed)
            for build in (self.old, self.new):
                self.succeeds(place.publish(build, url=proxy.url))
                self.assert_live(place, build)
            self.succeeds(place.run("rollback", url=proxy.url))
            for command in ("verify", "status", "releases", "gc"):
                self.succeeds(place.run(command, url=proxy.url))
            happened = {call.fault for call in proxy.calls} - {""}
        self.assert_live(place, self.old)
        self.assertIs(self.assert_whole(place, self.old, self.new), self.old)
        self.assertLessEqual(happened, set(faults))
        self.assertTrue(happened)

    def test_all_complete(self):
        kinds = [(fault, [fault], number) for number, fault in enumerate(ONE_BY_ONE)] + [(f"all, seed {seed}", ONE_BY_ONE, seed) for seed in SEEDS]
        self.at_once(AT_ONCE, [(f"{layout}: {name}", functools.partial(self.through, layout, faults, seed)) for name, faults, seed in kinds for layout in LAYOUTS])


if __name__ == "__main__":
    unittest.main()
