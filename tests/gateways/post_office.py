"""A mail server that answers whatever a test wishes, with TLS or without."""

from __future__ import annotations

import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USUAL = {
    "greeting": "220 hello",
    "ehlo": "250 hello",
    "auth": "235 welcome",
    "mail": "250 go on",
    "rcpt": "250 go on",
    "data": "354 go on",
    "letter": "250 taken",
    "quit": "221 bye",
}


@dataclass
class PostOffice:
    """What it was told, what of that anybody could read on the way, and what it answers."""

    papers: Path
    port: int = 0
    tls: str = ""
    silent_at: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    conversations: list[list[str]] = field(default_factory=list)
    said_openly: set[str] = field(default_factory=set)
    letters: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.papers)
        return context


def certificate(folder: Path) -> Path:
    """A key and a certificate that only whoever is given it trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "papers.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def listening(papers: Path) -> Iterator[PostOffice]:
    """Serve on a thread."""
    office = PostOffice(papers)

    class Handler(_Conversation):
        of = office

    server = _Server(("127.0.0.1", 0), Handler)
    office.port = int(server.server_address[1])
    thread = threading.Thread(target=partial(server.serve_forever, 0.02), daemon=True)
    thread.start()
    try:
        yield office
    finally:
        office.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up is not told of."""


class _Conversation(socketserver.BaseRequestHandler):
    of: PostOffice

    def handle(self) -> None:
        self.said: list[str] = []
        self.of.conversations.append(self.said)
        self.is_secret = False
        self._open()
        if not self._say("greeting"):
            return
        while line := self.stream.readline():
            said = line.decode().strip()
            self.said.append(said)
            verb = said.partition(" ")[0].lower()
            if not self.is_secret:
                self.of.said_openly.add("ehlo" if verb == "ehlo" else said)
            if verb == "starttls":
                self.stream.write(b"220 go on\r\n")
                self.stream.flush()
                self._secure()
            elif not self._go_on(verb):
                return

    def finish(self) -> None:
        self.stream.close()
        self.request.close()

    def _open(self) -> None:
        if self.of.tls == "smtps":
            self._secure()
        else:
            self.stream = self.request.makefile("rwb")

    def _secure(self) -> None:
        self.request = self.of.context().wrap_socket(self.request, server_side=True)
        self.stream = self.request.makefile("rwb")
        self.is_secret = True

    def _go_on(self, verb: str) -> bool:
        if verb == "ehlo":
            self.stream.write(b"250-hello\r\n")
            offers = ["AUTH PLAIN"] if self.is_secret else []
            offers += ["STARTTLS"] if self.of.tls == "smtp+starttls" and not self.is_secret else []
            for offer in offers:
                self.stream.write(f"250-{offer}\r\n".encode())
        if not self._say(verb):
            return False
        if verb == "data" and "data" not in self.of.answers:
            lines = []
            while (line := self.stream.readline()) != b".\r\n":
                if not line:
                    return False
                lines.append(line)
            self.of.letters.append(b"".join(lines).decode())
            return self._say("letter")
        return verb != "quit"

    def _say(self, at: str) -> bool:
        if self.of.silent_at == at:
            self.of.closing.wait()
            return False
        answer = {**USUAL, **self.of.answers}[at]
        if not answer:
            self.request.shutdown(2)
            return False
        self.stream.write(f"{answer}\r\n".encode())
        self.stream.flush()
        return True
