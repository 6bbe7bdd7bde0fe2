"""People who know each other, and who vouches for whom."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.people import AMINA, BARAKA, CHEBET, World
from ussd_app import bootstrap
from ussd_app.members.guarantor_policy import Policy
from ussd_app.members.guarantors import Guarantors
from ussd_app.values import Phone

DAUDI, ESTHER = Phone("+254700000004"), Phone("+254700000005")
OTHERS = [Phone(f"+2547000001{number:02}") for number in range(20)]


class Circle:
    """People who know each other, and who vouches for whom, written past the application."""

    def __init__(self, world: World) -> None:
        self.world, self.trust = world, world.services.guarantors
        people = {AMINA: "Amina Wanjiru", BARAKA: "Baraka Otieno", CHEBET: "Chebet Kirui"}
        people |= {DAUDI: "Daudi Mwangi", ESTHER: "Esther Njeri"}
        people |= dict.fromkeys(OTHERS, "Farida Hassan")
        now = world.clock.now()
        with world.db.work() as work:
            for phone, name in people.items():
                work.run(
                    """
                    INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)
                    VALUES (nextval('member_id'), %s, %s, 'en', 'ACTIVE', 2, %s, %s)
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

    def demand(self, policy: Policy) -> None:
        """As the same house with other settings."""
        was, services = self.world, self.world.services
        self.trust = Guarantors(
            was.db,
            was.clock,
            services.members,
            services.messages,
            policy=policy,
            local=services.local,
            signature=bootstrap.constants_of(was.settings),
        )

    def ask(self, guarantor: Phone, ward: Phone = AMINA) -> int:
        """The ward asks; the number of the request."""
        self.trust.ask(ward, guarantor)
        request = self.trust.asked(guarantor)
        assert request
        return request.id

    def agree(self, guarantor: Phone, ward: Phone = AMINA) -> int:
        """Asked and accepted."""
        guaranty = self.ask(guarantor, ward)
        self.trust.answer(guarantor, guaranty, accepts=True)
        return guaranty

    def be_careful(self, phone: Phone, *, hours: int) -> datetime:
        until = self.world.clock.now() + timedelta(hours=hours)
        with self.world.db.work() as work:
            work.run("UPDATE member SET careful_until = %s WHERE phone = %s", until, phone)
        return until

    def state(self, guaranty: int) -> str:
        with self.world.db.reading() as reading:
            (state,) = reading.the_row("SELECT state FROM guarantor WHERE id = %s", guaranty)
        return str(state)

    def all_states(self) -> list[str]:
        with self.world.db.reading() as reading:
            return [state for (state,) in reading.rows("SELECT state FROM guarantor ORDER BY id")]

    def told(self, *phones: Phone) -> list[list[str]]:
        """What each was told by SMS since last asked."""
        return [self.world.sms(phone) for phone in phones]

    def hour(self, **after: float) -> str:
        """The day and hour so long after now, as they are shown."""
        local = self.world.services.local
        return local.day_and_hour(self.world.clock.now() + timedelta(**after))

    def counting(self, ward: Phone, at: datetime | None = None) -> list[Phone]:
        with self.world.db.reading() as reading:
            found = self.trust.counting(reading, self.ids[ward], at or self.world.clock.now())
        return [one.phone for one in found]
