"""R-A02, R-C02: a code is sent to one number, tried five times, right once, and kept nowhere."""

from __future__ import annotations

import io
import itertools
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import structlog

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import FAILS_AT_COMMIT, Surgeon
from tests.members.test_pin_secrecy import disguises, stored
from tests.messages.post import Post
from tests.people import AMINA, BARAKA, CHEBET, World
from ussd_app import bootstrap, log
from ussd_app.commands import reconcile
from ussd_app.errors import Invalid, LimitReached
from ussd_app.messages.codes import CONFIRMATION_LIFE, TRIES, Caps, CodeGone, Codes, CodeWrong
from ussd_app.messages.service import Draft, OptedOut
from ussd_app.messages.sms import Accepted, Sms
from ussd_app.seal import Sealer
from ussd_app.text import Text
from ussd_app.values import Phone

PURPOSE, SUBJECT = "trial", 7
DAY = timedelta(hours=24)


@dataclass
class Desk:
    """Sends codes, and knows what their SMS say."""

    world: World

    @property
    def codes(self) -> Codes:
        return self.world.services.codes

    def send(
        self,
        phone: Phone = AMINA,
        *,
        purpose: str = PURPOSE,
        subject: int = SUBJECT,
        life: timedelta = CONFIRMATION_LIFE,
        asker: int | None = None,
    ) -> int:
        draft = Draft("trial", "code", phone, "en", Text("Your code is {code}."))
        with self.world.db.work() as work:
            return self.codes.send(
                work, draft, purpose=purpose, subject=subject, life=life, asker=asker
            )

    def sent(
        self,
        phone: Phone = AMINA,
        *,
        life: timedelta = CONFIRMATION_LIFE,
        asker: int | None = None,
    ) -> tuple[int, str]:
        """A code's id and what its SMS said."""
        code = self.send(phone, life=life, asker=asker)
        (text,) = self.world.sms(phone)
        found = re.search(r"(?<!\d)\d{6}(?!\d)", text)
        assert found
        return code, found[0]

    def judge(self, code: int, typed: str, by: str = AMINA) -> None:
        self.codes.judge(code, typed, by=by)

    def use(self, code: int, purpose: str = PURPOSE, subject: int = SUBJECT) -> None:
        with self.world.db.work() as work:
            self.codes.use(work, code, purpose=purpose, subject=subject)

    def row(self, code: int, column: str) -> object:
        with self.world.db.reading() as reading:
            return reading.the_row(f"SELECT {column} FROM one_time_code WHERE id = %s", code)[0]


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def other(digits: str) -> str:
    """Six digits that are not these."""
    return f"{(int(digits) + 1) % 1_000_000:06}"


def restarted(world: World, *, a_day: int = 100) -> Codes:
    """Another process's, of the same house."""
    settings = replace(world.settings, invitations_a_day=a_day)
    sms = bootstrap.sms_of(settings)
    services = bootstrap.services_of(
        settings, db=world.db, clock=world.clock, sms=sms, lines=world.lines, slots=2
    )
    return services.codes


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Everything that is logged, down to the least."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    sink = io.StringIO()
    log.configure("debug", sink)
    yield sink
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def test_r_a02_a_right_code_allows_its_deed_once(desk: Desk) -> None:
    code, digits = desk.sent()

    desk.judge(code, digits)
    desk.use(code)

    with pytest.raises(CodeGone):
        desk.judge(code, digits)
    with pytest.raises(CodeGone):
        desk.use(code)


def test_r_a02_twenty_right_codes_at_once_admit_once(desk: Desk) -> None:
    code, digits = desk.sent()

    def admit(_: int) -> None:
        insist(lambda: desk.judge(code, digits))
        insist(lambda: desk.use(code))

    told = crowd(20, admit)

    assert len(given(told)) == 1
    assert {type(error) for error in raised(told)} == {CodeGone}


def test_r_a02_of_many_wrong_codes_at_once_five_are_judged(desk: Desk) -> None:
    code, digits = desk.sent()

    told = crowd(25, lambda _: insist(lambda: desk.judge(code, other(digits))))

    judged = [error.tries_left for error in raised(told) if isinstance(error, CodeWrong)]
    assert sorted(judged) == [0, 1, 2, 3, 4]
    assert len([error for error in raised(told) if isinstance(error, CodeGone)]) == 20
    assert (desk.row(code, "tries"), desk.row(code, "state")) == (TRIES, "burnt")


def test_r_a02_the_fifth_wrong_code_burns_it(desk: Desk) -> None:
    code, digits = desk.sent()
    left = []
    for _ in range(TRIES):
        with pytest.raises(CodeWrong) as wrong:
            desk.judge(code, other(digits))
        left.append(wrong.value.tries_left)

    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(CodeGone):
        desk.judge(code, digits)
    assert desk.codes.live(AMINA, PURPOSE) is None


class DeadSealer(Sealer):
    """Its process dies when it is to judge."""

    def __init__(self) -> None:
        super().__init__(data_key=bytes(32), index_key=bytes(32))

    def name(self, *parts: str) -> bytes:
        raise MemoryError


def test_r_a02_a_try_is_charged_before_it_is_judged(desk: Desk) -> None:
    code, digits = desk.sent()
    world = desk.world
    dying = Codes(world.db, world.clock, world.services.messages, DeadSealer(), caps=Caps())
    for _ in range(TRIES):
        with pytest.raises(MemoryError):
            dying.judge(code, digits, by=AMINA)

    with pytest.raises(CodeGone):
        desk.judge(code, digits)


class MeetingSealer(Sealer):
    """Lets as many judge at the very same moment as have tries."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer, self._gate = sealer, threading.Barrier(TRIES)

    def name(self, *parts: str) -> bytes:
        self._gate.wait(30)
        return self._sealer.name(*parts)


def test_r_a02_of_five_right_codes_judged_at_once_one_is_right(desk: Desk) -> None:
    code, digits = desk.sent()
    world = desk.world
    sealer = MeetingSealer(desk.codes._sealer)
    codes = Codes(world.db, world.clock, world.services.messages, sealer, caps=Caps())

    told = crowd(TRIES, lambda _: codes.judge(code, digits, by=AMINA))

    assert len(given(told)) == 1
    assert {type(error) for error in raised(told)} == {CodeGone}


def test_r_a02_ten_thousand_guesses_never_pass(desk: Desk) -> None:
    """Over codes of several days, with restarts and an empty Redis in between."""
    world, codes, wrong, number, guesses = desk.world, desk.codes, 0, 0, 0
    while guesses < 10_000:
        try:
            code, digits = desk.sent()
        except LimitReached as limit:
            world.clock.advance(seconds=limit.remaining or 1800)
            continue
        number += 1
        for guess in itertools.islice(itertools.cycle((other(digits), "000000", digits)), 500):
            guesses += 1
            wrong_left = wrong < TRIES * number
            try:
                codes.judge(code, other(digits) if wrong_left else guess, by=AMINA)
            except CodeWrong:
                wrong += 1
            except CodeGone:
                continue
            else:
                raise AssertionError("a guess has passed")
        world.redis.flushall()
        codes = restarted(world)

    assert (wrong, number) == (20 * TRIES, 20)
    with world.db.reading() as reading:
        (hour, day) = reading.the_row("""
            SELECT max(hour), max(day) FROM (SELECT
                count(*) OVER (ORDER BY made_at RANGE '1 hour' PRECEDING EXCLUDE NO OTHERS) AS hour,
                count(*) OVER (ORDER BY made_at RANGE '24 hours' PRECEDING) AS day
                FROM one_time_code) counted
        """)
    assert (hour, day) == (3, 10)


@pytest.mark.parametrize("life", [CONFIRMATION_LIFE, DAY])
def test_r_a02_a_code_lives_no_longer_than_was_said(desk: Desk, life: timedelta) -> None:
    code, digits = desk.sent(life=life)
    desk.world.clock.advance(seconds=life.total_seconds() - 1)
    alive = desk.codes.live(AMINA, PURPOSE)
    desk.world.clock.advance(seconds=1)

    assert (alive, desk.codes.live(AMINA, PURPOSE)) == (code, None)
    with pytest.raises(CodeGone):
        desk.judge(code, digits)


@pytest.mark.parametrize(("life", "lasts"), [(CONFIRMATION_LIFE, CONFIRMATION_LIFE), (DAY, DAY)])
@pytest.mark.parametrize("late", [False, True])
def test_r_a02_a_right_code_waits_for_its_deed_no_longer_than_it_may(
    desk: Desk, life: timedelta, lasts: timedelta, late: bool
) -> None:
    code, digits = desk.sent(life=life)
    desk.judge(code, digits)
    desk.world.clock.advance(seconds=lasts.total_seconds() - 1 + 2 * late)

    if late:
        with pytest.raises(CodeGone):
            desk.use(code)
    else:
        desk.use(code)


@pytest.mark.parametrize(("purpose", "subject"), [("another", SUBJECT), (PURPOSE, SUBJECT + 1)])
def test_r_a02_a_code_allows_nothing_else(desk: Desk, purpose: str, subject: int) -> None:
    code, digits = desk.sent()
    desk.judge(code, digits)

    with pytest.raises(CodeGone):
        desk.use(code, purpose, subject)

    desk.use(code)


def test_r_a02_a_code_that_was_not_typed_allows_nothing(desk: Desk) -> None:
    code, _digits = desk.sent()

    with pytest.raises(CodeGone):
        desk.use(code)


@pytest.mark.parametrize("wording", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])
def test_r_a02_a_digest_is_bound_to_all_that_a_code_is_for(
    desk: Desk, surgeon: Surgeon, wording: tuple[int, ...]
) -> None:
    """As if somebody who writes to the table turned a code of theirs into another's."""
    code, digits = desk.sent()
    phone, purpose, subject, digest = wording
    surgeon.run(
        """
        UPDATE one_time_code SET phone = %s, purpose = %s, subject = %s, digest = digest || %s
        """,
        BARAKA if phone else AMINA,
        "another" if purpose else PURPOSE,
        SUBJECT + subject,
        b"x" if digest else b"",
    )

    with pytest.raises(CodeWrong):
        desk.judge(code, digits, by=BARAKA if phone else AMINA)


def test_r_a02_only_its_number_or_its_asker_may_type_a_code(desk: Desk) -> None:
    asker = desk.world.join(BARAKA, "Baraka")
    code, digits = desk.sent(asker=asker)

    with pytest.raises(CodeGone):
        desk.judge(code, digits, by=CHEBET)
    tries = desk.row(code, "tries")
    desk.judge(code, digits, by=BARAKA)

    assert (tries, desk.row(code, "state")) == (0, "right")


def test_r_a02_a_code_without_an_asker_is_for_its_number_alone(desk: Desk) -> None:
    code, digits = desk.sent()

    with pytest.raises(CodeGone):
        desk.judge(code, digits, by="+254799999999")


@pytest.mark.parametrize("form", ["{0} {1}", "{0}-{1}", " {0}{1} ", "{0} - {1}", "{0}\u00a0{1}"])
def test_r_a02_a_code_may_be_typed_as_people_do(desk: Desk, form: str) -> None:
    code, digits = desk.sent()

    desk.judge(code, form.format(digits[:3], digits[3:]))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "1234.56", "************"])
def test_r_a02_what_is_no_code_costs_no_try(desk: Desk, typed: str) -> None:
    code, _digits = desk.sent()

    with pytest.raises(Invalid):
        desk.judge(code, typed)

    assert desk.row(code, "tries") == 0


def test_r_a02_a_newer_code_replaces_the_one_before(desk: Desk) -> None:
    first, digits = desk.sent()
    desk.world.clock.advance(seconds=60)
    second, newer = desk.sent()

    with pytest.raises(CodeGone):
        desk.judge(first, digits)
    assert desk.codes.live(AMINA, PURPOSE) == second
    desk.judge(second, newer)


def test_r_a02_an_older_code_is_told_from_a_wrong_one_and_costs_a_try(desk: Desk) -> None:
    _first, digits = desk.sent()
    desk.world.clock.advance(seconds=60)
    second, newer = desk.sent()
    typed = [digits, next(one for one in map(other, (newer, other(newer))) if one != digits)]

    told = []
    for one in typed:
        with pytest.raises(CodeWrong) as wrong:
            desk.judge(second, one)
        told.append((wrong.value.is_older, wrong.value.tries_left))

    assert told == [(True, 4), (False, 3)]
    desk.judge(second, newer)


def test_r_a02_a_code_that_was_right_is_replaced_too(desk: Desk) -> None:
    first, digits = desk.sent()
    desk.judge(first, digits)
    desk.world.clock.advance(seconds=60)
    desk.send()

    with pytest.raises(CodeGone):
        desk.use(first)


def test_r_a02_codes_for_two_purposes_live_beside_each_other(desk: Desk) -> None:
    first = desk.send()
    desk.world.clock.advance(seconds=60)
    second = desk.send(purpose="another")

    assert desk.codes.live(AMINA, PURPOSE) == first
    assert desk.codes.live(AMINA, "another") == second
    assert desk.codes.live(BARAKA, PURPOSE) is None


@pytest.mark.parametrize("typed_already", [False, True])
def test_r_a02_a_code_taken_back_is_worthless(desk: Desk, typed_already: bool) -> None:
    code, digits = desk.sent()
    if typed_already:
        desk.judge(code, digits)

    with desk.world.db.work() as work:
        desk.codes.void(work, "another", SUBJECT)
        desk.codes.void(work, PURPOSE, SUBJECT + 1)
        spared = work.the_row("SELECT state FROM one_time_code")
        desk.codes.void(work, PURPOSE, SUBJECT)

    assert spared == ("right" if typed_already else "live",)
    with pytest.raises(CodeGone):
        desk.judge(code, digits)
    with pytest.raises(CodeGone):
        desk.use(code)


def limit(desk: Desk, *, purpose: str = PURPOSE) -> tuple[str, int]:
    """Which limit stands in the way of one more code."""
    with pytest.raises(LimitReached) as reached:
        desk.send(purpose=purpose)
    return reached.value.rule, reached.value.remaining


def test_r_a02_the_next_code_comes_after_a_minute(desk: Desk) -> None:
    desk.send()
    desk.world.clock.advance(seconds=20)
    rule, seconds = limit(desk, purpose="another")
    desk.world.clock.advance(seconds=40)

    assert (rule, 38 <= seconds <= 40) == ("pause", True)
    assert desk.send()


def test_r_a02_a_number_gets_three_codes_an_hour_and_ten_a_day(desk: Desk) -> None:
    rules = []
    for _ in range(4):
        for _ in range(4):
            desk.world.clock.advance(seconds=61)
            try:
                desk.send()
            except LimitReached as reached:
                rules.append(reached.rule)
        desk.world.clock.advance(hours=1)

    assert rules == ["hour", "hour", "hour", "day", "day", "day"]
    desk.world.clock.advance(hours=21)
    assert desk.send()


def beside(desk: Desk, asker: int, *, purpose: str = PURPOSE, subject: int = SUBJECT) -> int:
    """A code that Amina is to read to whoever asks."""
    draft = Draft("trial", "code", AMINA, "en", Text("Your code is {code}."))
    with desk.world.db.work() as work:
        return desk.codes.send_beside(work, draft, purpose=purpose, subject=subject, asker=asker)


def test_r_a13_a_code_asked_for_again_at_once_is_the_same(desk: Desk) -> None:
    asker = desk.world.join(BARAKA, "Baraka")
    code = beside(desk, asker)
    desk.world.clock.advance(seconds=50)

    assert beside(desk, asker) == code
    for who, purpose, subject in (
        (asker + 1, PURPOSE, SUBJECT),
        (asker, "another", SUBJECT),
        (asker, PURPOSE, SUBJECT + 1),
    ):
        with pytest.raises(LimitReached, match="pause"):
            beside(desk, who, purpose=purpose, subject=subject)
    desk.world.clock.advance(seconds=10)
    assert beside(desk, asker) != code
    assert len(desk.world.sms(AMINA)) == 2


def test_r_a13_a_code_that_was_right_is_not_sent_again(desk: Desk) -> None:
    asker = desk.world.join(BARAKA, "Baraka")
    code = beside(desk, asker)
    (text,) = desk.world.sms(AMINA)
    live = desk.codes.is_right(code)
    desk.judge(code, text[-7:-1], by=BARAKA)
    desk.world.clock.advance(minutes=4)

    assert (live, desk.codes.is_right(code), beside(desk, asker)) == (False, True, code)
    desk.use(code)
    assert not desk.codes.is_right(code)
    assert beside(desk, asker) != code


def test_r_a13_a_burnt_code_is_not_the_same_again(desk: Desk) -> None:
    asker = desk.world.join(BARAKA, "Baraka")
    code = beside(desk, asker)
    (text,) = desk.world.sms(AMINA)
    for _ in range(TRIES):
        with pytest.raises(CodeWrong):
            desk.judge(code, other(text[-7:-1]), by=BARAKA)

    with pytest.raises(LimitReached, match="pause"):
        beside(desk, asker)


def test_r_a13_an_asker_has_so_many_codes_a_day(desk: Desk) -> None:
    codes = restarted(desk.world, a_day=2)

    def send(number: int) -> int:
        draft = Draft("trial", "code", f"+25471100000{number}", "en", Text("{code}"))
        with desk.world.db.work() as work:
            return codes.send(
                work, draft, purpose=PURPOSE, subject=number, life=DAY, asker=number // 5
            )

    told = crowd(10, lambda number: insist(lambda: send(number)))

    assert len(given(told)) == 4
    assert {str(error) for error in raised(told)} == {"asker"}
    desk.world.clock.advance(hours=24)
    assert send(0)


def test_r_a02_codes_asked_for_at_once_are_one(desk: Desk) -> None:
    told = crowd(12, lambda number: insist(lambda: desk.send(purpose=f"trial-{number}")))

    assert len(given(told)) == 1
    assert {str(error) for error in raised(told)} == {"pause"}


def test_r_a02_no_code_goes_to_who_wants_no_sms(desk: Desk, surgeon: Surgeon) -> None:
    desk.world.services.messages.opt_out(AMINA)
    before = surgeon.snapshot()

    with pytest.raises(OptedOut):
        desk.send()

    assert surgeon.snapshot() == before


@pytest.mark.parametrize(
    ("event", "table"),
    [("INSERT", "message"), ("INSERT", "errand"), (FAILS_AT_COMMIT, "one_time_code")],
)
def test_r_a02_there_is_no_code_without_its_sms(
    desk: Desk, surgeon: Surgeon, event: str, table: str
) -> None:
    first, digits = desk.sent()
    desk.world.clock.advance(minutes=1)
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()

    with pytest.raises(Exception, match="sabotage"):
        desk.send()

    assert surgeon.snapshot() == before
    desk.judge(first, digits)


def everything(surgeon: Surgeon) -> str:
    """Every row of every table as text."""
    return "\n".join(
        str(row)
        for table in surgeon.tables()
        for row in surgeon.rows(f"SELECT t::text FROM {table} t")
    )


def stands_in(text: str, digits: str) -> bool:
    """Whether the code stands there as a word, or hashed without a key."""
    word = re.search(rf"(?<![\w.]){digits}(?!\w)", text) is not None
    return word or any(disguise in text for disguise in disguises(digits, SUBJECT))


def test_r_c02_a_code_stands_nowhere_but_in_its_sms(
    desk: Desk, surgeon: Surgeon, log_lines: io.StringIO
) -> None:
    code = desk.send()
    waiting = everything(surgeon)
    (text,) = desk.world.sms(AMINA)
    digits = text.removeprefix("Your code is ").removesuffix(".")
    with pytest.raises(CodeWrong):
        desk.judge(code, other(digits))
    desk.judge(code, digits)
    desk.use(code)

    assert re.fullmatch(r"\d{6}", digits)
    for place in (waiting, everything(surgeon), stored(desk.world.redis), log_lines.getvalue()):
        assert not stands_in(place, digits)
    assert "Your code is ******." in waiting
    assert stands_in(f"('{digits}',)", digits)


def test_r_c02_an_sms_keeps_its_secret_until_it_has_left(desk: Desk, surgeon: Surgeon) -> None:
    desk.send()
    waiting = surgeon.one("SELECT sealed FROM message")
    desk.world.run_errands()

    assert waiting
    assert surgeon.rows("SELECT state, sealed FROM message") == [("sent", None)]


@pytest.mark.parametrize("state", ["failed", "expired", "suppressed", "given up"])
def test_r_c02_an_sms_that_will_not_be_sent_keeps_no_secret(
    desk: Desk, surgeon: Surgeon, state: str
) -> None:
    world = desk.world
    desk.send(life=DAY)
    match state:
        case "failed":
            world.company.fault({"name": "sms.refuse", "status_code": 403})
        case "expired":
            world.clock.advance(hours=24)
        case "suppressed":
            world.services.messages.opt_out(AMINA)
        case _:
            world.company.fault({"name": "sms.error_before"})
    for _ in range(4):
        world.run_errands()
        world.clock.advance(minutes=2)

    ended = "failed" if state == "given up" else state
    assert surgeon.rows("SELECT state, sealed FROM message") == [(ended, None)]
    assert {found.name for found in reconcile.findings(world.db) if found.grave} == set()


def test_r_c02_an_sms_sealed_with_a_key_that_is_gone_fails(
    desk: Desk, post: Post, surgeon: Surgeon
) -> None:
    desk.send()
    surgeon.run("UPDATE message SET sealed = sealed || 'x'")

    desk.world.run_errands()

    assert surgeon.rows("SELECT state, sealed FROM message") == [("failed", None)]
    assert (post.taken(), surgeon.rows("SELECT cost FROM sms_spend")) == ([], [])


def test_r_c02_a_code_that_comes_too_late_is_not_sent(desk: Desk) -> None:
    desk.send()
    desk.world.clock.advance(minutes=5)

    assert desk.world.sms(AMINA) == []


class Killed(BaseException):
    """What the death of a process is to it."""


@dataclass
class Deadly:
    """A company that takes an SMS, and a worker that dies before it knows."""

    sms: Sms

    def send(self, to: str, body: str) -> Accepted:
        self.sms.send(to, body)
        raise Killed


def test_r_c02_a_worker_that_dies_between_hand_over_and_note_leaves_one_valid_code(
    desk: Desk, post: Post
) -> None:
    world = desk.world
    code = desk.send(life=DAY)
    deadly = post.delivery(Deadly(bootstrap.sms_of(world.settings)))
    with world.db.reading() as reading:
        (message,) = reading.the_row("SELECT id FROM message")
    with pytest.raises(Killed):
        deadly.carry(message)
    world.clock.advance(minutes=2)
    texts = world.sms(AMINA)

    assert len(texts) == 2
    assert len(set(texts)) == 1
    digits = texts[0].removeprefix("Your code is ").removesuffix(".")
    desk.judge(code, digits)
    desk.use(code)
    with pytest.raises(CodeGone):
        desk.judge(code, digits)
    with world.db.reading() as reading:
        assert reading.rows("SELECT id, state FROM one_time_code") == [(code, "used")]
        assert reading.rows("SELECT sealed FROM message") == [(None,)]
