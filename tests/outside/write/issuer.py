"""An authorization server of the test's own: keys, tokens, and what it answers of tokens that say nothing by themselves.

    with Issuer() as issuer:
        site = make_site(folder, auth=issuer.settings())
        token = issuer.token("mira")
"""
import base64
import contextlib
import http.server
import json
import threading
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "club"
# Whoever asks the server about tokens.
CLIENT = ("endpoint", "a secret: with a colon")


class Issuer:
    def __init__(self):
        self.keys = {"rsa": rsa.generate_private_key(65537, 2048), "ec": ec.generate_private_key(ec.SECP256R1()), "foreign": rsa.generate_private_key(65537, 2048)}
        # What the server says of a token that it is asked about.
        self.active = {}
        self.asked = []

    def __enter__(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                issuer.asked.append(self.path)
                if self.path == "/.well-known/openid-configuration":
                    self.say({"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"})
                elif self.path == "/keys":
                    self.say(issuer.jwks())
                else:
                    self.say({}, 404)

            def do_POST(self):
                issuer.asked.append(self.path)
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                name, _, secret = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode().partition(":")
                if (urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(secret)) != CLIENT:
                    return self.say({"error": "invalid_client"}, 401)
                return self.say(issuer.active.get(form.get("token", [""])[0], {"active": False}))

            def say(self, document, status=200):
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """From now on nobody answers there."""
        with contextlib.suppress(OSError):
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def jwks(self):
        rsa_key = json.loads(RSAAlgorithm.to_jwk(self.keys["rsa"].public_key()))
        ec_key = json.loads(ECAlgorithm.to_jwk(self.keys["ec"].public_key()))
        for key, kid, algorithm in [(rsa_key, "rsa", "RS256"), (ec_key, "ec", "ES256")]:
            key.pop("key_ops", None)
            key.update(kid=kid, alg=algorithm, use="sig")
        return {"keys": [rsa_key, ec_key]}

    # What the site says of it

    def settings(self, mode="jwt"):
        """The lines of `[auth]`."""
        roles = 'roles = { editor = ["groups:editors"], admin = ["groups:admins"] }'
        if mode == "jwt":
            return f'mode = "jwt"\nissuer = "{self.url}"\naudience = "{AUDIENCE}"\n{roles}'
        return f'mode = "introspection"\nurl = "{self.url}/introspect"\naudience = "{AUDIENCE}"\n{roles}'

    # Tokens

    def claims(self, profile, **more):
        """What a token of somebody says; a claim that is None is left out."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": f"id|{profile}", "githubProfile": profile, "iat": now, "exp": now + 600} | more
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, profile, algorithm="RS256", key=None, header=None, **more):
        key = key or {"RS256": "rsa", "ES256": "ec"}[algorithm]
        kid = "rsa" if key == "foreign" else key
        return jwt.encode(self.claims(profile, **more), self.keys[key], algorithm, headers={"kid": kid} | (header or {}))

    def opaque(self, profile, **more):
        """A token that the server knows of."""
        token = f"opaque-{profile}-{len(self.active)}"
        self.active[token] = self.claims(profile, **more) | {"active": True}
        return token


def part(value):
    """A part of a token, made by hand."""
    value = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
