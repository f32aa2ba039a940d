#!/usr/bin/env python3
"""The contract of stores, kept by a bucket: python -m unittest test_store. It needs cargo."""
import pathlib
import subprocess
import unittest

from stand_in import StandIn

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
TEST = ["cargo", "test", "--quiet", "--locked", "--features", "full", "--test", "it", "--", "--ignored", "store::a_bucket_keeps_the_contract"]


class Store(unittest.TestCase):
    def test_a_bucket_keeps_the_contract(self):
        with StandIn() as aws:
            aws.make_bucket("contract")
            ran = subprocess.run(TEST, cwd=REPOSITORY, env=aws.environment() | {"PRECAST_TEST_S3": aws.url}, capture_output=True, text=True)
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            self.assertIn("1 passed", ran.stdout)


if __name__ == "__main__":
    unittest.main()
