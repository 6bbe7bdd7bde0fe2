"""Mail servers: what is said to them, over TLS where it is promised, and what each answer means."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateways.post_office import PostOffice, certificate, listening
from ussd_app.errors import GatewayError, Rejected, Unclear, Unreachable
from ussd_app.gateways.mail import SmtpMailer
from ussd_app.messages.mailer import Envelope

SENDER = "Umoja <staff@umoja.example>"
LETTER = Envelope("1f0c9a7b", "wambui@example.org", "Karibu, Wambuì", "Hello\n.\n..two\nend")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("papers"))


@pytest.fixture
def office(papers: Path) -> Iterator[PostOffice]:
    with listening(papers) as office:
        yield office


def mailer(office: PostOffice, *, scheme: str = "smtp", user: str = "") -> SmtpMailer:
    trust = ssl.create_default_context(cafile=str(office.papers))
    return SmtpMailer(f"{scheme}://{user}127.0.0.1:{office.port}", SENDER, trust=trust)


def test_a_letter_is_what_the_standard_demands(office: PostOffice) -> None:
    mailer(office).send(LETTER)

    (said,) = office.conversations
    assert "mail FROM:<staff@umoja.example>" in " ".join(said)
    assert "rcpt TO:<wambui@example.org>" in said
    text = office.letters[0]
    assert "From: Umoja <staff@umoja.example>\r\n" in text
    assert "To: wambui@example.org\r\n" in text
    assert "Message-ID: <1f0c9a7b@umoja.example>\r\n" in text
    assert "Auto-Submitted: auto-generated\r\n" in text
    assert text.endswith("\r\n\r\nHello\r\n..\r\n...two\r\nend\r\n")


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_whom_tls_is_promised_hears_nothing_before_it(office: PostOffice, scheme: str) -> None:
    office.tls = scheme
    mailer(office, scheme=scheme, user="umoja:geh%40eim@").send(LETTER)

    assert office.said_openly <= {"ehlo", "STARTTLS"}
    assert len(office.letters) == 1
    assert any(line.startswith("AUTH PLAIN") for line in office.conversations[0])


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_server_whose_papers_nobody_signed_gets_nothing(office: PostOffice, scheme: str) -> None:
    office.tls = scheme
    strict = SmtpMailer(f"{scheme}://umoja:geheim@127.0.0.1:{office.port}", SENDER)

    with pytest.raises(Unreachable):
        strict.send(LETTER)
    assert office.said_openly <= {"ehlo", "STARTTLS"}
    assert office.letters == []


def test_a_server_that_offers_no_tls_gets_no_password(office: PostOffice) -> None:
    with pytest.raises(Unreachable):
        mailer(office, scheme="smtp+starttls", user="umoja:geheim@").send(LETTER)

    assert office.said_openly <= {"ehlo"}


@pytest.mark.parametrize(
    ("at", "answer", "expected"),
    [
        ("greeting", "554 no", Unreachable),
        ("mail", "451 later", Unreachable),
        ("mail", "530 sign in first", Unreachable),
        ("rcpt", "450 busy", Unreachable),
        ("rcpt", "550 no such mailbox wambui@example.org", Rejected),
        ("data", "451 later", Unreachable),
        ("data", "554 not from you", Unreachable),
        ("letter", "451 later", Unreachable),
        ("letter", "552 too big", Rejected),
        ("letter", "354 what?", Unclear),
        ("greeting", "", Unreachable),
        ("mail", "", Unreachable),
        ("rcpt", "", Unreachable),
        ("data", "", Unreachable),
        ("letter", "", Unclear),
        ("letter", "nonsense", Unclear),
    ],
)
def test_what_each_answer_means(
    office: PostOffice, at: str, answer: str, expected: type[GatewayError]
) -> None:
    """An empty answer is a connection that drops."""
    office.answers[at] = answer

    with pytest.raises(expected) as refused:
        mailer(office).send(LETTER)
    assert "wambui" not in str(refused.value)


@pytest.mark.parametrize(("at", "expected"), [("rcpt", Unreachable), ("letter", Unclear)])
def test_a_server_that_falls_silent_is_left(
    office: PostOffice, at: str, expected: type[GatewayError]
) -> None:
    office.silent_at = at
    hasty = SmtpMailer(
        f"smtp://127.0.0.1:{office.port}", SENDER, step_seconds=0.3, answer_seconds=0.3
    )

    with pytest.raises(expected):
        hasty.send(LETTER)


def test_nobody_listens(office: PostOffice) -> None:
    with pytest.raises(Unreachable):
        SmtpMailer("smtp://127.0.0.1:9", SENDER).send(LETTER)


def test_what_was_taken_stays_taken_whatever_the_leave(office: PostOffice) -> None:
    office.answers["quit"] = ""

    mailer(office).send(LETTER)

    assert len(office.letters) == 1
