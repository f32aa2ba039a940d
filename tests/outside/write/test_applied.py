#!/usr/bin/env python3
"""What the endpoint knows of a key when content files say by now what was written: python -m unittest test_applied."""
import unittest

from desk import Case, everywhere, make_site
from issuer import Issuer

MIRA = {"name": "a secret of Mira's"}


@everywhere
class Applied(Case):
    def setUp(self):
        self.issuer = self.enterContext(Issuer())
        self.root, self.kept = make_site(self.folder, self.issuer.settings()), self.place()
        settings = self.root / "site/site.toml"
        settings.write_text(settings.read_text().replace("review = true\n", ""))
        self.server = self.serve(self.kept, self.root)
        self.mira, self.thief = (self.server.client(self.issuer.token(name)) for name in ("mira", "thief"))
        self.addCleanup(self.mira.close)
        self.addCleanup(self.thief.close)

    def apply(self):
        """Everything that was accepted is in content files, and put aside."""
        # (Of a bucket it is put aside once the files say it, which is when it is applied again.)
        for _ in range(2):
            ran = self.kept.inbox(self.root, "apply")
            self.assertEqual(ran.returncode, 0, ran.stderr)
        # (What was forgotten stays where it is, and says nothing.)
        self.assertEqual({entry["change"] for entry in self.kept.entries().values()} - {"forgotten"}, set(), ran.stderr)

    def collect(self):
        """What was put aside is removed, as it is after a month."""
        self.kept.remove([name for name in self.kept.objects() if name.startswith("archive/")])

    def secrets(self):
        return [name for name, body in self.kept.objects().items() if b"secret" in body]

    def patch(self, client, version, text="Hi", **more):
        return client.patch("/write/notes/n1", {"text": text} | more, headers={"If-Match": f'"{version}"'})

    def take(self, version):
        return self.thief.put("/write/notes/n1", {"author": "id|thief", "text": "Mine"}, headers={"If-Match": f'"{version}"'})

    def test_versions_go_on(self):
        posted = self.mira.post("/write/users", MIRA | {"githubProfile": "mira"}, headers={"Idempotency-Key": "one"})
        self.assert_accepted(posted, 202, 1)
        for step in [self.apply, self.collect]:
            step()
            self.assert_accepted(self.mira.put("/write/users/mira", MIRA), 200, 1)
            again = self.mira.post("/write/users", MIRA | {"githubProfile": "mira"}, headers={"Idempotency-Key": "one"})
            self.assertEqual((again.status, again.json()), (202, posted.json()))
            self.assert_refused(self.mira.put("/write/users/mira", {"name": "M"}), 409, "conflict", version=1)
            self.assert_refused(self.mira.put("/write/users/mira", {"name": "M"}, headers={"If-Match": '"0"'}), 412, "version-mismatch", version=1)
        patched = self.mira.patch("/write/users/mira", {"days": 1}, headers={"If-Match": '"1"'})
        self.assert_accepted(patched, 202, 2)
        self.apply()
        again = self.mira.patch("/write/users/mira", {"days": 1}, headers={"If-Match": '"1"'})
        self.assertEqual((again.status, again.json()), (202, patched.json()))
        self.assert_accepted(self.mira.put("/write/users/mira", {"name": "M"}, headers={"If-Match": '"2"'}), 201, 3)

    def test_whose_it_is(self):
        self.assert_accepted(self.mira.put("/write/notes/n1", {"author": "id|mira", "text": "Hello"}), 201, 1)
        self.assert_accepted(self.patch(self.mira, 1), 202, 2)
        version = 2
        for step in [self.apply, self.collect]:
            step()
            self.assert_refused(self.take(version), 403, "not-yours")
            self.assert_refused(self.patch(self.thief, version, author="id|thief"), 403, "not-yours")
            self.assert_refused(self.thief.delete("/write/notes/n1"), 403, "not-yours")
            self.assert_accepted(self.patch(self.mira, version, f"Ho {version}"), 202, version + 1)
            version += 1
        self.apply()
        self.collect()
        self.assert_accepted(self.patch(self.mira, version), 202, version + 1)

    def test_what_files_know_is_not_taken(self):
        """The endpoint does not see the files, and accepts this. The build rejects it, also where the deletion alone is left."""
        tombstones = self.root / "data/tombstones.json"
        self.assert_accepted(self.thief.put("/write/notes/first", {"author": "id|thief", "text": "Mine"}), 201, 1)
        self.assert_accepted(self.thief.delete("/write/notes/first"), 202, 2)
        ran = self.kept.inbox(self.root, "apply")
        self.assertEqual((ran.returncode, tombstones.exists()), (0, False), ran.stderr)
        ada = self.server.client(self.issuer.token("ada"))
        self.addCleanup(ada.close)
        self.assert_accepted(ada.put("/write/notes/first", {"author": "id|ada", "text": "Hi"}, headers={"If-Match": '"2"'}), 201, 3)
        self.assert_accepted(ada.delete("/write/notes/first"), 202, 4)
        ran = self.kept.inbox(self.root, "apply")
        self.assertEqual((ran.returncode, tombstones.exists()), (0, True), ran.stderr)

    def test_who_leaves_is_forgotten(self):
        """Wherever it stands: in the inbox, put aside, and as the last that is remembered of the key."""
        self.assert_accepted(self.mira.put("/write/users/mira", MIRA), 201, 1)
        self.apply()
        self.assert_accepted(self.mira.patch("/write/users/mira", {"more": "a secret place"}, headers={"If-Match": '"1"'}), 202, 2)
        self.assertEqual(len(self.secrets()), 3)
        self.assert_accepted(self.mira.delete("/write/users/mira"), 202, 3)
        self.assertEqual(self.secrets(), [])
        self.apply()
        self.assertEqual(self.secrets(), [])
        self.assert_accepted(self.mira.delete("/write/users/mira"), 202, 3)
        self.assert_refused(self.mira.put("/write/users/mira", MIRA), 409, "conflict", version=3)
        self.collect()
        self.assert_refused(self.mira.put("/write/users/mira", MIRA), 409, "conflict", version=3)
        self.assert_accepted(self.mira.put("/write/users/mira", MIRA, headers={"If-Match": '"3"'}), 201, 4)


class Patched(Case):
    def test_whose_it_is_after_many_patches(self):
        """Patches need not say whose it is. However many there are, nobody else gets it."""
        with Issuer() as issuer:
            server = self.serve(self.place(), make_site(self.folder, issuer.settings()))
            mira, thief, editor = (server.client(issuer.token(name, groups=groups)) for name, groups in [("mira", None), ("thief", None), ("edda", ["editors"])])
            self.assert_accepted(mira.put("/write/notes/n1", {"author": "id|mira", "text": "Hello"}), 201, 1, waiting=True)
            for version in range(1, 70):
                self.assert_accepted(mira.patch("/write/notes/n1", {"text": f"{version}"}, headers={"If-Match": f'"{version}"'}), 202, version + 1, waiting=True)
            for version in range(70, 300):
                self.assertEqual(editor.patch("/write/notes/n1", {"text": f"{version}"}, headers={"If-Match": f'"{version}"'}).status, 202)
            taken = {"author": "id|thief", "text": "Mine"}
            for headers in [{"If-Match": '"300"'}, {"If-Match": "*"}, {}]:
                self.assert_refused(thief.put("/write/notes/n1", taken, headers=headers), 403, "not-yours")
            # One whose beginning nobody knows any more is for editors.
            self.assert_accepted(editor.put("/write/notes/n1", {"author": "id|mira", "text": "Hello"}, headers={"If-Match": '"300"'}), 201, 301)
            self.assert_accepted(mira.patch("/write/notes/n1", {"text": "again"}, headers={"If-Match": '"301"'}), 202, 302, waiting=True)
            # Of what only the sources know an editor has changed something: it is there, and nobody's to take.
            self.assertEqual(editor.patch("/write/notes/first", {"text": "x"}, headers={"If-Match": '"0"'}).status, 202)
            self.assert_refused(thief.put("/write/notes/first", taken, headers={"If-Match": '"1"'}), 403, "not-yours")
            for client in (mira, thief, editor):
                client.close()


if __name__ == "__main__":
    unittest.main()
