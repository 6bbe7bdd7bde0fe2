"""One guaranty: its two people, the state it is in, and what both are told when that changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ussd_app.db.work import Work
from ussd_app.errors import NotAllowed, NotFound
from ussd_app.messages.service import Draft
from ussd_app.text import Text, _
from ussd_app.values import Name, Phone

ASKED, ACCEPTED, DECLINED = "asked", "accepted", "declined"
LAPSED, REMOVED, LEFT = "lapsed", "removed", "left"
WITHDRAWN = "withdrawn"  # how people are told of REMOVED that was never accepted

TEXTS: Mapping[str, tuple[Text, Text]] = {
    ASKED: (
        _(
            "{org}: you asked {name} {phone} to be your guarantor. They can answer until {until}."
            " Not you? Call {support}."
        ),
        _(
            "{org}: {name} {phone} asks you to be a guarantor, in case they lose their PIN."
            " Free. To answer dial {code} by {until}."
        ),
    ),
    ACCEPTED: (
        _("{org}: {name} {phone} is your guarantor, active from {until}. Not you? Call {support}."),
        _(
            "{org}: you are a guarantor of {name} {phone}, from {until} on."
            " Never tell anybody your PIN. To stop, dial {code}."
        ),
    ),
    DECLINED: (
        _("{org}: {name} {phone} will not be your guarantor. To ask somebody else, dial {code}."),
        _("{org}: you declined to be a guarantor of {name} {phone}. Not you? Call {support}."),
    ),
    LAPSED: (
        _("{org}: {name} {phone} did not answer in time. To ask again, dial {code}."),
        _("{org}: the time to answer {name} {phone} is over. You are not their guarantor."),
    ),
    REMOVED: (
        _("{org}: {name} {phone} is not your guarantor any more. Not you? Call {support}."),
        _("{org}: {name} {phone} does not need you as a guarantor any more."),
    ),
    WITHDRAWN: (
        _("{org}: you took back your request to {name} {phone}. Not you? Call {support}."),
        _("{org}: {name} {phone} took back the request to be a guarantor. You need not answer."),
    ),
    LEFT: (
        _(
            "{org}: {name} {phone} does not want to be your guarantor any more."
            " To ask somebody else, dial {code}."
        ),
        _("{org}: you are not a guarantor of {name} {phone} any more. Not you? Call {support}."),
    ),
}
"""What the ward, and what the guarantor is told when a guaranty has come into a state."""

ASKING, CHANGE = "guarantor-asked", "guarantor"
"""Kinds of SMS: the first goes to whoever asks, once for each asking."""


@dataclass(frozen=True)
class Person:
    """A member as one side of a guaranty."""

    id: int
    phone: Phone
    name: Name
    language: str
    status: str
    careful_until: datetime | None

    @property
    def is_active(self) -> bool:
        return self.status == "ACTIVE"


@dataclass(frozen=True)
class Bond:
    """A guaranty and its two people, all locked: nobody else changes them in this moment."""

    id: int
    ward: Person
    guarantor: Person
    state: str
    asked_at: datetime
    was_accepted: bool = False


def lock(work: Work, *phones: Phone) -> Mapping[str, Person]:
    """Members by number; whatever else would change guaranties of theirs waits for this work."""
    rows = work.rows(
        """
        SELECT id, phone, name, language, status, careful_until FROM member
        WHERE phone = ANY(%s) ORDER BY id FOR NO KEY UPDATE
        """,
        list(phones),
    )
    return {
        phone: Person(member, Phone(phone), Name(name), language, status, careful_until)
        for member, phone, name, language, status, careful_until in rows
    }


def hold(work: Work, guaranty: int) -> Bond:
    """Lock a guaranty's people, then read its state. Raises NotFound."""
    phones = work.row(
        """
        SELECT w.phone, m.phone FROM guarantor g
        JOIN member w ON w.id = g.ward JOIN member m ON m.id = g.guarantor WHERE g.id = %s
        """,
        guaranty,
    )
    if phones is None:
        raise NotFound("no such guaranty")
    people = lock(work, *phones)
    state, asked_at, was_accepted = work.the_row(
        "SELECT state, asked_at, accepted_at IS NOT NULL FROM guarantor WHERE id = %s", guaranty
    )
    ward, guarantor = (people[phone] for phone in phones)
    return Bond(guaranty, ward, guarantor, state, asked_at, was_accepted)


def both(work: Work, ward: Phone, other: Phone) -> tuple[Person, Person]:
    """Both as members, locked. Raises NotFound, and NotAllowed for oneself or who is blocked."""
    if ward == other:
        raise NotAllowed("oneself")
    people = lock(work, ward, other)
    mine, theirs = people.get(ward), people.get(other)
    if mine is None or theirs is None or theirs.status not in ("ACTIVE", "BLOCKED"):
        raise NotFound("has not joined")
    if not (mine.is_active and theirs.is_active):
        raise NotAllowed("blocked")
    return mine, theirs


def asked_at(work: Work, mine: Person, theirs: Person) -> datetime | None:
    """When they were asked, if that was neither refused nor ended since."""
    row = work.row(
        """
        SELECT asked_at FROM guarantor
        WHERE ward = %s AND guarantor = %s AND state IN ('asked', 'accepted')
        """,
        mine.id,
        theirs.id,
    )
    return row[0] if row else None


def refuse_other(person: Person, caller: Phone) -> None:
    """Raises NotFound unless it is the caller's own, and NotAllowed if they are blocked."""
    if person.phone != caller:
        raise NotFound("not theirs")
    if not person.is_active:
        raise NotAllowed("blocked")


def news(bond: Bond, until: str, signature: Mapping[str, str]) -> tuple[Draft, Draft]:
    """What both are told of the state the guaranty has come into."""
    is_request = bond.state == REMOVED and not bond.was_accepted
    to_ward, to_guarantor = TEXTS[WITHDRAWN if is_request else bond.state]

    def told(to: Person, of: Person, text: Text, kind: str) -> Draft:
        return Draft(
            key=f"guarantor:{bond.id}:{bond.state}:{to.id}",
            kind=kind,
            phone=to.phone,
            language=to.language,
            text=text,
            values={
                **signature,
                "name": of.name.short,
                "phone": of.phone.national,
                "until": until,
            },
            member=to.id,
        )

    kind = ASKING if bond.state == ASKED else CHANGE
    return (
        told(bond.ward, bond.guarantor, to_ward, kind),
        told(bond.guarantor, bond.ward, to_guarantor, CHANGE),
    )
