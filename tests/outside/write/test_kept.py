#!/usr/bin/env python3
"""Nothing that was acknowledged is lost, whatever happens to the server, the disk or the bucket: python -m unittest test_kept."""
import collections
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import random
import resource
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from desk import LOCAL_TOKEN, Case, Client, InBucket, InFolder, everywhere, make_site, until
from proxy import Proxy

SEED = int(os.environ.get("SEED", random.randrange(1_000_000)))


class Work:
    """The writes of one key, one after the other; each is sent until it is answered. Of each it is known what was sent and which id was acknowledged."""

    STEPS = ["post", "patch", "put", "patch", "delete", "put", "patch", "put"]

    def __init__(self, key, steps):
        # Half of them begin with a PUT.
        self.key, self.steps = key, (self.STEPS if hash(key) % 2 else ["put", *self.STEPS[1:]])[:steps]
        self.acknowledged, self.tries, self.statuses = [], 0, []

    def request(self, number):
        kind, version = self.steps[number], number
        path, headers = f"/write/users/{self.key}", {"If-Match": f'"{version}"'}
        if kind == "post":
            return "POST", "/write/users", {"githubProfile": self.key, "name": f"{number} of {self.key}"}, {"Idempotency-Key": f"{self.key}: {number}"}
        if kind == "patch":
            return "PATCH", path, {"days": number, "more": {"of": self.key}}, headers
        if kind == "delete":
            return "DELETE", path, None, headers
        # The first PUT is of what is not there.
        return "PUT", path, {"name": f"{number} of {self.key}", "more": self.key * 20}, headers if number else {}

    def done(self, client, stop=lambda: False):
        for number in range(len(self.steps)):
            method, path, body, headers = self.request(number)
            while not stop():
                self.tries += 1
                try:
                    answer = client.ask(method, path, body, headers=headers)
                except (OSError, http.client.HTTPException):
                    time.sleep(0.01)
                    continue
                self.statuses.append(answer.status)
                if answer.status in (200, 201, 202):
                    document = answer.json()
                    assert (document["key"], document["version"]) == (self.key, number + 1), (self.steps[number], document)
                    self.acknowledged.append(document["id"])
                    break
                if answer.status != 503:
                    raise AssertionError(f"{self.steps[number]} {number + 1} of {self.key} is answered with {answer.status} after {self.tries} tries: {answer.body}")
                time.sleep(0.05)

    def expected(self):
        """What is kept in the end: the change of each version, and what was sent."""
        deleted = self.steps.index("delete") if "delete" in self.steps else -1
        for number, kind in enumerate(self.steps):
            _, _, body, _ = self.request(number)
            body = None if body is None else {name: value for name, value in body.items() if name != "githubProfile"}
            yield ("forgotten", None) if number < deleted else ({"post": "put"}.get(kind, kind), body)


class Killed(Case):
    """A server that is killed, and started again, while clients write."""

    def under_fire(self, place, root, works, connections, kills, **how):
        server = self.serve(place, root, **how)
        chance, total = random.Random(SEED), sum(len(work.steps) for work in works)
        waiting, running = collections.deque(works), threading.Event()
        running.set()

        def client():
            with contextlib.closing(Client(server, LOCAL_TOKEN, timeout=120)) as one:
                while running.is_set():
                    try:
                        work = waiting.popleft()
                    except IndexError:
                        return
                    work.done(one, lambda: not running.is_set())

        killed = 0
        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            clients = [pool.submit(client) for _ in range(connections)]
            try:
                # The first at some answers, the last before all of them.
                for number in range(kills):
                    mark = total * (number + chance.random()) / (kills + 1)
                    until(lambda: sum(len(work.acknowledged) for work in works) >= mark or any(done.done() and done.exception() for done in clients), f"{mark} answers")
                    time.sleep(chance.random() * 0.02)
                    server.kill()
                    killed += 1
                    server.start()
            except BaseException:
                running.clear()
                raise
            for done in clients:
                done.result()
        self.assertEqual(killed, kills)
        server.end()
        # What is left half written is gone with the next start.
        server.start()
        self.assertEqual(place.rubbish(), [])
        return server

    def assert_kept(self, place, root, works):
        """Each write is there once, whole, and as it was sent, and nothing else is."""
        listed, entries = place.listed(root), place.entries()
        self.assertEqual(sorted(one["id"] for one in listed), sorted(ident for work in works for ident in work.acknowledged), f"SEED={SEED}")
        self.assertEqual(len({one["id"] for one in listed}), sum(len(work.steps) for work in works))
        by_key = collections.defaultdict(list)
        for entry in entries.values():
            by_key[entry["key"]].append(entry)
        for work in works:
            kept = sorted(by_key[work.key], key=lambda entry: entry["version"])
            self.assertEqual([entry["version"] for entry in kept], list(range(1, len(work.steps) + 1)))
            self.assertEqual([entry["id"] for entry in kept], work.acknowledged)
            self.assertEqual([(entry["change"], entry.get("value")) for entry in kept], list(work.expected()), f"{work.key}, SEED={SEED}")


@everywhere
class WhileItIsKilled(Killed):
    # In a bucket each write is several requests to a server that is not fast.
    SIZES = {InFolder: (125, 8, 50, 20), InBucket: (25, 8, 25, 6)}

    def test_every_write_is_kept_once(self):
        keys, steps, connections, kills = self.SIZES.get(self.place_class, (25, 8, 25, 6))
        place, root = self.place(), make_site(self.folder)
        works = [Work(f"m{number}", steps) for number in range(keys)]
        self.under_fire(place, root, works, connections, kills)
        self.assert_kept(place, root, works)
        again = sum(work.tries for work in works) - keys * steps
        known = sum(status == 200 for work in works for status in work.statuses)
        print(f"{self.place_class.__name__}: {keys * steps} writes, {kills} kills, {again} requests sent again, {known} of the PUTs were kept without an answer", flush=True)


class OnePid(Killed):
    """In a container every server has the same process id, and what a killed one left has the names that the next would take."""

    def test_every_write_is_kept_once(self):
        ran = subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True)
        if ran.returncode != 0:
            self.skipTest("there are no process namespaces here")
        place, root = InFolder(self.folder), make_site(self.folder)
        works = [Work(f"m{number}", 5) for number in range(40)]
        self.under_fire(place, root, works, 20, 8, prefix=["unshare", "--pid", "--fork", "--kill-child=KILL"])
        self.assert_kept(place, root, works)


class Disk(Case):
    """A disk that is full, or that nobody may write to."""

    def client_of(self, place, root, **how):
        server = self.serve(place, root, **how)
        client = server.client()
        self.addCleanup(client.close)
        return client

    def put(self, client, key, size=1000):
        return client.put(f"/write/users/{key}", {"name": "x", "more": "x" * size})

    def assert_out_of_order(self, answer):
        self.assert_refused(answer, 503, "unavailable")
        self.assertTrue(answer.headers["retry-after"].isdigit())

    def assert_exactly(self, place, root, acknowledged):
        self.assertEqual({one["key"]: one["id"] for one in place.listed(root)}, acknowledged)
        self.assertEqual(place.rubbish(), [])

    def mounted(self, options):
        """A file system of its own, or None where nobody may mount one."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode != 0:
            return None
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)
        place = InFolder(folder)
        return folder, place

    def test_full(self):
        for options in ["size=256k", "size=8m,nr_inodes=60"]:
            with self.subTest(options):
                found = self.mounted(options)
                if found is None:
                    self.skipTest("nobody may mount a file system here; `test_no_room` stands in for it")
                folder, place = found
                root = make_site(self.folder)
                ballast = [folder / f"ballast-{number}" for number in range(20)]
                for file in ballast:
                    file.write_bytes(b"x" * 4000)
                client, acknowledged, refused, kinds = self.client_of(place, root), {}, 0, collections.Counter()
                number = 0
                while refused < 12:
                    number += 1
                    answer = self.put(client, f"m{number}", number % 3 * 3000)
                    kinds[answer.status] += 1
                    if answer.status == 201:
                        acknowledged[f"m{number}"] = answer.json()["id"]
                    else:
                        refused += 1
                        self.assert_out_of_order(answer)
                        self.assertEqual(place.rubbish(), [])
                self.assert_out_of_order(client.post("/write/users", {"githubProfile": "posted", "name": "x" * 90, "more": "x" * 5000}, headers={"Idempotency-Key": "one"}))
                self.assertGreater(len(acknowledged), 5, kinds)
                self.assert_exactly(place, root, acknowledged)
                # Of those who are refused another one knows nothing.
                key = next(iter(acknowledged))
                self.assertEqual(self.put(client, key, 1 % 3 * 3000).status, 200)
                for file in ballast:
                    file.unlink()
                answer = self.put(client, f"m{number}", number % 3 * 3000)
                self.assertEqual(answer.status, 201, answer.body)
                acknowledged[f"m{number}"] = answer.json()["id"]
                answer = client.post("/write/users", {"githubProfile": "posted", "name": "x" * 90, "more": "x" * 5000}, headers={"Idempotency-Key": "one"})
                self.assertEqual(answer.status, 202, answer.body)
                acknowledged["posted"] = answer.json()["id"]
                self.assert_exactly(place, root, acknowledged)
                self.assertIn("the disk is full", " ".join(str(told["cause"]) for told in client.server.told()))

    def test_no_room(self):
        """Where no file may be larger than a few KB, those that are larger are cut off while they are written."""

        def bound():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        place, root = InFolder(self.folder), make_site(self.folder)
        client, acknowledged = self.client_of(place, root, preexec_fn=bound, restore_signals=False), {}
        for number in range(20):
            answer = self.put(client, f"m{number}", number % 2 * 10_000)
            if number % 2:
                self.assert_out_of_order(answer)
                self.assertEqual(place.rubbish(), [])
            else:
                self.assertEqual(answer.status, 201, answer.body)
                acknowledged[f"m{number}"] = answer.json()["id"]
        self.assert_exactly(place, root, acknowledged)
        client.server.end()
        client = self.client_of(place, root)
        answer = self.put(client, "m1", 10_000)
        self.assertEqual(answer.status, 201)
        self.assert_exactly(place, root, acknowledged | {"m1": answer.json()["id"]})

    def test_read_only(self):
        found = self.mounted("size=1m")
        if found is None:
            self.skipTest("nobody may mount a file system here; `test_something_in_the_way` stands in for it")
        folder, place = found
        root = make_site(self.folder)
        client = self.client_of(place, root)
        first = self.put(client, "m1")
        self.assertEqual(first.status, 201)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        for method, key, body in [("PUT", "m2", {"name": "x"}), ("PATCH", "m1", {"days": 1}), ("DELETE", "m1", None)]:
            self.assert_out_of_order(client.ask(method, f"/write/users/{key}", body, headers={"If-Match": '"1"'} if key == "m1" else {}))
        self.assertEqual(self.put(client, "m1").status, 200)
        self.assert_exactly(place, root, {"m1": first.json()["id"]})
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        second = self.put(client, "m2")
        self.assertEqual(second.status, 201)
        self.assert_exactly(place, root, {"m1": first.json()["id"], "m2": second.json()["id"]})

    def test_something_in_the_way(self):
        """A file where a folder should be: of the inbox, of its entries, of a collection, of what is half written."""
        for below in [".", "entries", "entries/users", ".precast", ".precast/put"]:
            with self.subTest(below):
                place, root = InFolder(self.folder), make_site(self.folder)
                file = place.path / below
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("in the way")
                client = self.client_of(place, root)
                self.assert_out_of_order(self.put(client, "m1"))
                self.assert_out_of_order(client.delete("/write/users/m1"))
                self.assertEqual(file.read_text(), "in the way")
                file.unlink()
                answer = self.put(client, "m1")
                self.assertEqual(answer.status, 201, answer.body)
                self.assert_exactly(place, root, {"m1": answer.json()["id"]})
                client.server.end()

    def test_an_entry_that_is_none(self):
        """What somebody broke by hand is told, and costs no other key anything."""
        place, root = InFolder(self.folder), make_site(self.folder)
        client = self.client_of(place, root)
        self.assertEqual([self.put(client, key).status for key in ("m1", "m2")], [201, 201])
        file = place.path / "entries/users/m1.00000001.json"
        good = file.read_bytes()
        for broken in [b"", b"{", good[:100], b"[]", good.replace(b'"version":1', b'"version":0')]:
            file.write_bytes(broken)
            self.assert_out_of_order(self.put(client, "m1"))
            self.assertEqual(self.put(client, "m2").status, 200)
            self.assertEqual(file.read_bytes(), broken)
        file.write_bytes(good)
        self.assertEqual(self.put(client, "m1").status, 200)

    def test_what_is_deleted_is_forgotten_by_a_retry(self):
        """The server was killed after the deletion was kept, and before what was written is forgotten."""
        place, root = InFolder(self.folder), make_site(self.folder)
        client = self.client_of(place, root)
        self.assertEqual(self.put(client, "m1").status, 201)
        file = place.path / "entries/users/m1.00000001.json"
        written = file.read_bytes()
        self.assertEqual(client.delete("/write/users/m1").status, 202)
        file.write_bytes(written)
        self.assertEqual(client.delete("/write/users/m1").status, 202)
        self.assertNotIn(b"xxx", file.read_bytes())


class Network(Case):
    """A bucket whose answers are lost, late, or do not come."""

    def test_answers_that_are_lost(self):
        aws = InBucket(self.folder)
        with Proxy(aws.aws.url) as proxy:
            proxy.faults.share(0.15, ["drop_answer", "conflict", "slow_down", "reset", "truncate"], seed=SEED)
            place, root = InBucket(self.folder, proxy.url), make_site(self.folder)
            server = self.serve(place, root)
            works = [Work(f"m{number}", 6) for number in range(12)]

            def one(work):
                with contextlib.closing(server.client()) as client:
                    work.done(client)

            with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
                list(pool.map(one, works))
            place.options = (*place.options[:2], "--endpoint-url", aws.aws.url)
            Killed.assert_kept(self, place, root, works)

    def test_nobody_answers(self):
        """No connection, no answer on one, or no such bucket: whoever asks hears of it before others would give up."""
        root, silent = make_site(self.folder), socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        places = [InBucket(self.folder, "http://127.0.0.1:9"), InBucket(self.folder, f"http://127.0.0.1:{silent.getsockname()[1]}"), InBucket(self.folder)]
        places[2].options = ("--inbox", "s3://no-such-bucket", *places[2].options[2:])
        servers = [self.serve(place, root) for place in places]

        def one(server):
            start = time.monotonic()
            with contextlib.closing(server.client()) as client:
                return client.put("/write/users/mira", {"name": "x"}), time.monotonic() - start

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            for answer, took in pool.map(one, servers * 4):
                self.assert_refused(answer, 503, "unavailable")
                self.assertTrue(answer.headers["retry-after"].isdigit())
                self.assertLess(took, 20)


if __name__ == "__main__":
    print(f"SEED={SEED}")
    unittest.main()
