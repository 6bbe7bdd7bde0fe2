"""`ussd-app dial`: a telephone in the terminal."""

from __future__ import annotations

import time
from typing import Any

import click
import httpx

from ussd_app.commands import environment
from ussd_app.errors import Invalid
from ussd_app.values import Phone

ANSWER_SECONDS = 15.0
SMS_SECONDS, LOOK_SECONDS = 3.0, 0.1  # how long to wait for an SMS after a call, and between looks
WIDTH, SEPTETS_MOST = 34, 160  # of the frame; of what a telephone shows in it


def dial(number: str, code: str | None) -> None:
    """Dial and talk until the call ends; an empty line, or no more input, hangs up.

    Then its hops and SMS are shown.
    """
    state = environment.running(environment.environment())
    if state is None:
        raise click.ClickException("nothing runs from this folder; start it with `ussd-app run`")
    try:
        phone = Phone.parse(number, near="+254700000000")
    except Invalid as no:
        raise click.ClickException(no.message) from None
    with httpx.Client(
        base_url=state["urls"]["simulator"], timeout=ANSWER_SECONDS, trust_env=False
    ) as http:
        telephone = _Telephone(http, phone)
        telephone.talk(code or state["service_code"])


class _Telephone:
    def __init__(self, http: httpx.Client, phone: Phone) -> None:
        self._http, self._phone = http, phone

    def talk(self, code: str) -> None:
        before = {sms["id"] for sms in self._inbox()}
        session = self._post("dial", code=code)
        while True:
            _show(session)
            if session["ends"] or session.get("operator_error"):
                break
            if not (typed := _typed()):
                session = self._post("hangup")
                click.echo("You hung up.")
                break
            session = self._post("reply", text=typed)
        _show_hops(session["hops"])
        for sms in self._arrived(before):
            click.secho(f"SMS: {sms['text']}", fg="green")

    def _arrived(self, before: set[str]) -> list[dict[str, Any]]:
        """The SMS that were not there before; one on its way is waited for."""
        until = time.monotonic() + SMS_SECONDS
        while True:
            fresh = [sms for sms in self._inbox() if sms["id"] not in before]
            if fresh or time.monotonic() > until:
                return fresh
            time.sleep(LOOK_SECONDS)

    def _post(self, verb: str, **body: str) -> dict[str, Any]:
        answer = self._http.post(f"phones/{self._phone}/{verb}", json=body)
        told: dict[str, Any] = answer.json()
        if answer.is_error:
            raise click.ClickException(told.get("error", answer.reason_phrase))
        return told

    def _inbox(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get(f"phones/{self._phone}").json()["inbox"]
        return found


def _typed() -> str:
    """A line; nothing at the end of input."""
    try:
        line: str = click.prompt("", prompt_suffix="> ", default="", show_default=False)
    except click.Abort:
        click.echo()
        return ""
    return line


def _show(session: dict[str, Any]) -> None:
    trouble = session["operator_error"]
    counter = "" if trouble else f" {session['septets']}/{SEPTETS_MOST}"
    click.echo("-" * WIDTH)
    click.echo(trouble or session["screen"])
    click.echo(counter.rjust(WIDTH, "-"))


def _show_hops(hops: list[dict[str, Any]]) -> None:
    """Each request of the gateway and where it led; what was typed stands on the screens above."""
    for hop in hops:
        number = "copy" if hop["copy_of"] else hop["number"]
        took = "" if hop["took_ms"] is None else f"{hop['took_ms']} ms"
        click.secho(f"hop {number:>4} {took:>8}  {hop['label'] or hop['error']}", dim=True)
