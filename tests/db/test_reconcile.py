"""`reconcile` finds nothing in sound books, and each thing that is wrong by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.db.surgery import Surgeon
from tests.people import AMINA, BARAKA, CHEBET, World
from ussd_app.commands import reconcile
from ussd_app.commands.findings import OK, VIOLATED, WARNING, tell
from ussd_app.ledger import service as ledger
from ussd_app.transfers.payments import Order

Break = tuple[str, int, tuple[str, ...]]

ENOUGH = "no PIN was recovered without enough people who know its owner"

BREAKS: list[Break] = [
    (
        "every seal of the audit has its row",
        VIOLATED,
        ("INSERT INTO audit_seal VALUES (1, 999999, '')",),
    ),
    (
        "every row of the audit is sealed within minutes",
        WARNING,
        ("UPDATE audit SET at = at - interval '1 hour' WHERE action = 'transfer.sent'",),
    ),
    (
        "every posting sums to zero in each token",
        VIOLATED,
        ("UPDATE entry SET amount = amount + 1 WHERE leg = 2",),
    ),
    (
        "every posting sums to zero in each token",
        VIOLATED,
        ("UPDATE entry SET token = 2 WHERE leg = 2",),
    ),
    (
        "every posting has at least two legs",
        VIOLATED,
        ("INSERT INTO posting (kind, at) VALUES ('grant', now())",),
    ),
    (
        "every posting has at least two legs",
        VIOLATED,
        ("DELETE FROM entry WHERE leg = 2",),
    ),
    (
        "every leg belongs to a posting and to an account of its token",
        VIOLATED,
        ("DELETE FROM posting WHERE kind = 'transfer'",),
    ),
    (
        "every leg belongs to a posting and to an account of its token",
        VIOLATED,
        ("UPDATE entry SET token = 2",),
    ),
    (
        "every stored balance is the sum of its legs",
        VIOLATED,
        ("UPDATE account SET balance = balance + 1 WHERE owner = 1",),
    ),
    (
        "every stored balance is the sum of its legs",
        VIOLATED,
        ("DELETE FROM entry WHERE account = (SELECT id FROM account WHERE owner = 1)",),
    ),
    (
        "every leg's balance follows from the leg before",
        VIOLATED,
        ("UPDATE entry SET balance = balance + 1 WHERE balance IS NOT NULL AND leg = 1",),
    ),
    (
        "a balance is stored for an owner, and for an owner alone",
        VIOLATED,
        ("UPDATE account SET balance = NULL WHERE owner = 1",),
    ),
    (
        "no member owes, and nobody has less than is held",
        VIOLATED,
        (
            "ALTER TABLE account DROP CONSTRAINT ck_account_covered",
            "UPDATE account SET balance = -1 WHERE owner = 1",
        ),
    ),
    (
        "what is held is the sum of the open holds",
        VIOLATED,
        ("UPDATE account SET held = held + 5 WHERE owner = 1",),
    ),
    (
        "what is held is the sum of the open holds",
        VIOLATED,
        ("DELETE FROM hold",),
    ),
    (
        "a reversal is the opposite of one posting",
        VIOLATED,
        ("UPDATE posting SET reverses = reverses - 1 WHERE reverses IS NOT NULL",),
    ),
    (
        "a reversal is the opposite of one posting",
        VIOLATED,
        ("UPDATE posting SET reverses = 999999 WHERE reverses IS NOT NULL",),
    ),
    (
        "a reversal is the opposite of one posting",
        VIOLATED,
        (
            """
            INSERT INTO entry (posting, leg, account, token, amount, balance)
            SELECT p.id, 3, a.id, a.token, 5, 5 FROM posting p, account a
            WHERE p.reverses IS NOT NULL AND a.owner IS NULL
            """,
        ),
    ),
    (
        "every transfer moved its amount from payer to payee, once",
        VIOLATED,
        ("UPDATE transfer SET amount = amount + 1",),
    ),
    (
        "every transfer moved its amount from payer to payee, once",
        VIOLATED,
        ("UPDATE transfer SET payer = payee, payee = payer",),
    ),
    (
        "every posting of a transfer belongs to one",
        VIOLATED,
        ("DELETE FROM transfer",),
    ),
    (
        "both sides of every transfer are told, once each",
        VIOLATED,
        ("DELETE FROM message WHERE dedupe LIKE 'sent:%%'",),
    ),
    (
        "both sides of every transfer are told, once each",
        VIOLATED,
        ("DELETE FROM message WHERE dedupe LIKE 'received:%%'",),
    ),
    (
        "every transfer is in the audit",
        VIOLATED,
        ("DELETE FROM audit WHERE action = 'transfer.sent'",),
    ),
    (
        "every member has a PIN and a wallet: there are no halves",
        VIOLATED,
        ("DELETE FROM pin WHERE member = 1",),
    ),
    (
        "every member has a PIN and a wallet: there are no halves",
        VIOLATED,
        ("UPDATE account SET owner = 999 WHERE owner = 1",),
    ),
    (
        "every member was welcomed once",
        VIOLATED,
        ("DELETE FROM message WHERE dedupe = 'welcome:1'",),
    ),
    (
        "nobody is a member and still joining",
        VIOLATED,
        (
            """
            INSERT INTO registration (id, phone, language, began_at, touched_at)
            SELECT 999, phone, 'en', now(), now() FROM member WHERE id = 1
            """,
        ),
    ),
    (
        "who is invited has an open invitation, and nobody else has one",
        VIOLATED,
        ("UPDATE member SET status = 'INVITED' WHERE id = 1",),
    ),
    (
        "who is invited has an open invitation, and nobody else has one",
        VIOLATED,
        (
            """
            INSERT INTO invitation (member, tenant, kind, made_at, expires_at)
            VALUES (1, 1, 'borrower', now(), now())
            """,
        ),
    ),
    (
        "nobody but a guarantor of the owner vouched",
        VIOLATED,
        ("UPDATE vote SET voter = 1 WHERE voter = 2",),
    ),
    (
        "nobody but a guarantor of the owner vouched",
        VIOLATED,
        ("UPDATE guarantor SET ward = 3 WHERE guarantor = 2",),
    ),
    *(
        (ENOUGH, VIOLATED, (statement,))
        for statement in (
            "DELETE FROM vote WHERE voter = 2",
            "UPDATE vote SET vouches = false WHERE voter = 2",
            "UPDATE guarantor SET accepted_at = now() WHERE guarantor = 2",
            "UPDATE guarantor SET ended_at = now() - interval '1 day' WHERE guarantor = 2",
            "UPDATE recovery SET path = 'people'",
            """
            WITH word AS (DELETE FROM vote RETURNING recovery, at)
            INSERT INTO approval (recovery, approver, at, why)
            SELECT DISTINCT recovery, 'staff:7', at, 'x' FROM word LIMIT 1
            """,
        )
    ),
    (
        "every SMS that is under way has an errand",
        VIOLATED,
        ("UPDATE message SET state = 'waiting'",),
    ),
    (
        "no SMS keeps its secret once it has left",
        VIOLATED,
        ("UPDATE message SET sealed = 'x'",),
    ),
    (
        "every letter that is under way has an errand",
        VIOLATED,
        (
            """
            INSERT INTO letter (dedupe, kind, address, subject, body, made_at, valid_until)
            VALUES ('x', 'x', 'x@example.org', 'x', 'x', now(), now())
            """,
        ),
    ),
    (
        "no letter keeps its secret once it has left",
        VIOLATED,
        (
            """
            INSERT INTO letter (dedupe, kind, address, subject, body, sealed, state, made_at,
                valid_until)
            VALUES ('x', 'x', 'x@example.org', 'x', 'x', 'x', 'sent', now(), now())
            """,
        ),
    ),
    (
        "no SMS is late by more than an hour",
        WARNING,
        (
            "UPDATE message SET state = 'waiting', valid_until = now() - interval '61 minutes'",
            "INSERT INTO errand (kind, subject, due_at) SELECT 'sms', id, now() FROM message",
        ),
    ),
    (
        "no errand was given up",
        WARNING,
        ("INSERT INTO errand (kind, subject, state, due_at) VALUES ('sms', 0, 'dead', now())",),
    ),
    (
        "no errand is overdue by more than two minutes",
        WARNING,
        (
            """
            INSERT INTO errand (kind, subject, due_at)
            VALUES ('sms', 0, now() - interval '121 seconds')
            """,
        ),
    ),
]


@pytest.fixture
def lived_in(world: World) -> World:
    """A world with some of everything, all of it in order."""
    amina, baraka = world.join(AMINA, "Amina", tokens=200), world.join(BARAKA, "Baraka")
    token, now, services = world.services.tokens.first, world.clock.now(), world.services
    for key in ("one", "two"):
        services.payments.send(Order(key, amina, baraka, token.whole(5), repeat=True))
    services.payments.became(amina, "given up")
    with world.db.work() as work:
        wallet = ledger.open_account(work, token.id, amina, at=now)
        house = ledger.house_account(work, token.id, ledger.GRANTS, at=now)
        gift = ledger.move(work, "gift", source=wallet, target=house, amount=300, at=now)
        ledger.reverse(work, gift.posting, at=now)
        for key in ("posted", "voided", "open"):
            hold = ledger.hold(work, key, account=wallet, amount=100, at=now)
            if key == "posted":
                ledger.post_hold(work, hold, "withdrawal", target=house, at=now)
            if key == "voided":
                ledger.void_hold(work, hold, at=now)
    lose_and_recover(world, amina, (baraka, world.join(CHEBET, "Chebet")))
    world.run_errands()
    return world


def lose_and_recover(world: World, amina: int, guarantors: tuple[int, int]) -> None:
    then, recoveries = world.clock.now() - timedelta(days=4), world.services.recoveries
    with world.db.work() as work:
        for guarantor in guarantors:
            work.run(
                """
                INSERT INTO guarantor (ward, guarantor, state, asked_at, accepted_at)
                VALUES (%s, %s, 'accepted', %s, %s)
                """,
                amina,
                guarantor,
                then,
                then,
            )
    recovery = recoveries.open(AMINA).id
    for phone in (BARAKA, CHEBET):
        recoveries.vote(phone, recovery, vouches=True)
    world.clock.advance(minutes=61)
    world.run_errands()
    recoveries.finish(AMINA, world.services.pins.candidate(AMINA, "4815"))


def gravities(world: World) -> dict[str, int]:
    return {found.name: found.grave for found in reconcile.findings(world.db)}


def test_an_empty_world_is_in_order(world: World) -> None:
    assert set(gravities(world).values()) == {OK}


def test_a_world_that_was_lived_in_is_in_order(lived_in: World) -> None:
    assert set(gravities(lived_in).values()) == {OK}


@pytest.mark.parametrize(
    "broken", BREAKS, ids=[f"{number}-{one[0]}" for number, one in enumerate(BREAKS)]
)
def test_what_is_wrong_is_found_by_its_name(
    lived_in: World,
    surgeon: Surgeon,
    capsys: pytest.CaptureFixture[str],
    broken: Break,
) -> None:
    name, grave, statements = broken
    for statement in statements:
        if statement.startswith("ALTER"):
            surgeon.cut(statement)
        else:
            surgeon.run(statement)

    found = reconcile.findings(lived_in.db)
    code = tell(found, as_json=True)

    (this,) = [one for one in found if one.name == name]
    assert (this.grave, this.seen != "") == (grave, True)
    assert code == max(one.grave for one in found) >= grave
    assert json.loads(capsys.readouterr().out)["state"] == ("VIOLATED", "warning")[code == WARNING]


def test_each_invariant_is_broken_here() -> None:
    assert {name for name, _grave, _statements in BREAKS} == {
        invariant.name for invariant in reconcile.INVARIANTS
    }


def test_a_warning_alone_is_no_violation(lived_in: World, surgeon: Surgeon) -> None:
    surgeon.run("INSERT INTO errand (kind, subject, state, due_at) VALUES ('x', 0, 'dead', now())")

    assert set(gravities(lived_in).values()) == {OK, WARNING}


def test_the_first_few_rows_are_shown_and_all_are_counted(
    lived_in: World, surgeon: Surgeon
) -> None:
    for _ in range(7):
        surgeon.run("INSERT INTO posting (kind, at) VALUES ('grant', now())")

    (found,) = [one for one in reconcile.findings(lived_in.db) if one.grave]

    assert found.seen.startswith("7: ")
    assert len(found.seen.split(", ")) == 5


def test_looking_changes_nothing(lived_in: World, surgeon: Surgeon) -> None:
    before = surgeon.snapshot()

    reconcile.findings(lived_in.db)

    assert surgeon.snapshot() == before


def run_the_command(world: World, var: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ussd_app.cli", "reconcile", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=var,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "APP_ENV": "test",
            "VAR_FOLDER": str(var / "var"),
            "DATABASE_URL": world.settings.database_url,
            "REDIS_URL": world.settings.redis_url,
            "AT_USERNAME": "tests",
            "AT_API_KEY": "simulated-key",
            **changed,
        },
    )


@pytest.mark.parametrize(("statement", "code"), [("SELECT 1", 0), ("DELETE FROM pin", 2)])
def test_the_command_ends_with_what_was_found(
    lived_in: World, surgeon: Surgeon, tmp_path: Path, statement: str, code: int
) -> None:
    surgeon.run(statement)

    done = run_the_command(lived_in, tmp_path)

    assert (done.returncode, done.stderr) == (code, "")
    assert len(json.loads(done.stdout)["findings"]) == len(reconcile.INVARIANTS)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none", "PostgreSQL does not answer"),
        ("DATABASE_URL", "{empty}", "run `ussd-app db upgrade` first"),
        ("TOKEN_DECIMALS", "many", "TOKEN_DECIMALS must be a whole number"),
    ],
)
def test_books_that_cannot_be_read_are_not_in_order(
    world: World, tmp_path: Path, name: str, value: str, why: str
) -> None:
    empty = make_url(world.settings.database_url).set(database="postgres")

    done = run_the_command(
        world, tmp_path, **{name: value.format(empty=empty.render_as_string(hide_password=False))}
    )

    assert (done.returncode, done.stderr) == (VIOLATED, "")
    told = json.loads(done.stdout)
    assert told["state"] == "VIOLATED"
    assert why in told["findings"][0]["seen"]
