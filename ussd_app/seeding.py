"""People to try things with: the same seed makes the same world."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any

from ussd_app.bootstrap import Built
from ussd_app.errors import PinWeak
from ussd_app.ledger import service as ledger
from ussd_app.members import pin_policy
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

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


DEMO_PEOPLE = (
    Person("+254700000001", "Amina Wanjiru", "7306", "en", 500, 2, "sells vegetables"),
    Person("+254700000002", "Baraka Otieno", "4815", "sw", 320, 2, "repairs bicycles"),
    Person("+254700000003", "Chebet Kiptoo", "2580", "en", 120, 1, "keeps bees"),
)
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
    """Let them join, each once, with the tokens they are to have; who is there stays as they are."""
    for person in wanted:
        phone = Phone.trust(person.phone)
        if built.services.members.find(phone) is None:
            _plant(built, person, phone)


def _plant(built: Built, person: Person, phone: Phone) -> None:
    joining, pins = built.services.joining, built.services.pins
    joining.speak(phone, person.language)
    joining.agree(phone)
    joining.call_me(phone, Name(person.name))
    start = joining.finish(phone, pins.candidate(phone, person.pin))
    member = built.services.members.get(phone).id
    token, now = built.services.tokens.first, built.clock.now()
    more = token.whole(person.tokens).units - start.units
    with built.db.work() as work:
        work.run("UPDATE member SET tier = %s WHERE id = %s", person.tier, member)
        if more > 0:
            wallet = ledger.open_account(work, token.id, member, at=now)
            house = ledger.house_account(work, token.id, ledger.GRANTS, at=now)
            ledger.move(work, "grant", source=house, target=wallet, amount=more, at=now)


def _pin(chance: random.Random, phone: str) -> str:
    while True:
        pin = f"{chance.randrange(10**4):04}"
        try:
            pin_policy.weigh(pin, phone=phone)
        except PinWeak:
            continue
        return pin
