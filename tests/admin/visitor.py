"""Somebody at a browser who signs in by hand, with an app on their telephone and a mailbox."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from passlib.totp import TOTP
from werkzeug.test import TestResponse

from tests.admin.desk import pages_of
from tests.people import World
from ussd_app.audit.service import THE_SYSTEM
from ussd_app.users.factors import AUTHENTICATOR
from ussd_app.users.permissions import Role

HOST = "http://127.0.0.1:8000"
GOOD = "nane kijito tembo hariri"
BETTER = "jiwe mwezi kofia samaki"
EMAIL = "wambui@example.org"
NAME = "Wambui Njoroge"


@dataclass
class Visitor:
    """A browser, and what its owner knows."""

    world: World
    app: Flask
    client: FlaskClient
    user: int = 0
    key: str = ""

    @classmethod
    def of(cls, world: World) -> Visitor:
        app = pages_of(world)
        return cls(world, app, app.test_client())

    def with_settings(self, **environ: str) -> Visitor:
        """The same pages with other settings, which have keys of their own."""
        app = pages_of(self.world, **environ)
        return Visitor(self.world, app, app.test_client())

    def another(self) -> Visitor:
        """The same person at another browser."""
        return Visitor(self.world, self.app, self.app.test_client(), self.user, self.key)

    def with_account(
        self,
        role: Role = Role.VIEWER_PUBLIC,
        *,
        email: str = EMAIL,
        password: str = GOOD,
        factor: bool = False,
    ) -> Visitor:
        """Somebody who has an account, all their steps done, and is not signed in."""
        with self.app.app_context():
            hashed = hash_password(password)
        now = self.world.clock.now()
        with self.world.db.work() as work:
            user = self.world.services.users.create(
                work,
                email=email,
                name=NAME,
                role=role,
                language="en",
                by=THE_SYSTEM,
                password=hashed,
            )
            work.run("UPDATE user_account SET confirmed_at = %s WHERE id = %s", now, user)
        made = Visitor(self.world, self.app, self.app.test_client(), user)
        if factor:
            with self.app.app_context():
                totp = self.app.extensions["security"].totp_factory
                secret = totp.generate_totp_secret()
                made.key = totp.get_totp_b32_key(secret)
            self.run(
                "UPDATE user_account SET factor = %s, totp_secret = %s WHERE id = %s",
                AUTHENTICATOR,
                secret,
                user,
            )
            self.run(
                "INSERT INTO recovery_code (user_id, mac, made_at) VALUES (%s, %s, %s)",
                user,
                b"on paper",
                now,
            )
        return made

    def code(self, *, steps: int = 0) -> str:
        """What the app on the telephone shows now, or so many half minutes from now."""
        at = int(self.world.clock.now().timestamp()) + 30 * steps
        return str(TOTP(key=self.key, format="base32").generate(at).token)

    def get(self, path: str, **query: str) -> TestResponse:
        return self.client.get(path, base_url=HOST, query_string=query)

    def send(self, path: str, **form: str) -> TestResponse:
        """Fill in the form of that page."""
        return self.post(path, csrf_token=self.token(path), **form)

    def post(self, path: str, **form: str) -> TestResponse:
        return self.client.post(path, base_url=HOST, data=form)

    def token(self, path: str) -> str:
        page = self.client.get(path, base_url=HOST, follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        return html.unescape(found[1]) if found else ""

    def sign_in(
        self, password: str = GOOD, *, email: str = EMAIL, at: str = "/sign-in"
    ) -> TestResponse:
        return self.send(at, email=email, password=password)

    def sign_out(self) -> TestResponse:
        return self.post("/sign-out", csrf_token=self.token("/"))

    @property
    def is_in(self) -> bool:
        return self.get("/account").status_code == 200

    def link(self, email: str = EMAIL) -> str:
        """The link of the last letter, as a path."""
        (*_, last) = self.world.letters(email)
        found = re.search(r"http://127\.0\.0\.1:8000(/\S+)", last.text)
        assert found
        return found[1]

    def run(self, query: str, *values: object) -> int:
        with self.world.db.reading() as one:
            return one.connection.run(query, values)

    def column(self, name: str) -> object:
        with self.world.db.reading() as one:
            (row,) = one.connection.rows(
                f"SELECT {name} FROM user_account WHERE id = %s", (self.user,)
            )
        return row[0]
