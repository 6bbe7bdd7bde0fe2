"""A mail server, as far as a client that sends can tell."""

import re
import threading
import time
from functools import partial
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, cast

from ussd_app.simulators.africastalking.faults import Faults
from ussd_app.simulators.mail.mailbox import Mailbox

LOOPBACK = "127.0.0.1"
MAX_LINE, MAX_LETTER = 2_000, 1_000_000
IDLE_SECONDS = 60
_POLL_SECONDS = 0.02


class PostOffice:
    """Takes letters on a port of its own, on threads of its own, until it is closed."""

    def __init__(self, mailbox: Mailbox, faults: Faults, *, port: int) -> None:
        self._server = _Server((LOOPBACK, port), _Conversation)
        self._server.mailbox, self._server.faults = mailbox, faults
        serve = partial(self._server.serve_forever, poll_interval=_POLL_SECONDS)
        self._thread = threading.Thread(target=serve, name="post-office", daemon=True)
        self._thread.start()
        self._is_open = True

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Take no more; closing twice is harmless."""
        if self._is_open:
            self._is_open = False
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    mailbox: Mailbox
    faults: Faults

    def handle_error(self, *_: Any) -> None:
        """Whoever hangs up in the middle is not told of."""


class _Conversation(StreamRequestHandler):
    """One client, from its greeting to its leave."""

    timeout = IDLE_SECONDS

    def handle(self) -> None:
        """Answer line after line."""
        self._sender, self._recipients = "", list[str]()
        self._say(220, "simulated")
        while line := self.rfile.readline(MAX_LINE):
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            if not self._answer(verb.upper(), rest):
                return

    def _answer(self, verb: str, rest: str) -> bool:
        """Answer one command; False when the conversation is over."""
        match verb:
            case "EHLO" | "HELO" | "NOOP" | "RSET":
                self._say(250, "simulated")
            case "MAIL":
                self._sender, self._recipients = _address(rest), []
                busy = self._strikes("mail.busy")
                self._say(*((451, "not now") if busy else (250, "go on")))
            case "RCPT":
                self._recipient(_address(rest))
            case "DATA":
                return self._take()
            case "QUIT":
                self._say(221, "bye")
                return False
            case _:
                self._say(502, "not known here")
        return True

    def _recipient(self, address: str) -> None:
        if self._strikes("mail.refuse"):
            self._say(550, "no such mailbox")
            return
        self._recipients.append(address.lower())
        self._say(250, "go on")

    def _take(self) -> bool:
        """Take one letter, unless something goes wrong; False when the connection drops."""
        if not self._recipients:
            self._say(503, "to whom?")
            return True
        self._say(354, "go on")
        content = self._content()
        if fault := self._strikes("mail.hang_before"):
            time.sleep(fault.seconds)
            return False
        if content is None or self._strikes("mail.reset"):
            return False
        for recipient in self._recipients:
            self._office.mailbox.take(self._sender, recipient, content)
        if fault := self._strikes("mail.hang_after"):
            time.sleep(fault.seconds)
        if self._strikes("mail.reset_after"):
            return False
        self._say(250, "taken")
        return True

    def _content(self) -> bytes | None:
        """Read until the dot; None if it never came, or too late."""
        lines: list[bytes] = []
        size = 0
        while line := self.rfile.readline(MAX_LETTER):
            if line == b".\r\n":
                return b"".join(lines)
            size += len(line)
            if size > MAX_LETTER:
                return None
            lines.append(line.removeprefix(b"."))
        return None

    @property
    def _office(self) -> _Server:
        return cast("_Server", self.server)

    def _strikes(self, name: str) -> Any:
        return self._office.faults.strikes(name, "")

    def _say(self, code: int, words: str) -> None:
        self.wfile.write(f"{code} {words}\r\n".encode("ascii"))


def _address(rest: str) -> str:
    found = re.search(r"<([^<>]*)>", rest)
    return found[1] if found else ""
