"""The mail server of the simulator: it takes letters over SMTP and shows them."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import httpx
import pytest

from ussd_app.simulators import Config, close as close_app, create_app

TO = "wambui@example.org"


@pytest.fixture
def http(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, trust_env=False)


def letters(http: httpx.Client, **query: str | int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = http.get("/mail/letters", params=query).json()["letters"]
    return found


def send(http: httpx.Client, *, to: str = TO, subject: str = "Karibu", text: str = "Hello") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "staff@example.org", to, subject
    message.set_content(text)
    port = http.get("/mail/letters").json()["port"]
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.send_message(message)


def fault(http: httpx.Client, name: str) -> None:
    http.put("/control/faults", json={"faults": [{"name": name, "times": 1, "seconds": 0.1}]})


def test_a_letter_is_kept_as_it_was_sent(http: httpx.Client) -> None:
    send(http, subject="Àsante", text="first\n.\n..second")

    (kept,) = letters(http, to=TO.upper())
    assert (kept["subject"], kept["text"]) == ("Àsante", "first\n.\n..second\n")
    assert (kept["sender"], kept["to"]) == ("staff@example.org", TO)
    assert letters(http, to="other@example.org") == []


def test_the_page_lists_letters_and_makes_links_of_addresses(http: httpx.Client) -> None:
    assert "No letter has come" in http.get("/mail").text
    send(http, subject="<b>bold</b>", text="open https://umoja.example/a?b=1&c=<i> now")

    assert "&lt;b&gt;bold" in http.get("/mail").text
    page = http.get(f"/mail/{letters(http)[0]['seq']}").text
    link = "https://umoja.example/a?b=1&amp;c="
    assert f'<a href="{link}">{link}</a>&lt;i&gt; now' in page
    assert http.get("/mail/4711").status_code == 404


@pytest.mark.parametrize(
    ("name", "refusal", "taken"),
    [
        ("mail.busy", smtplib.SMTPSenderRefused, 0),
        ("mail.refuse", smtplib.SMTPRecipientsRefused, 0),
        ("mail.reset", smtplib.SMTPServerDisconnected, 0),
        ("mail.hang_before", smtplib.SMTPServerDisconnected, 0),
        ("mail.reset_after", smtplib.SMTPServerDisconnected, 1),
    ],
)
def test_what_goes_wrong_goes_wrong_once(
    http: httpx.Client, name: str, refusal: type[Exception], taken: int
) -> None:
    fault(http, name)

    with pytest.raises(refusal):
        send(http)
    assert len(letters(http)) == taken
    send(http)
    assert len(letters(http)) == taken + 1


def test_a_slow_answer_comes(http: httpx.Client) -> None:
    fault(http, "mail.hang_after")

    send(http)

    assert len(letters(http)) == 1


def test_the_mailbox_is_emptied_and_counts_on(http: httpx.Client) -> None:
    send(http)
    last = http.get("/mail/letters").json()["last"]
    http.delete("/mail/letters")
    assert letters(http) == []

    send(http)

    assert len(letters(http, since=last)) == 1


def test_a_given_port_is_free_again_after_closing(free_port: int) -> None:
    for _ in range(2):
        app = create_app(Config(mail_port=free_port))
        with smtplib.SMTP("127.0.0.1", free_port, timeout=5) as client:
            assert client.noop()[0] == 250
        close_app(app)
        close_app(app)
