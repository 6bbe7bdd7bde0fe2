"""R-A04: people one trusts: asked, accepting on their own phones, counting after some days."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.people import AMINA, BARAKA, CHEBET, World
from ussd_app.values import Name, Phone

DAUDI, ESTHER = Phone("+254700000004"), Phone("+254700000005")


class Circle:
    """Five people who know each other, and who vouches for whom, written past the application."""

    def __init__(self, world: World) -> None:
        self.world = world
        people = {AMINA: "Amina Wanjiru", BARAKA: "Baraka Otieno", CHEBET: "Chebet Kirui"}
        people |= {DAUDI: "Daudi Mwangi", ESTHER: "Esther Njeri"}
        now = world.clock.now()
        with world.db.work() as work:
            for phone, name in people.items():
                work.run(
                    """
                    INSERT INTO member (phone, name, language, status, tier, terms_at, joined_at)
                    VALUES (%s, %s, 'en', 'ACTIVE', 2, %s, %s)
                    """,
                    phone,
                    name,
                    now,
                    now,
                )
            self.ids = {
                phone: work.the_row("SELECT id FROM member WHERE phone = %s", phone)[0]
                for phone in people
            }

    def vouches(
        self, guarantor: Phone, ward: Phone, state: str = "accepted", *, days: float = 4
    ) -> int:
        """The guaranty as the application would have left it so many days ago."""
        then = self.world.clock.now() - timedelta(days=days)
        with self.world.db.work() as work:
            (guaranty,) = work.the_row(
                """
                INSERT INTO guarantor (ward, guarantor, state, asked_at, accepted_at)
                VALUES (%s, %s, %s, %s, %s) RETURNING id
                """,
                self.ids[ward],
                self.ids[guarantor],
                state,
                then,
                None if state == "asked" else then,
            )
        return int(guaranty)

    def set_status(self, phone: Phone, status: str) -> None:
        with self.world.db.work() as work:
            work.run("UPDATE member SET status = %s WHERE phone = %s", status, phone)

    def counting(self, ward: Phone, at: datetime | None = None) -> list[Phone]:
        with self.world.db.reading() as reading:
            found = self.world.services.guarantors.counting(
                reading, self.ids[ward], at or self.world.clock.now()
            )
        return [one.phone for one in found]


@pytest.fixture
def circle(world: World) -> Circle:
    return Circle(world)


def test_r_a04_who_accepted_long_enough_ago_counts_longest_first(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA, days=4)
    guaranty = circle.vouches(CHEBET, AMINA, days=5)
    circle.vouches(DAUDI, AMINA, days=2.9)

    with circle.world.db.reading() as reading:
        first, second = circle.world.services.guarantors.counting(
            reading, circle.ids[AMINA], circle.world.clock.now()
        )
    assert (first.guaranty, first.member) == (guaranty, circle.ids[CHEBET])
    assert (first.phone, first.name, first.language) == (CHEBET, Name("Chebet Kirui"), "en")
    assert second.phone == BARAKA


def test_r_a04_a_new_one_counts_after_72_hours_and_not_a_moment_before(circle: Circle) -> None:
    now = circle.world.clock.now()
    circle.vouches(BARAKA, AMINA, days=0)

    assert circle.counting(AMINA, now + timedelta(hours=71, minutes=59)) == []
    assert circle.counting(AMINA, now + timedelta(hours=72, minutes=1)) == [BARAKA]


@pytest.mark.parametrize("state", ["asked", "declined", "lapsed", "removed", "left"])
def test_r_a04_only_who_has_accepted_counts(circle: Circle, state: str) -> None:
    circle.vouches(BARAKA, AMINA, state)

    assert circle.counting(AMINA) == []


def test_r_a04_who_is_blocked_does_not_count(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA)
    circle.set_status(BARAKA, "BLOCKED")

    assert circle.counting(AMINA) == []


def test_r_a04_of_two_who_vouch_for_each_other_neither_counts(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA)
    circle.vouches(AMINA, BARAKA)
    circle.vouches(CHEBET, AMINA)

    assert circle.counting(AMINA) == [CHEBET]
    assert circle.counting(BARAKA) == []
