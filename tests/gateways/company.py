"""A company that answers whatever a test wishes, over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

Form = dict[str, str]


@dataclass
class Answer:
    """What is sent back; `cut` breaks the connection after so many bytes of the body."""

    status: int = 201
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    headers: dict[str, str]
    form: Form
    body: str


@dataclass
class Company:
    """The same answer for whoever asks, and what they asked."""

    address: str = ""
    answer: Answer = field(default_factory=Answer)
    requests: list[Request] = field(default_factory=list)


@contextmanager
def answering() -> Iterator[Company]:
    """Serve on a thread."""
    company = Company()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode()
            only = {name: values[0] for name, values in parse_qs(body).items()}
            asked = Request(self.command, self.path, dict(self.headers), only, body)
            company.requests.append(asked)
            self._answer(company.answer)

        do_GET = do_POST  # noqa: N815 - the library's name

        def _answer(self, answer: Answer) -> None:
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if answer.cut is None else body[: answer.cut])
            self.close_connection = True

        def log_message(self, *_args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        company.address = f"http://127.0.0.1:{server.server_port}"
        yield company
        server.shutdown()
        thread.join()
