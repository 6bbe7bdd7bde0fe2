"""Votes and codes over HTTP, from crowds and guessers: counted once, admitted once, capped."""

from __future__ import annotations

import itertools
import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.whole.system import System
from tests.whole.telephone import ACCEPT, HELP, Phone, eventually

FORGOT, ASK_THEM = ("I forgot my PIN",), ("Ask them",)
REALLY_THEM, STOP = ("It is really them",), ("It was not me: stop it",)
GUESSERS = 8
CODE = "*384*96#"


def at_once(system: System, phone: Phone, answer: str, copies: int) -> set[str]:
    """What so many copies of one answer are told, all delivered at the same moment."""
    call, text = phone.screen.call, phone.transcript(answer)
    with ThreadPoolExecutor(copies) as network:
        told = [network.submit(system.post, call, phone.number, text) for _ in range(copies)]
    return {one.result().split(" ")[0] for one in told}


def trusts(system: System, ward: Phone, *guarantors: Phone) -> None:
    """They accepted long ago."""
    for guarantor in guarantors:
        system.run(
            """
            INSERT INTO guarantor (ward, guarantor, state, asked_at, accepted_at)
            VALUES (%s, %s, 'accepted', now() - interval '8 days', now() - interval '8 days')
            """,
            system.member_of(ward),
            system.member_of(guarantor),
        )


def hop(http: httpx.Client, url: str, call: str, phone: Phone, text: str) -> str:
    """How the answer begins; a process that is just killed gives none."""
    form = {"sessionId": call, "phoneNumber": phone.number, "serviceCode": CODE, "text": text}
    try:
        return http.post(url, data=form).text[:3]
    except httpx.HTTPError:
        return "END"


def code_of(phone: Phone) -> str:
    found = re.search(r"\b\d{6}\b", phone.sms_like(r"\b\d{6}\b"))
    assert found
    return found[0]


def test_r_a05_one_guarantor_at_once_twenty_five_times_is_one_vote(patient: System) -> None:
    owner, first, second = (patient.member() for _ in range(3))
    trusts(patient, owner, first, second)
    owner.home()
    owner.choose(HELP, FORGOT, ASK_THEM)
    first.sms_like("lost their PIN")
    first.dial()
    first.choose(REALLY_THEM)

    assert at_once(patient, first, first.pin, 25) <= {"END"}

    votes = "SELECT count(*) FROM vote v JOIN recovery r ON r.id = v.recovery WHERE r.member = %s"
    assert patient.value(votes, patient.member_of(owner)) == 1
    owner.sms_like("vouch")
    owner.home()
    assert "1 of 2" in owner.screen.text
    owner.choose(STOP)
    assert owner.say(owner.pin).text.startswith("Stopped.")
    patient.settle()
    assert sum("vouched" in text for text in owner.sms()) == 1


def test_r_a02_a_right_code_at_once_twenty_times_admits_once(patient: System) -> None:
    njeri = patient.phone()
    assert patient.command("invite", njeri.number, "Njeri Wangari").code == 0
    code = code_of(njeri)
    njeri.dial()

    assert at_once(patient, njeri, code, 20) == {"CON"}

    tried = "SELECT state, tries FROM one_time_code WHERE phone = %s"
    assert patient.rows(tried, njeri.number) == [("used", 1)]
    njeri.say(code, njeri.pin, njeri.pin)
    njeri.choose(ACCEPT)
    assert njeri.balance() == "50"
    njeri.sms_like("Welcome")
    patient.settle()
    assert sum("Welcome" in text for text in njeri.sms()) == 1


@pytest.mark.timeout(900)
@pytest.mark.parametrize("guesses", [80, pytest.param(10_000, marks=pytest.mark.soak)])
def test_r_a02_codes_are_judged_within_their_caps_whatever_is_emptied_and_killed(
    patient: System, guesses: int
) -> None:
    victims = [patient.phone() for _ in range(GUESSERS)]
    listed = patient.folder / "victims.csv"
    rows = [f"{victim.number},Njeri Wangari" for victim in victims]
    listed.write_text("\n".join(["phone,name", *rows]))
    assert patient.command("invite", "--csv", str(listed)).code == 0
    codes = {victim.number: code_of(victim) for victim in victims}

    def guess(victim: Phone) -> set[str]:
        wrong = (f"{n:06}" for n in itertools.count(100_000) if f"{n:06}" != codes[victim.number])
        told, url = set(), patient.state["callbacks"]["ussd"]
        http = httpx.Client(trust_env=False, timeout=15)
        for number in range(guesses // GUESSERS):
            call = secrets.token_hex(8)
            told |= {hop(http, url, call, victim, text) for text in ("", next(wrong))}
            if number == guesses // GUESSERS // 2 and victim is victims[0]:
                patient.flush()
                patient.kill_and_wait("web child")
        http.close()
        return told

    with ThreadPoolExecutor(GUESSERS) as thieves:
        answers = set().union(*thieves.map(guess, victims))

    assert answers <= {"CON", "END"}
    judged = patient.rows(
        "SELECT state, tries FROM one_time_code WHERE phone = ANY(%s)", list(codes)
    )
    assert judged == [("burnt", 5)] * GUESSERS
    joined = "SELECT count(*) FROM member WHERE status = 'ACTIVE' AND phone = ANY(%s)"
    assert patient.value(joined, list(codes)) == 0
    eventually(lambda: patient.reconciled() == [], "books in order")
