#!/usr/bin/env python3
"""When nobody is let in, or nothing is: python -m unittest test_gates."""
import time
import unittest

from desk import LOCAL, LOCAL_TOKEN, Case, make_site, until
from issuer import CLIENT, Issuer

MIRA = {"name": "Mira"}
WHO_ASKS = {"PRECAST_INTROSPECTION_ID": CLIENT[0], "PRECAST_INTROSPECTION_SECRET": CLIENT[1]}


class Gates(Case):
    def site(self, auth=LOCAL, **endpoint):
        return make_site(self.folder, auth, **endpoint)

    def put(self, server, token=LOCAL_TOKEN, key="mira", **how):
        return server.ask("PUT", f"/write/users/{key}", MIRA, token, **how)

    def assert_nothing_came(self, place):
        self.assertEqual(place.objects(), {})

    # Whether there is an endpoint

    def test_without_auth(self):
        place = self.place()
        server = self.serve(place, self.site(None))
        for token in [LOCAL_TOKEN, None, "x", ""]:
            self.assert_refused(self.put(server, token), 503, "closed")
        for method, path in [("POST", "/write/users"), ("PATCH", "/write/users/mira"), ("DELETE", "/write/users/ada")]:
            self.assert_refused(server.ask(method, path, MIRA, headers={"Idempotency-Key": "1", "If-Match": '"0"'}), 503, "closed")
        self.assertFalse([line for line in server.lines if "token" in line])
        self.assert_nothing_came(place)

    def test_without_writes(self):
        root = self.site()
        settings = (root / "site/site.toml").read_text()
        (root / "site/site.toml").write_text(settings[:settings.index("[writes.users]")] + f"[auth]\n{LOCAL}\n")
        place = self.place()
        server = self.serve(place, root)
        # It is the site that answers, and the site is read.
        self.assertEqual(self.put(server).status, 405)
        self.assertEqual(server.ask("GET", "/write/users/mira").status, 404)
        self.assert_nothing_came(place)

    def test_settings_that_cannot_be_read(self):
        place, root = self.place(), self.site()
        (root / "site/site.toml").write_text((root / "site/site.toml").read_text().replace('mode = "local"', 'mode = "none"'))
        server = self.serve(place, root)
        self.assertGreaterEqual(self.put(server).status, 400)
        self.assert_nothing_came(place)

    def test_settings_that_change(self):
        place, root = self.place(), self.site()
        server = self.serve(place, root)
        self.assertEqual(self.put(server).status, 201)
        settings = root / "site/site.toml"
        open_settings = settings.read_text()
        settings.write_text(open_settings.replace("[endpoint]\n", "[endpoint]\nread_only = true\n"))
        until(lambda: self.put(server).status == 503, "it is read-only")
        # What is broken changes nothing.
        settings.write_text("[endpoint\n")
        time.sleep(0.5)
        self.assert_refused(self.put(server), 503, "read-only")
        settings.write_text(open_settings)
        until(lambda: self.put(server).status == 200, "it is open again")

    def test_a_schema_with_faults(self):
        place, root = self.place(), self.site()
        for text in ["{", '{"type": "strin"}', '{"type": "object", "properties": {"email": {}, "name": {}}}']:
            (root / "site/schemas/user.json").write_text(text)
            server = self.serve(place, root)
            self.assert_refused(self.put(server), 503, "unavailable")
            # The others are as they were.
            self.assertIn(server.ask("PUT", "/write/tags/x", {"title": "X"}).status, (200, 201))
            server.end()

    # Read-only

    def test_read_only(self):
        for how in [{"read_only": True}, {"env": {"PRECAST_READ_ONLY": "1"}}]:
            with self.subTest(how):
                place = self.place()
                server = self.serve(place, self.site(read_only=how.get("read_only", False)), env=how.get("env"))
                for method in ["PUT", "PATCH", "DELETE"]:
                    answer = server.ask(method, "/write/users/mira", MIRA, headers={"If-Match": '"0"'})
                    self.assert_refused(answer, 503, "read-only")
                    self.assertTrue(answer.headers["retry-after"].isdigit())
                self.assert_refused(server.ask("POST", "/write/users", MIRA | {"githubProfile": "mira"}, headers={"Idempotency-Key": "1"}), 503, "read-only")
                self.assert_refused(self.put(server, None), 503, "read-only")
                self.assert_refused(server.ask("GET", "/write/users/mira"), 405, "method-not-allowed")
                self.assertEqual(server.ask("GET", "/v1/users").status, 200)
                self.assert_nothing_came(place)

    # On one's own machine

    def test_local(self):
        place = self.place()
        server = self.serve(place, self.site())
        self.assertEqual(self.put(server).status, 201)
        for token in [None, "", "x", LOCAL_TOKEN + "x", LOCAL_TOKEN[:-1], LOCAL_TOKEN.upper()]:
            self.assert_refused(self.put(server, token), 401, "unauthenticated")
        self.assertTrue([line for line in server.lines if f"http://127.0.0.1:{server.address[1]}/write/ with the token {LOCAL_TOKEN}" in line])

    def test_local_with_a_token_made_up(self):
        server = self.serve(self.place(), self.site(), env={"PRECAST_LOCAL_TOKEN": ""})
        [line] = [line for line in server.lines if "with the token" in line]
        token = line.rsplit(" ", 1)[1]
        self.assertRegex(token, "^[0-9a-f]{32}$")
        self.assertEqual(self.put(server, token).status, 201)
        self.assert_refused(self.put(server, LOCAL_TOKEN), 401, "unauthenticated")

    def test_local_where_others_reach_it(self):
        place = self.place()
        server = self.serve(place, self.site(), host="0.0.0.0")
        for token in [LOCAL_TOKEN, None, "x"]:
            self.assert_refused(self.put(server, token), 503, "closed")
        self.assertFalse([line for line in server.lines if "token" in line and not line.startswith("{")])
        self.assert_nothing_came(place)

    def test_hosts_that_lead_here(self):
        place = self.place()
        server = self.serve(place, self.site())
        for host in ["evil.example", "club.example", ""]:
            self.assertIn(self.put(server, headers={"Host": host}).status, (400, 421))
        self.assert_nothing_came(place)

    def test_the_folder_of_the_site(self):
        """Where nothing else is said writes are kept in the folder that the build reads."""
        root = self.site()
        place = self.place()
        place.options = ()
        server = self.serve(place, root)
        self.assertEqual(self.put(server).status, 201)
        self.assertTrue((root / "data/inbox/entries/users/mira.00000001.json").is_file())
        self.assertEqual([one["key"] for one in place.listed(root)], ["mira"])
        self.assertEqual(server.ask("GET", "/data/inbox/entries/users/mira.00000001.json").status, 404)

    # Services that decide

    def test_no_keys(self):
        for stopped in [True, False]:
            with Issuer() as issuer:
                place = self.place()
                auth = issuer.settings() if stopped else issuer.settings() + f'\njwks = "{issuer.url}/nothing"'
                server = self.serve(place, self.site(auth))
                if stopped:
                    issuer.stop()
                answer = self.put(server, issuer.token("mira"))
                self.assert_refused(answer, 503, "unavailable")
                self.assertTrue(answer.headers["retry-after"].isdigit())
                self.assert_nothing_came(place)

    def test_keys_while_the_issuer_is_away(self):
        with Issuer() as issuer:
            place = self.place()
            server = self.serve(place, self.site(issuer.settings()))
            self.assertEqual(self.put(server, issuer.token("mira")).status, 201)
            asked = len(issuer.asked)
            issuer.stop()
            self.assertEqual(self.put(server, issuer.token("mira", "ES256")).status, 200)
            self.assertEqual(len(issuer.asked), asked)

    def test_introspection(self):
        with Issuer() as issuer:
            place = self.place()
            server = self.serve(place, self.site(issuer.settings("introspection")), env=WHO_ASKS)
            token = issuer.opaque("mira")
            self.assertEqual(self.put(server, token).status, 201)
            self.assertEqual(self.put(server, token, "sam").status, 403)
            self.assertEqual(issuer.asked, ["/introspect"])
            for unknown in ["x", issuer.token("mira"), issuer.opaque("mira", aud="another"), issuer.opaque("mira", exp=int(time.time()) - 1), issuer.opaque("mira", sub=None)]:
                self.assert_refused(self.put(server, unknown), 401, "unauthenticated")
            self.assertEqual(self.put(server, issuer.opaque("edda", groups=["editors"]), "sam").status, 201)

    def test_introspection_with_the_server_down(self):
        with Issuer() as issuer:
            place = self.place()
            server = self.serve(place, self.site(issuer.settings("introspection")), env=WHO_ASKS)
            token = issuer.opaque("mira")
            issuer.stop()
            answer = self.put(server, token)
            self.assert_refused(answer, 503, "unavailable")
            self.assertTrue(answer.headers["retry-after"].isdigit())
            self.assert_nothing_came(place)

    def test_introspection_without_a_client(self):
        with Issuer() as issuer:
            for env in [{}, WHO_ASKS | {"PRECAST_INTROSPECTION_SECRET": "wrong"}]:
                place = self.place()
                server = self.serve(place, self.site(issuer.settings("introspection")), env=env)
                self.assert_refused(self.put(server, issuer.opaque("mira")), 503, "unavailable")
                self.assert_nothing_came(place)


if __name__ == "__main__":
    unittest.main()
