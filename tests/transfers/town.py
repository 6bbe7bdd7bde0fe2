"""Two who pay each other, and what they may."""

from __future__ import annotations

from dataclasses import dataclass

from tests.people import AMINA, BARAKA, World
from ussd_app.transfers.payments import Order, Receipt
from ussd_app.values import Phone

AMINAS, BARAKAS = 1000, 50  # whole tokens


@dataclass
class Town:
    """Amina Wanjiru, who has 1,000 and speaks English; Baraka Otieno, who has 50 and Swahili."""

    world: World
    amina: int = 0
    baraka: int = 0

    def settle(self) -> None:
        self.amina = self.world.join(AMINA, "Amina Wanjiru", tokens=AMINAS)
        self.baraka = self.world.join(BARAKA, "Baraka Otieno", tokens=BARAKAS, language="sw")

    def order(
        self,
        tokens: int,
        *,
        key: str = "a-key",
        payer: int | None = None,
        payee: int | None = None,
        repeat: bool = False,
    ) -> Order:
        return Order(
            key=key,
            payer=self.amina if payer is None else payer,
            payee=self.baraka if payee is None else payee,
            amount=self.world.services.tokens.first.whole(tokens),
            repeat=repeat,
        )

    def pay(
        self,
        tokens: int,
        *,
        key: str = "a-key",
        payer: int | None = None,
        payee: int | None = None,
        repeat: bool = False,
    ) -> Receipt:
        order = self.order(tokens, key=key, payer=payer, payee=payee, repeat=repeat)
        return self.world.services.payments.send(order)

    def neighbour(self, number: int, *, tokens: int = 50, tier: int = 2) -> int:
        """One more member."""
        phone = Phone(f"+2547110000{number:02}")
        return self.world.join(
            phone, f"Neema {'ABCDEFGHIJ'[number % 10]}", tokens=tokens, tier=tier
        )

    def sms(self, phone: str) -> list[str]:
        """What this phone got since last asked, but for the welcome."""
        got = self.world.sms(phone)
        return [text for text in got if not text.startswith(("Welcome", "Karibu"))]

    def balance(self, member: int) -> int:
        """In whole tokens."""
        return self.world.services.statements.balance(member).units // 100

    def count(self, table: str) -> int:
        with self.world.db.reading() as reading:
            return int(reading.the_row(f"SELECT count(*) FROM {table}")[0])

    def set_status(self, member: int, status: str) -> None:
        with self.world.db.work() as work:
            work.run("UPDATE member SET status = %s WHERE id = %s", status, member)

    def limit(
        self,
        value: int,
        *,
        span: str = "transfer",
        tier: int | None = None,
        token: int | None = None,
        direction: str = "out",
        days: tuple[float, float | None] = (-1, None),
    ) -> None:
        """Have this rule, in force from so many days from now until so many."""
        measure = "amount" if direction == "out" else "balance_after"
        with self.world.db.work() as work:
            work.run(
                """
                INSERT INTO limit_rule
                    (code, tier, token, direction, measure, span, value, active_from, active_to)
                SELECT 'OWN-' || count(*), %s, %s, %s, %s, %s, %s, %s + %s * interval '1 day',
                    %s + %s::float * interval '1 day' FROM limit_rule
                """,
                tier,
                token,
                direction,
                measure,
                span,
                value,
                self.world.clock.now(),
                days[0],
                self.world.clock.now(),
                days[1],
            )

    def no_limits(self) -> None:
        with self.world.db.work() as work:
            work.run("DELETE FROM limit_rule")
