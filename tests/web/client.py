"""A WSGI client of a few lines, and the web application built as its process builds it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from admin import app as admin
from tests.people import World
from ussd_app import wsgi
from ussd_app.bootstrap import Built
from ussd_app.web import app as web
from ussd_app.web.ussd import UssdDoor

SECRET = "test-secret-of-28-letters-ab"  # as tests/people.py sets it
USSD = f"/ussd/{SECRET}"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Client:
    """Calls the application as a server would, from 127.0.0.1 unless it says otherwise."""

    app: UssdDoor

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        content_type: str = FORM,
        source: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
        length: str | None = None,
    ) -> Answer:
        said: list[Any] = []
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": source,
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body)) if length is None else length,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            **{f"HTTP_{name.upper().replace('-', '_')}": v for name, v in (headers or {}).items()},
        }

        def start_response(status: str, told: list[tuple[str, str]], *_rest: Any) -> None:
            said.append((int(status.split(" ", maxsplit=1)[0]), told))

        chunks = self.app(environ, start_response)
        content = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        (status, told) = said[0]
        assert len({name.lower() for name, _value in told}) == len(told)
        return Answer(status, {name.lower(): value for name, value in told}, content)

    def post(self, path: str, form: Mapping[str, object] | None = None, **how: Any) -> Answer:
        return self.request("POST", path, urlencode(form or {}).encode(), **how)

    def get(self, path: str, **how: Any) -> Answer:
        return self.request("GET", path, **how)

    def hop(self, text: str = "", **fields: str) -> Answer:
        """A hop of Amina's call, as the gateway posts it."""
        return self.post(USSD, {**HOP, "text": text, **fields})


HOP = {
    "sessionId": "ATUid_1",
    "phoneNumber": "+254700000001",
    "networkCode": "63902",
    "serviceCode": "*384*96#",
    "text": "",
}


def client_of(world: World, *, processes: int = 1, **settings: Any) -> Client:
    """The web application of that world; `settings` differ from the world's."""
    changed = replace(world.settings, **settings)
    built = Built(changed, world.services, world.db, world.redis, world.clock)
    return Client(
        web.create(
            changed,
            world.services,
            world.switchboard(),
            world.sealer,
            wsgi.checks_of(built),
            processes=processes,
            admin=admin.create(changed, world.services).wsgi_app,
        )
    )
