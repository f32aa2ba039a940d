#!/usr/bin/env python3
"""Of many writers of one key exactly one wins, and the others hear of it: python -m unittest test_winners."""
import collections
import concurrent.futures
import threading
import unittest

from desk import Case, InBucket, everywhere, make_site

WRITERS = 32
ROUNDS = 50
# Of one key.
VERSIONS = 10


class Line:
    """Writers who start at the same moment, each with a connection of its own, which is open already."""

    def __init__(self, servers, writers):
        self.clients = [servers[number % len(servers)].client() for number in range(writers)]
        self.pool = concurrent.futures.ThreadPoolExecutor(writers)
        for client in self.clients:
            client.get("/write")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.shutdown()
        for client in self.clients:
            client.close()

    def all(self, request):
        """What each is answered; `request` gives, for a number, what `Client.ask` takes."""
        line = threading.Barrier(len(self.clients))

        def one(number):
            asked = request(number)
            line.wait()
            return self.clients[number].ask(*asked[:3], headers=asked[3])

        return list(self.pool.map(one, range(len(self.clients))))


@everywhere
class OneWinner(Case):
    def line(self, place, servers=1, writers=WRITERS):
        root = make_site(self.folder)
        servers = [self.serve(place, root) for _ in range(servers)]
        return self.enterContext(Line(servers, writers))

    def record(self, number, round_number=0):
        return {"name": f"{number} in round {round_number}"}

    def one_won(self, answers, won, lost, version):
        """Exactly one; gives back its number."""
        statuses = [answer.status for answer in answers]
        self.assertEqual(collections.Counter(statuses), {won: 1, lost: len(answers) - 1})
        winner = statuses.index(won)
        self.assert_accepted(answers[winner], won, version)
        for answer in answers:
            self.assertEqual(answer.version, version, "who lost hears which version is the current one")
            if answer.status == lost:
                self.assert_refused(answer, lost, "conflict" if lost == 409 else "version-mismatch", version=version)
        return winner

    def each_version_once(self, place, winners, key="mira"):
        kept = {entry["version"]: entry for entry in place.entries().values() if entry["key"] == key}
        self.assertEqual(sorted(kept), list(range(1, len(winners) + 1)))
        for version, winner in enumerate(winners, 1):
            if winner is not None:
                self.assertEqual(kept[version]["value"], self.record(winner, version - 1))

    def test_one_version(self):
        """First it is new, and then of the version that all of them saw."""
        place = self.place()
        line = self.line(place)
        for number in range(ROUNDS // VERSIONS):
            winners, key = [], f"m{number}"
            while len(winners) < VERSIONS:
                version = len(winners)
                headers, method = {"If-Match": f'"{version}"'} if version else {}, "PATCH" if version % 3 == 2 else "PUT"
                answers = line.all(lambda writer: (method, f"/write/users/{key}", self.record(writer, version), headers))
                winners.append(self.one_won(answers, 202 if method == "PATCH" else 201, 412 if version else 409, version + 1))
            # One who lost looks at the version that it was told, and writes over it.
            loser = (winners[-1] + 1) % WRITERS
            again = line.clients[loser].put(f"/write/users/{key}", self.record(loser, VERSIONS), headers={"If-Match": answers[loser].headers["etag"]})
            self.assert_accepted(again, 201, VERSIONS + 1)
            self.each_version_once(place, [*winners, loser], key)
        self.assertEqual(place.rubbish(), [])

    def test_new_keys(self):
        """Puts, and posts with an idempotency key for each."""
        place = self.place()
        line = self.line(place)
        for number in range(4):
            path, key = f"/write/users/m{number}", f"m{number}"
            if number % 2:
                answers = line.all(lambda writer: ("POST", "/write/users", self.record(writer) | {"githubProfile": key}, {"Idempotency-Key": f"{writer} of {key}"}))
            else:
                answers = line.all(lambda writer: ("PUT", path, self.record(writer), {}))
            winner = self.one_won(answers, 202 if number % 2 else 201, 409, 1)
            self.each_version_once(place, [winner], key)

    def test_the_same_from_everybody(self):
        """One write, sent 32 times: it is kept once, and everybody hears that it is."""
        place = self.place()
        line = self.line(place)
        for number, (request, new, known) in enumerate([
            (("PUT", "/write/users/m0", {"name": "x"}, {}), 201, 200), (("POST", "/write/users", {"githubProfile": "m1", "name": "x"}, {"Idempotency-Key": "one"}), 202, 202),
            (("PATCH", "/write/users/m2", {"days": 1}, {"If-Match": '"0"'}), 202, 202), (("DELETE", "/write/users/m3", None, {}), 202, 202), (("PUT", "/write/users/m4", {"name": "x"}, {"If-None-Match": "*"}), 201, 200),
        ]):
            answers = line.all(lambda _: request)
            self.assertEqual(len({answer.json()["id"] for answer in answers}), 1)
            statuses = collections.Counter(answer.status for answer in answers)
            self.assertEqual(statuses, {new: 1, known: WRITERS - 1} if new != known else {new: WRITERS})
            self.assertEqual([entry["key"] for entry in place.entries().values()].count(f"m{number}"), 1)

    def test_everybody_in_the_end(self):
        """Each tries until it is heard: each is there once, and versions have no gap."""
        place = self.place()
        writers = 12 if self.place_class is InBucket else WRITERS
        line = self.line(place, writers=writers)

        def one(number):
            version = 0
            for _ in range(10 * writers):
                answer = line.clients[number].put("/write/users/mira", self.record(number), headers={"If-Match": f'"{version}"'})
                if answer.status == 201:
                    return answer.version
                self.assertIn(answer.status, (412, 503), answer.body)
                version = answer.version if answer.status == 412 else version
            raise AssertionError(f"{number} is never heard")

        versions = list(line.pool.map(one, range(writers)))
        self.assertEqual(sorted(versions), list(range(1, writers + 1)))
        kept = {entry["version"]: entry["value"]["name"] for entry in place.entries().values()}
        self.assertEqual(kept, {version: self.record(number)["name"] for number, version in enumerate(versions)})

    def test_two_servers(self):
        """Two processes, one inbox."""
        place = self.place()
        line, winners = self.line(place, servers=2), []
        for version in range(10 if self.place_class is InBucket else 30):
            headers = {"If-Match": f'"{version}"'} if version else {}
            answers = line.all(lambda writer: ("PUT", "/write/users/mira", self.record(writer, version), headers))
            winners.append(self.one_won(answers, 201, 412 if version else 409, version + 1))
        self.each_version_once(place, winners)
        # What one of them keeps the other knows.
        first, second = line.clients[:2]
        written = first.post("/write/users", {"githubProfile": "sam", "name": "Sam"}, headers={"Idempotency-Key": "one"})
        again = second.post("/write/users", {"githubProfile": "sam", "name": "Sam"}, headers={"Idempotency-Key": "one"})
        self.assertEqual(written.json(), again.json())
        self.assert_refused(second.post("/write/users", {"githubProfile": "sam", "name": "S"}, headers={"Idempotency-Key": "one"}), 422, "idempotency-key-reused")
        self.assertEqual(place.rubbish(), [])

    def test_deletions_between_writes(self):
        """Some delete, some put: versions have no gap, and nothing that was written before a deletion is left."""
        place = self.place()
        line = self.line(place)
        line.clients[0].put("/write/users/mira", {"name": "first"})
        answers = line.all(lambda writer: ("DELETE", "/write/users/mira", None, {}) if writer % 2 else ("PUT", "/write/users/mira", self.record(writer), {"If-Match": "*"}))
        self.assertTrue({answer.status for answer in answers} <= {201, 202, 412, 503}, collections.Counter(answer.status for answer in answers))
        self.assertTrue(all(answer.status == 202 for answer in answers[1::2]))
        kept = sorted(place.entries().values(), key=lambda entry: entry["version"])
        self.assertEqual([entry["version"] for entry in kept], list(range(1, len(kept) + 1)))
        acknowledged = {answer.json()["id"] for answer in answers if answer.status < 300}
        self.assertLessEqual(acknowledged, {entry["id"] for entry in kept})
        last = max(entry["version"] for entry in kept if entry["change"] == "delete")
        self.assertEqual({entry["change"] for entry in kept if entry["version"] < last} - {"forgotten", "delete"}, set())


if __name__ == "__main__":
    unittest.main()
