"""The books are written by their own functions alone, and never changed."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests.people import AMINA, BARAKA, World
from ussd_app.embedded.postgres import APP, OWNER
from ussd_app.embedded.stores import Stores

CHANGES = {
    "posting": "UPDATE posting SET kind = 'grant'",
    "entry": "UPDATE entry SET amount = amount",
    "audit": "UPDATE audit SET action = 'nothing'",
    "audit_seal": "UPDATE audit_seal SET hash = ''",
}

REMOVALS = [f"DELETE FROM {table}" for table in CHANGES]
CLEARANCES = [f"TRUNCATE {table}" for table in CHANGES]

WRITTEN_PAST_THE_FUNCTIONS = [
    "INSERT INTO posting (kind, at) VALUES ('grant', now())",
    "INSERT INTO entry (posting, leg, account, token, amount) VALUES (1, 3, 1, 1, 5)",
    "INSERT INTO account (token, kind, owner, balance, opened_at) VALUES (1, 'm', 9, 9, now())",
    "INSERT INTO hold (key, account, amount, made_at) VALUES ('x', 1, 1, now())",
    "UPDATE account SET balance = balance + 1",
    "UPDATE account SET held = 0",
    "UPDATE hold SET state = 'voided'",
    "DELETE FROM account",
    "DELETE FROM hold",
    "TRUNCATE account",
    "TRUNCATE hold",
    "ALTER TABLE entry DISABLE TRIGGER ALL",
    "DROP TRIGGER append_only_rows ON posting",
    "SET session_replication_role = replica",
    "CREATE FUNCTION ledger_open(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
]


def allowed(url: str, *statements: str) -> list[str]:
    """Those of the statements that were not refused for want of the right to do them."""
    done = []
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            try:
                connection.execute(sql.SQL(statement))
            except psycopg.errors.InsufficientPrivilege:
                continue
            done.append(statement)
    return done


@pytest.fixture
def with_a_history(world: World) -> World:
    """Rows in every book: what stands nowhere cannot be changed either."""
    world.join(AMINA, "Amina Wanjiru", tokens=200)
    world.join(BARAKA, "Baraka Otieno")
    world.services.audit_chain.seal()
    return world


@pytest.mark.parametrize("role", [APP, OWNER])
def test_nobody_changes_what_is_written(
    stores: Stores, database: str, with_a_history: World, role: str
) -> None:
    assert stores.postgres

    assert allowed(stores.postgres.url(role, database), *CHANGES.values()) == []


@pytest.mark.parametrize("role", [APP, OWNER])
def test_nobody_takes_away_what_is_written(
    stores: Stores, database: str, with_a_history: World, role: str
) -> None:
    assert stores.postgres

    assert allowed(stores.postgres.url(role, database), *REMOVALS, *CLEARANCES) == []


def test_who_serves_writes_the_books_by_their_functions_alone(
    stores: Stores, database: str, with_a_history: World
) -> None:
    assert stores.postgres

    assert allowed(stores.postgres.url(APP, database), *WRITTEN_PAST_THE_FUNCTIONS) == []


@pytest.mark.parametrize(
    ("leg", "amount"), [(3, 5), (3, 0), (0, 5), (-1, 5)], ids=["more", "nothing", "zeroth", "minus"]
)
def test_even_the_owner_adds_no_leg_that_does_not_balance(
    stores: Stores, database: str, with_a_history: World, leg: int, amount: int
) -> None:
    assert stores.postgres
    with psycopg.connect(stores.postgres.url(OWNER, database)) as owner:
        owner.execute(
            """
            INSERT INTO entry (posting, leg, account, token, amount)
            SELECT posting, %s, account, token, %s FROM entry LIMIT 1
            """,
            [leg, amount],
        )
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="not balance"):
            owner.commit()


def write(owner: psycopg.Connection, legs: list[tuple[int, int]]) -> None:
    """A posting of these legs (number, amount) of one account, past every function."""
    owner.execute(
        """
        WITH made AS (INSERT INTO posting (kind, at) VALUES ('grant', now()) RETURNING id),
            own AS (SELECT id, token FROM account LIMIT 1)
        INSERT INTO entry (posting, leg, account, token, amount)
        SELECT made.id, leg, own.id, own.token, amount
        FROM made, own, unnest(%s::smallint[], %s::bigint[]) AS legs(leg, amount)
        """,
        [[leg for leg, _amount in legs], [amount for _leg, amount in legs]],
    )


@pytest.mark.parametrize(
    "amounts",
    [[], [5], [5, 5], [5, -4], [0, 0], [5, -5, 0], [5, -5, 3], [5, -5, 3, -4], [5, -4, -2]],
    ids=[
        "none",
        "one",
        "doubled",
        "short",
        "nothing",
        "two and nothing",
        "two and one",
        "two and two",
        "three",
    ],
)
def test_even_the_owner_writes_no_posting_that_does_not_balance(
    stores: Stores, database: str, with_a_history: World, amounts: list[int]
) -> None:
    assert stores.postgres
    with psycopg.connect(stores.postgres.url(OWNER, database)) as owner:
        write(owner, list(enumerate(amounts, 1)))
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="not balance"):
            owner.commit()


@pytest.mark.parametrize("first", [0, 2])
def test_even_the_owner_numbers_legs_from_one(
    stores: Stores, database: str, with_a_history: World, first: int
) -> None:
    assert stores.postgres
    with psycopg.connect(stores.postgres.url(OWNER, database)) as owner:
        write(owner, [(first, 5), (first + 1, -5)])
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="not balance"):
            owner.commit()


def test_even_the_owner_gives_no_posting_two_legs_of_two_tokens(
    stores: Stores, database: str, with_a_history: World
) -> None:
    assert stores.postgres
    with psycopg.connect(stores.postgres.url(OWNER, database)) as owner:
        owner.execute("""
            WITH made AS (INSERT INTO posting (kind, at) VALUES ('grant', now()) RETURNING id)
            INSERT INTO entry (posting, leg, account, token, amount)
            SELECT made.id, leg, 1, leg, amount
            FROM made, (VALUES (1, 5), (2, -5)) AS legs(leg, amount)
        """)
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="not balance"):
            owner.commit()


@pytest.mark.parametrize(("owner_id", "balance"), [("7", "NULL"), ("NULL", "0")])
def test_even_the_owner_opens_no_account_with_a_balance_of_nobody(
    stores: Stores, database: str, with_a_history: World, owner_id: str, balance: str
) -> None:
    assert stores.postgres
    with (
        psycopg.connect(stores.postgres.url(OWNER, database)) as owner,
        pytest.raises(psycopg.errors.CheckViolation, match="for an owner alone"),
    ):
        owner.execute(
            "INSERT INTO account (token, kind, owner, balance, opened_at)"
            f" VALUES (1, 'odd', {owner_id}, {balance}, now())".encode()
        )


def test_even_the_owner_gives_nobody_less_than_nothing(
    stores: Stores, database: str, with_a_history: World
) -> None:
    assert stores.postgres
    with (
        psycopg.connect(stores.postgres.url(OWNER, database)) as owner,
        pytest.raises(psycopg.errors.CheckViolation, match="ck_account_covered"),
    ):
        owner.execute("UPDATE account SET balance = -1 WHERE balance IS NOT NULL")


@pytest.mark.parametrize("schema", ["pg_temp", "public"])
@pytest.mark.parametrize("table", ["account", "posting", "entry"])
def test_a_table_of_ones_own_does_not_stand_in_for_the_books(
    stores: Stores, database: str, with_a_history: World, schema: str, table: str
) -> None:
    assert stores.postgres
    books, own = sql.Identifier("public", table), sql.Identifier("pg_temp", table)
    added = sql.SQL("SELECT count(*) FROM (TABLE {} EXCEPT TABLE {}) AS added")
    with psycopg.connect(stores.postgres.url(APP, database), autocommit=True) as app:
        app.execute(sql.SQL("CREATE TEMPORARY TABLE {} AS TABLE {}").format(own, books))
        app.execute(sql.SQL("SET search_path = {}, public").format(sql.Identifier(schema)))
        app.execute("""
            SELECT public.ledger_move('grant', now(), house.id, own.id, 5)
            FROM public.account house, public.account own
            WHERE house.owner IS NULL AND own.owner IS NOT NULL LIMIT 1
        """)

        in_books = app.execute(added.format(books, own)).fetchone()
        in_own = app.execute(added.format(own, books)).fetchone()
        assert in_books == ({"account": 1, "posting": 1, "entry": 2}[table],)
        assert in_own == ({"account": 1, "posting": 0, "entry": 0}[table],)  # the old balance
