"""An application that does as it is told, and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Reply:
    body: str
    status: int = 200
    label: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Request:
    path: str
    form: dict[str, str]
    headers: dict[str, str]


def echo(form: dict[str, str]) -> Reply:
    """Answer each input; `0` ends the session."""
    text = form["text"]
    if text.endswith("0"):
        return Reply("END Bye", label="bye")
    return Reply(f"CON You typed {text or 'nothing'}", label=f"step{text.count('*')}")


@dataclass
class StubApplication:
    address: str = ""
    menu: Callable[[dict[str, str]], Reply] = echo
    statuses: dict[str, list[int]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    @property
    def callbacks(self) -> dict[str, str]:
        names = ("ussd", "events", "delivery", "inbound", "optout", "sim_swap")
        return {name: f"{self.address}/s3cret/{name}" for name in names}

    def asked(self, name: str) -> list[dict[str, str]]:
        return [each.form for each in list(self.requests) if each.path == f"/s3cret/{name}"]

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        name = request.path.rsplit("/", 1)[-1]
        if name == "ussd":
            return self.menu(request.form)
        statuses = self.statuses.get(name)
        return Reply("", status=statuses.pop(0) if statuses else 200)


class _Handler(BaseHTTPRequestHandler):
    application: StubApplication

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {key.lower(): value for key, value in self.headers.items()}
        if headers["content-type"] == "application/json":
            form = json.loads(body)
        else:
            form = {key: each[0] for key, each in parse_qs(body, keep_blank_values=True).items()}
        reply = self.application.answer(Request(self.path, form, headers))
        time.sleep(reply.seconds)
        raw = reply.body.encode()
        try:
            self.send_response(reply.status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(raw)))
            if reply.label:
                self.send_header("at-ussd-hop-metadata", reply.label)
            self.end_headers()
            self.wfile.write(raw)
        except OSError:
            return  # the company would not wait

    def log_message(self, *_: Any) -> None:
        return


class _Server(ThreadingHTTPServer):
    request_queue_size = 256


@contextmanager
def running() -> Iterator[StubApplication]:
    application = StubApplication()
    handler = type("Handler", (_Handler,), {"application": application})
    server = _Server(("127.0.0.1", 0), handler)
    application.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield application
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def eventually(found: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """Return what is found, once it is there; fail when it never comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = found()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} seconds")
