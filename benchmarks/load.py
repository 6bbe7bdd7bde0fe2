"""Drive an HTTP server over kept connections: as fast as it answers, or at a set pace."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlencode

END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """How a server did: requests a second, latencies in milliseconds, answers that were wrong."""

    per_second: float
    median_ms: float
    p99_ms: float
    wrong: int


def post(path: str, fields: dict[str, str]) -> bytes:
    """A form post, rendered beforehand so that the driver costs little."""
    body = urlencode(fields).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(
    port: int, requests: Sequence[bytes], *, connections: int, per_second: float | None = None
) -> Load:
    """Send every request once. With a pace, latency counts from when it should have been sent."""
    driver = _Driver(port, requests, per_second)
    return driver.run(connections)


class _Driver:
    def __init__(self, port: int, requests: Sequence[bytes], per_second: float | None) -> None:
        self._port = port
        self._waiting: Iterator[tuple[float, bytes]] = (
            (n / per_second if per_second else 0.0, request) for n, request in enumerate(requests)
        )
        self._open: dict[int, socket.socket] = {}
        self._due: dict[int, float] = {}
        self._partial: dict[int, bytes] = {}
        self._poll = select.epoll()
        self._latencies: list[float] = []
        self._wrong = 0
        self._began = 0.0

    def run(self, connections: int) -> Load:
        for _ in range(connections):
            link = socket.create_connection(("127.0.0.1", self._port))
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open[link.fileno()] = link
        idle = list(self._open)
        upcoming = next(self._waiting, None)
        self._began = perf_counter()
        busy = 0
        while busy or upcoming:
            while idle and upcoming and self._now() >= upcoming[0]:
                self._send(idle.pop(), *upcoming)
                busy += 1
                upcoming = next(self._waiting, None)
            pause = -1.0
            if idle and upcoming:
                pause = max(0.0, upcoming[0] - self._now())
            for place, _event in self._poll.poll(pause):
                if self._receive(place):
                    self._poll.unregister(place)
                    idle.append(place)
                    busy -= 1
        seconds = self._now()
        for link in self._open.values():
            link.close()
        self._poll.close()
        ranked = sorted(self._latencies)
        return Load(
            len(ranked) / seconds,
            ranked[len(ranked) // 2] * 1000,
            ranked[int(len(ranked) * 0.99)] * 1000,
            self._wrong,
        )

    def _now(self) -> float:
        return perf_counter() - self._began

    def _send(self, place: int, due: float, request: bytes) -> None:
        self._due[place] = due or self._now()
        self._open[place].sendall(request)
        self._poll.register(place, select.EPOLLIN)

    def _receive(self, place: int) -> bool:
        """Whether the answer is whole."""
        answer = self._partial.pop(place, b"") + self._open[place].recv(65536)
        head, found, body = answer.partition(END_OF_HEAD)
        length = _content_length(head) if found else -1
        if length < 0 or len(body) < length:
            self._partial[place] = answer
            return False
        self._latencies.append(self._now() - self._due.pop(place))
        self._wrong += not (head.startswith(b"HTTP/1.1 200") and body.startswith(b"CON "))
        return True


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
