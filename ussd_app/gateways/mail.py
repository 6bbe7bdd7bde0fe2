"""Whatever speaks SMTP: what each of its answers means, and that no answer is taken for another.

`smtps://` is TLS from the first byte, `smtp+starttls://` demands it before anything is said, and
`smtp://` is without, which production refuses.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from functools import cached_property
from typing import Protocol
from urllib.parse import unquote, urlsplit

from ussd_app.errors import Rejected, Unclear, Unreachable

TLS, STARTTLS, PLAIN = "smtps", "smtp+starttls", "smtp"
PORTS = {TLS: 465, STARTTLS: 587, PLAIN: 25}
# All steps together take less than a worker may: the lease of an errand.
STEP_SECONDS = 4.0
ANSWER_SECONDS = 20.0  # to what was sent: servers look for viruses first
TAKEN, FORWARDED, GO_AHEAD, TEMPORARY, PERMANENT = 250, 251, 354, 400, 500


class Envelope(Protocol):
    """What is to be sent."""

    @property
    def identity(self) -> str:
        """The same for every copy of it."""
        ...

    @property
    def to(self) -> str: ...

    @property
    def subject(self) -> str: ...

    @property
    def text(self) -> str: ...


class SmtpMailer:
    """Carries e-mail over SMTP, each over a connection of its own."""

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        trust: ssl.SSLContext | None = None,
        step_seconds: float = STEP_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._url, self._sender = urlsplit(url), sender
        self._given_trust = trust
        self._step, self._answer = step_seconds, answer_seconds

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Whom to believe; reading it takes long, and only who sends needs it."""
        return self._given_trust or ssl.create_default_context()

    def send(self, envelope: Envelope) -> None:
        """Hand it over.

        Raises Unreachable if it was not taken, Rejected if it never will be, Unclear if no answer
        came to the letter itself. Who may not send, or not from this address, may tomorrow.
        """
        letter = _quoted(self._written(envelope))
        try:
            client = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(type(error).__name__) from None
        try:
            self._announce(client, envelope.to)
            self._deliver(client, letter)
        finally:
            client.close()

    def _connected(self) -> smtplib.SMTP:
        """A connection that may be spoken over, signed in if there is a user."""
        url = self._url
        host, port = url.hostname or "", url.port or PORTS[url.scheme]
        if url.scheme == TLS:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=self._step, context=self._trust
            )
        else:
            client = smtplib.SMTP(host, port, timeout=self._step)
        try:
            if url.scheme == STARTTLS:
                client.starttls(context=self._trust)
            if url.username:
                client.login(unquote(url.username), unquote(url.password or ""))
            client.ehlo_or_helo_if_needed()
        except BaseException:
            client.close()
            raise
        return client

    def _announce(self, client: smtplib.SMTP, to: str) -> None:
        """Say from whom and to whom, until the server asks for the letter itself."""
        _, address = parseaddr(self._sender)
        try:
            _demand(client.mail(address)[0], TAKEN)
            if (code := client.rcpt(to)[0]) >= PERMANENT:
                raise Rejected(str(code))
            _demand(code, TAKEN, FORWARDED)
            _demand(client.docmd("DATA")[0], GO_AHEAD)
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(type(error).__name__) from None

    def _deliver(self, client: smtplib.SMTP, letter: bytes) -> None:
        """Send the letter itself, and read what becomes of it."""
        assert client.sock is not None
        client.sock.settimeout(self._answer)
        try:
            client.send(letter)
            code, _words = client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Unclear(type(error).__name__) from None
        if code >= PERMANENT:
            raise Rejected(str(code))
        if code >= TEMPORARY:
            raise Unreachable(str(code))
        if code != TAKEN:
            raise Unclear(str(code))
        with suppress(OSError, smtplib.SMTPException):
            client.quit()

    def _written(self, envelope: Envelope) -> bytes:
        message = EmailMessage(policy=SMTP)
        _, address = parseaddr(self._sender)
        message["From"] = self._sender
        message["To"] = envelope.to
        message["Subject"] = envelope.subject
        message["Message-ID"] = f"<{envelope.identity}@{address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(envelope.text)
        return message.as_bytes()


def _demand(code: int, *wanted: int) -> None:
    """Go on after these answers alone; the words of another may name people, so its code is kept."""
    if code not in wanted:
        raise Unreachable(str(code))


def _quoted(letter: bytes) -> bytes:
    """As SMTP has it: a dot alone ends a letter, so a line that begins with one gets another."""
    ended = letter if letter.endswith(b"\r\n") else letter + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"
