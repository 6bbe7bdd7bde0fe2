"""What finding people costs: the staff's page against the bare SQL beneath it, few members and many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import LiteralString, TypeVar, cast

from werkzeug.test import Client

from admin import app as admin
from benchmarks import table
from benchmarks.ground import Ground
from ussd_app import bootstrap
from ussd_app.audit.service import THE_SYSTEM
from ussd_app.bootstrap import Built
from ussd_app.db.connection import Row
from ussd_app.db.work import Database
from ussd_app.office.people import People
from ussd_app.office.people_filter import PeopleFilter
from ussd_app.users.permissions import Role

_Statements = list[tuple[LiteralString, tuple[object, ...]]]
Asked = TypeVar("Asked")
FEW, MANY = 10_000, 1_000_000
ASKED = 400
WARM = 8
MEMBERS_ASKED = 15  # each in four ways

# Names as a country has them: some are common, most are not, and there are more where more live.
_CROWD = """
    SET session_replication_role = replica;
    DROP INDEX ix_member_words, ix_member_sorted;
    INSERT INTO member (id, phone, name, language, kind, status, tier, terms_at, joined_at)
    SELECT n, '+2547' || lpad((n * 7919 % 100000000)::text, 8, '0'),
        initcap(a[1 + h % 20] || b[1 + h / 20 % 20] || c[1 + h / 400 % 20]) || ' '
            || initcap(b[1 + h / 8000 % 20] || a[1 + h / 160000 % 20] || c[1 + h / 3200000 % 20]),
        CASE WHEN n % 3 = 0 THEN 'sw' ELSE 'en' END,
        (ARRAY['individual', 'individual', 'group', 'borrower', 'individual'])[1 + n % 5],
        'ACTIVE', 1 + h / 7 % 3, now(), now() - n * interval '1 minute'
    FROM (
        SELECT n, hashint8(n)::bigint + 2147483648 AS h FROM generate_series(1, {upto}::bigint) n
    ) x, (SELECT
        ARRAY['wa','mu','ki','a','o','che','nje','ka','bi','zu','fa','ju','ne','ti','le','mwa','nya','ru','si','da'] a,
        ARRAY['mi','nji','ra','ba','tie','ku','ge','lo','ma','pe','sha','to','vi','ngu','hi','ndo','yo','re','fu','za'] b,
        ARRAY['na','ru','no','ka','t','mbe','li','ri','ne','sa','bo','ki','la','mu','ra','ta','ya','wi','ni','di'] c
    ) parts;
    INSERT INTO pin (member, pepper, verifier, changed_at) SELECT id, 'k1', '-', now() FROM member;
    INSERT INTO account (token, kind, owner, balance, opened_at)
        SELECT (SELECT min(id) FROM token), 'member', id, id * 37 % 1000000, now() FROM member;
    CREATE INDEX ix_member_words ON member USING gin (name_keys(name)) WITH (fastupdate = off);
    CREATE INDEX ix_member_sorted ON member (name_fold(name COLLATE "C"), id);
    SET session_replication_role = origin
"""


@dataclass(frozen=True)
class _Side:
    """One population: its page and its SQL."""

    built: Built
    client: Client

    def page(self, query: Mapping[str, str]) -> None:
        answer = self.client.get("/people", base_url=HOST, query_string=query)
        assert answer.status_code == 200, answer.status

    def statements(self, query: Mapping[str, str]) -> _Statements:
        """What the page of people asks the database."""
        services, heard = self.built.services, _Heard(self.built.db)
        people = People(
            cast("Database", heard), self.built.clock, services.tokens, local=services.local
        )
        people.page(PeopleFilter.parse(query))
        return heard.statements

    def sql(self, statements: _Statements) -> None:
        """Ask the same, one after the other, and do nothing with the answers."""
        with self.built.db.reading() as reading:
            for statement, values in statements:
                reading.rows(statement, *values)


@dataclass
class _Heard:
    """A database that writes down what it is asked."""

    db: Database
    statements: _Statements = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[_Heard]:
        with self.db.reading() as reading:
            self.ask = reading.rows
            yield self

    def rows(self, query: LiteralString, *values: object) -> Sequence[Row]:
        self.statements.append((query, values))
        return self.ask(query, *values)

    def row(self, query: LiteralString, *values: object) -> Row | None:
        return next(iter(self.rows(query, *values)), None)

    def the_row(self, query: LiteralString, *values: object) -> Row:
        return self.rows(query, *values)[0]


HOST = "http://127.0.0.1:8000"


def measure(few: Ground, many: Ground) -> list[table.Row]:
    """The p95 of the page beside that of its SQL, and beside the same page with fewer members."""
    sides = [_side(few, FEW), _side(many, MANY)]
    rows = []
    for name, queries in {
        "a search": [_searches(side) for side in sides],
        "a filtered list": [_LISTS] * 2,
    }.items():
        small = _p95(sides[0].page, queries[0])
        large = _p95(sides[1].page, queries[1])
        bare = _p95(sides[1].sql, [sides[1].statements(query) for query in queries[1]])
        words = f"{name} of people, p95 ms with 1,000,000 members"
        rows += [
            table.Row(words, ours=large, beside="its bare SQL", theirs=bare, at_most=2.5),
            table.Row(words, ours=large, beside="with 10,000 members", theirs=small, at_most=1.3),
        ]
    for side in sides:
        side.built.db.close()
    return rows


_LISTS = [
    {"kind": "group", "sort": "name"},
    {"tier": "2", "language": "sw", "sort": "joined", "order": "down"},
    {"balance_from": "100", "balance_to": "9000", "pin": "ok"},
    {"status": "ACTIVE", "sort": "id", "order": "down"},
]


def _searches(side: _Side) -> list[dict[str, str]]:
    """Full names, some with a letter wrong, and numbers, by their last six digits and whole."""
    with side.built.db.reading() as reading:
        there = reading.rows(
            "SELECT name, phone FROM member WHERE id % 397 = 1 ORDER BY id LIMIT %s", MEMBERS_ASKED
        )
    asked: list[dict[str, str]] = []
    for name, phone in there:
        typo = name[:2] + name[3:]
        asked += [{"q": name}, {"q": typo}, {"q": phone[-6:]}, {"q": "0" + phone[4:]}]
    return asked


def _p95(ask: Callable[[Asked], None], queries: list[Asked]) -> float:
    took = []
    for n in range(WARM + ASKED):
        began = perf_counter()
        ask(queries[n % len(queries)])
        if n >= WARM:
            took.append((perf_counter() - began) * 1000)
    return sorted(took)[int(len(took) * 0.95)]


def _side(ground: Ground, members: int) -> _Side:
    with ground.admin() as postgres:
        postgres.execute(_CROWD.replace("{upto}", str(members)).encode())
        postgres.execute("VACUUM (ANALYZE) member")
        postgres.execute("VACUUM (ANALYZE) account")
        postgres.execute("VACUUM (ANALYZE) pin")
    built = bootstrap.build(ground.settings, name="bench")
    app = admin.create(ground.settings, built.services)
    client = app.test_client()
    with built.db.work() as work:
        user = built.services.users.create(
            work,
            email="bench@example.org",
            name="Bench",
            role=Role.ENROLLER,
            language="en",
            by=THE_SYSTEM,
        )
        work.run(
            "UPDATE user_account SET confirmed_at = now(), factor = 'authenticator' WHERE id = %s",
            user,
        )
        work.run(
            "INSERT INTO recovery_code (user_id, mac, made_at) VALUES (%s, 'on paper', now())", user
        )
    with client.session_transaction(base_url=HOST) as session:
        session["_user_id"] = built.services.users.get(user).uniquifier
        session["sid"] = built.services.user_sessions.begin(user, browser="bench")
    return _Side(built, client)
