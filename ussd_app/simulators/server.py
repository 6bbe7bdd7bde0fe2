"""Serving the simulator: by granian for people, and on a thread for tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from granian.constants import Interfaces
from granian.server import Server
from werkzeug.serving import WSGIRequestHandler, make_server

from ussd_app.simulators.app import close, create_app
from ussd_app.simulators.config import Config

BLOCKING_THREADS = 48
LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.02


def serve(config: Config, host: str = LOOPBACK, port: int = 8001) -> None:
    """Serve until stopped, in one process, since the books are in its memory."""
    server = Server(
        "ussd_app.simulators",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=BLOCKING_THREADS,
        websockets=False,
        log_enabled=False,
    )
    server.serve(target_loader=partial(create_app, config), wrap_loader=False)


@contextmanager
def serving(config: Config, host: str = LOOPBACK, port: int = 0) -> Iterator[str]:
    """Serve on a thread of this process and yield the address; port 0 takes a free one."""
    app = create_app(config)
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
    serve_forever = partial(server.serve_forever, poll_interval=_POLL_SECONDS)
    thread = threading.Thread(target=serve_forever, name="simulator", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        close(app)


class _Quiet(WSGIRequestHandler):
    """Writes no access log: its lines would hold telephone numbers."""

    def log_request(self, *_: Any) -> None:
        return
