"""A browser without a screen: somebody of the staff, signed in, in this process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.test import TestResponse

from admin import app as admin
from tests.people import World, settings_for
from ussd_app.audit.service import THE_SYSTEM
from ussd_app.users.permissions import Role

HOST = "http://127.0.0.1:8000"


class Compiled(BytecodeCache):
    """What templates are compiled to: the same for every application of a test session."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def pages_of(world: World, **environ: str) -> Flask:
    """The staff's application on a world, with its settings unless others are given."""
    settings = settings_for(**environ) if environ else world.settings
    app = admin.create(settings, world.services)
    app.jinja_env.bytecode_cache = COMPILED
    return app


@dataclass
class Desk:
    """The staff's application on a world, and a browser at it."""

    world: World
    app: Flask
    client: FlaskClient
    user: int = 0

    @classmethod
    def of(cls, world: World) -> Desk:
        """Nobody is signed in."""
        app = pages_of(world)
        return cls(world, app, app.test_client())

    def signed_in(self, role: Role, *, email: str = "", name: str = "Wambui Njoroge") -> Desk:
        """Another browser, in which somebody new with this role is signed in, their steps done."""
        services, now = self.world.services, self.world.clock.now()
        with self.world.db.work() as work:
            user = services.users.create(
                work,
                email=email or f"{role}@example.org",
                name=name,
                role=role,
                language="en",
                by=THE_SYSTEM,
            )
            work.run(
                "UPDATE user_account SET confirmed_at = %s, factor = 'authenticator' WHERE id = %s",
                now,
                user,
            )
            work.run(
                "INSERT INTO recovery_code (user_id, mac, made_at) VALUES (%s, %s, %s)",
                user,
                b"on paper",
                now,
            )
        client = self.app.test_client()
        with client.session_transaction(base_url=HOST) as session:
            session["_user_id"] = services.users.get(user).uniquifier
            session["_fresh"] = True
            session["sid"] = services.user_sessions.begin(user, browser="a test")
        return Desk(self.world, self.app, client, user)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(path, base_url=HOST, query_string=query or None)

    def post(self, path: str, *, token: str | None = None, **form: Any) -> TestResponse:
        """Send a form, with the token that a page of ours would have in it."""
        sent = self.token() if token is None else token
        return self.client.post(path, base_url=HOST, data={"csrf_token": sent, **form})

    def token(self, path: str = "/") -> str:
        """The token of the forms of this browser."""
        found = re.search(r'name="csrf" content="([^"]+)"', self.get(path).text)
        return found[1] if found else ""
