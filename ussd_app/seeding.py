"""People to try things with: the same seed makes the same world."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.bootstrap import Built, constants_of
from ussd_app.db.work import Work
from ussd_app.errors import PinWeak
from ussd_app.members import pin_policy
from ussd_app.members.joining import Joining
from ussd_app.members.kinds import AGENT, INDIVIDUAL
from ussd_app.transfers.grants import WelcomeGrant
from ussd_app.values import Name, Phone

DEMO, BLACKBOX = "demo", "blackbox"
DEMO_TIER = 2
BLACKBOX_PEOPLE = 20
FIRST = ("Amina", "Baraka", "Chebet", "Daudi", "Esther", "Farida", "Grace", "Hamisi", "Imani",
         "Juma", "Kendi", "Latifa", "Mwangi", "Neema", "Otieno", "Pendo")  # fmt: skip
LAST = ("Achieng", "Barasa", "Cheruiyot", "Juma", "Kamau", "Kiptoo", "Mutua", "Mwende", "Njeri",
        "Ochieng", "Odhiambo", "Wambui", "Wanjiru", "Yusuf")  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody seeded: what a tester must know of them. `tokens` are whole ones."""

    phone: str
    name: str
    pin: str
    language: str
    tokens: int
    tier: int
    note: str = ""
    kind: str = INDIVIDUAL

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


DEMO_PEOPLE = (
    Person("+254700000001", "Amina Wanjiru", "7306", "en", 500, 2, "sells vegetables"),
    Person("+254700000002", "Baraka Otieno", "4815", "sw", 320, 2, "repairs bicycles"),
    Person("+254700000003", "Chebet Kiptoo", "2850", "en", 120, 1, "keeps bees"),
    Person("+254700000004", "Grace Akinyi", "6194", "en", 200, 2, "invites borrowers", AGENT),
)
DEMO_TRUST = {"+254700000001": ["+254700000002", "+254700000003"]}
TRUSTED_FOR = timedelta(days=8)  # longer than it takes until a guarantor's word counts
DEMO_STRANGERS = (Person("+254700000009", "Zawadi", "", "", 0, 0, "has not joined yet"),)


def people(profile: str, seed: int) -> tuple[Person, ...]:
    """Who is to exist in this profile; a pure function of its arguments."""
    if profile == DEMO:
        return DEMO_PEOPLE
    chance = random.Random(seed)  # noqa: S311 - the same seed, the same world
    made: dict[str, Person] = {}
    while len(made) < BLACKBOX_PEOPLE:
        phone = f"+2547{chance.randrange(10**8):08}"
        tier = chance.choice((1, 2, 2, 3))
        made[phone] = Person(
            phone=phone,
            name=f"{chance.choice(FIRST)} {chance.choice(LAST)}",
            pin=_pin(chance, phone),
            language=chance.choice(("en", "sw")),
            tokens=chance.choice((50, 100, 200, 400)),
            tier=tier,
        )
    return tuple(made.values())


def plant(built: Built, wanted: tuple[Person, ...]) -> None:
    """Let them join, each once and whole; who is there stays as they are."""
    for person in wanted:
        phone = Phone.trust(person.phone)
        if built.services.members.find(phone) is None:
            _plant(built, person, phone)
    for ward in {person.phone for person in wanted} & DEMO_TRUST.keys():
        _let_trust(built, ward, DEMO_TRUST[ward])


class _Endowment(WelcomeGrant):
    """What somebody seeded starts with, in the place of what greets everybody."""

    def __init__(self, built: Built, person: Person) -> None:
        super().__init__(built.clock, built.services.tokens, whole_tokens=person.tokens)
        self._now, self._person = built.clock.now, person

    def give(self, work: Work, member: int) -> None:
        """Their tokens, tier and kind, in the transaction that makes the member."""
        super().give(work, member)
        tier, kind, tokens = self._person.tier, self._person.kind, self._person.tokens
        work.run("UPDATE member SET tier = %s, kind = %s WHERE id = %s", tier, kind, member)
        actor, subject = Actor("system", None, audit.SHELL), ("member", member)
        audit.record(
            work,
            actor,
            "member.seeded",
            subject=subject,
            at=self._now(),
            tier=tier,
            kind=kind,
            tokens=tokens,
        )


def _plant(built: Built, person: Person, phone: Phone) -> None:
    services, settings = built.services, built.settings
    joining = Joining(
        built.db,
        built.clock,
        services.pins,
        services.messages,
        _Endowment(built, person),
        tenants=services.tenants,
        countries=settings.countries,
        signature=constants_of(settings),
    )
    joining.speak(phone, person.language)
    joining.agree(phone)
    joining.call_me(phone, Name(person.name))
    joining.finish(phone, services.pins.candidate(phone, person.pin))


def _let_trust(built: Built, ward: str, others: list[str]) -> None:
    """Let others be her guarantors, unless she ever asked anybody herself."""
    now = built.clock.now()
    since, actor = now - TRUSTED_FOR, Actor("system", None, audit.SHELL)
    with built.db.work() as work:
        planted = work.rows(
            """
            INSERT INTO guarantor (ward, guarantor, state, asked_at, accepted_at)
            SELECT ward.id, other.id, 'accepted', %s, %s
            FROM member ward JOIN member other ON other.phone = ANY(%s)
            WHERE ward.phone = %s AND NOT EXISTS (SELECT FROM guarantor g WHERE g.ward = ward.id)
            ORDER BY other.id
            ON CONFLICT DO NOTHING
            RETURNING id
            """,
            since,
            since,
            others,
            ward,
        )
        for (guaranty,) in planted:
            audit.record(work, actor, "guarantor.seeded", subject=("guarantor", guaranty), at=now)


def _pin(chance: random.Random, phone: str) -> str:
    while True:
        pin = f"{chance.randrange(10**4):04}"
        try:
            pin_policy.weigh(pin, phone=phone)
        except PinWeak:
            continue
        return pin
