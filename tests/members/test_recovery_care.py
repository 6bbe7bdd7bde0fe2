"""R-A05: for a day after a recovery little is sent and no guarantor is changed."""

from __future__ import annotations

import secrets

import pytest

from tests.members.circle import DAUDI, ESTHER
from tests.members.lost import Lost
from tests.people import AMINA, BARAKA
from ussd_app.errors import LimitReached
from ussd_app.ledger import service as ledger
from ussd_app.members.guarantor_policy import Careful
from ussd_app.transfers.payments import Order


def send(lost: Lost, tokens: int) -> None:
    payer, payee = lost.amina, lost.circle.ids[BARAKA]
    amount = lost.world.services.tokens.first.whole(tokens)
    lost.world.services.payments.send(Order(secrets.token_hex(8), payer, payee, amount))


@pytest.fixture
def recovered(lost: Lost) -> Lost:
    token, now = lost.world.services.tokens.first, lost.world.clock.now()
    with lost.world.db.work() as work:
        house = ledger.house_account(work, token.id, ledger.GRANTS, at=now)
        ledger.open_account(work, token.id, lost.circle.ids[BARAKA], at=now)
        wallet = ledger.open_account(work, token.id, lost.amina, at=now)
        ledger.move(work, "grant", source=house, target=wallet, amount=50_000, at=now)
    lost.ready()
    lost.finish()
    return lost


def test_r_a05_for_a_day_little_is_sent(recovered: Lost) -> None:
    with pytest.raises(LimitReached) as no:
        send(recovered, 21)
    send(recovered, 20)
    recovered.wait(hours=23, minutes=59)
    with pytest.raises(LimitReached):
        send(recovered, 21)

    recovered.wait(minutes=2)

    send(recovered, 400)
    assert no.value.remaining == 2000


def test_r_a05_for_a_day_no_guarantor_is_changed(recovered: Lost) -> None:
    trust = recovered.world.services.guarantors
    with pytest.raises(Careful):
        trust.ask(AMINA, ESTHER)
    with pytest.raises(Careful):
        trust.remove(AMINA, recovered.guaranties[DAUDI])

    recovered.wait(hours=25)

    trust.remove(AMINA, recovered.guaranties[DAUDI])


def test_r_a05_who_remembered_the_pin_is_careful_too(lost: Lost) -> None:
    lost.ready()
    lost.recoveries.unlock(AMINA, "7306")

    with lost.world.db.reading() as reading:
        careful = reading.rows("SELECT id FROM member WHERE careful_until IS NOT NULL")
    assert careful == [(lost.amina,)]
