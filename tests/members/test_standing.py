"""R-C06: who is blocked is refused at once and everywhere, and learns it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.db.crowd import crowd, eventually, given, raised
from tests.db.surgery import Surgeon
from tests.dialog.evidence import changed, payments, pin_charges, tables
from tests.members.shell import run
from tests.members.vaults import Killed
from tests.people import AMINA, BARAKA, CHEBET, PIN, ZAWADI, Handset, World
from tests.transfers.busy import WAITING, busy
from ussd_app import bootstrap
from ussd_app.audit.service import SHELL, Actor
from ussd_app.commands import reconcile
from ussd_app.commands.findings import OK
from ussd_app.db import Database
from ussd_app.errors import Conflict, Invalid, NotAllowed, NotFound, PinWrong, Unavailable
from ussd_app.members.kinds import AGENT, BORROWER, INDIVIDUAL
from ussd_app.members.standing import ERRAND, Calls, Standing
from ussd_app.transfers.payments import Order, Receipt
from ussd_app.values import REASON_LETTERS, Phone

OPERATOR = Actor("operator", 1000, SHELL)
WHY = "asked by the police"
BLOCKED = "END Your account is blocked. Call 0800724724."
MIDWAY = "END Nothing was sent. Your account is blocked. Call 0800724724."
TOLD = "Umoja: your account is blocked. No money can be sent or received. Call 0800724724."
SENDS = 20


@pytest.fixture
def town(world: World) -> World:
    """Amina has 100, Baraka speaks Swahili and has 50."""
    world.join(AMINA, "Amina Wanjiru", tokens=100)
    world.join(BARAKA, "Baraka Otieno", language="sw")
    for phone in (AMINA, BARAKA):
        world.sms(phone)
    return world


@pytest.fixture
def amina(town: World) -> Handset:
    return Handset(town.switchboard(), AMINA)


class Away:
    """Calls that cannot be ended, for Redis is away."""

    def end(self, phone: Phone) -> None:
        raise Unavailable("Redis does not answer")


class Dying:
    """The process dies when the call is about to be ended."""

    def end(self, phone: Phone) -> None:
        raise Killed


def standing(world: World, calls: Calls, db: Database | None = None) -> Standing:
    return Standing(
        db or world.db,
        world.clock,
        world.services.messages,
        calls,
        signature=bootstrap.constants_of(world.settings),
    )


def block(world: World, phone: Phone = AMINA) -> bool:
    return world.services.standing.block(phone, by=OPERATOR, why=WHY)


def unblock(world: World, phone: Phone = AMINA) -> bool:
    return world.services.standing.unblock(phone, by=OPERATOR, why="it is settled")


def id_of(world: World, phone: Phone) -> int:
    return world.services.members.get(phone).id


def pay(world: World, payer: Phone, payee: Phone, tokens: int = 1) -> Receipt:
    ours, theirs = (id_of(world, phone) for phone in (payer, payee))
    amount = world.services.tokens.first.whole(tokens)
    order = Order(secrets.token_hex(8), ours, theirs, amount, repeat=True)
    return world.services.payments.send(order)


def errands(world: World, kind: str) -> int:
    with world.db.reading() as reading:
        return int(reading.the_row("SELECT count(*) FROM errand WHERE kind = %s", kind)[0])


def reasons(world: World) -> list[tuple[object, ...]]:
    with world.db.reading() as reading:
        return list(
            reading.rows(
                "SELECT actor_kind, actor, channel, details->>'to', details->>'why' FROM audit"
                " WHERE action = 'member.status' ORDER BY id"
            )
        )


# The deed


def test_r_c06_blocking_and_unblocking_are_audited_and_told(town: World) -> None:
    assert block(town) is True
    assert town.sms(AMINA) == [TOLD]
    assert unblock(town) is True
    assert town.sms(AMINA) == [
        "Umoja: your account works again. Dial *384*96# any time. Questions? Call 0800724724."
    ]

    assert reasons(town) == [
        ("operator", 1000, "shell", "BLOCKED", WHY),
        ("operator", 1000, "shell", "ACTIVE", "it is settled"),
    ]


def test_r_c06_they_are_told_in_their_language(town: World) -> None:
    block(town, BARAKA)

    assert town.sms(BARAKA) == [
        "Umoja: akaunti yako imefungwa. Huwezi kutuma wala kupokea pesa. Piga 0800724724."
    ]


def test_r_c06_blocking_again_changes_nothing(town: World) -> None:
    block(town)
    before = tables(town)

    assert block(town) is False
    assert changed(before, tables(town)) == set()


def test_r_c06_unblocking_who_is_not_blocked_changes_nothing(town: World) -> None:
    before = tables(town)

    assert unblock(town) is False
    assert changed(before, tables(town)) == set()


def test_r_c06_of_many_who_block_at_once_one_does(town: World) -> None:
    told = crowd(10, lambda _number: block(town))

    assert sorted(given(told)) == [False] * 9 + [True]
    assert town.sms(AMINA) == [TOLD]
    assert len(reasons(town)) == 1


def test_r_c06_many_who_block_and_unblock_at_once_leave_one_story(town: World) -> None:
    told = crowd(12, lambda number: (block if number % 2 else unblock)(town))

    assert raised(told) == []
    story = [row[3] for row in reasons(town)]
    assert story == ["BLOCKED", "ACTIVE"] * (len(story) // 2) + ["BLOCKED"] * (len(story) % 2)
    assert len(town.sms(AMINA)) == len(story) == given(told).count(True)


@pytest.mark.parametrize("status", ["INVITED", "EXPIRED", "DELETED"])
@pytest.mark.parametrize("deed", [block, unblock])
def test_r_c06_who_is_no_member_is_neither_blocked_nor_unblocked(
    town: World, status: str, deed: Callable[[World], bool]
) -> None:
    with town.db.work() as work:
        work.run("UPDATE member SET status = %s WHERE phone = %s", status, AMINA)
    before = tables(town)

    with pytest.raises(Conflict):
        deed(town)

    assert changed(before, tables(town)) == set()


@pytest.mark.parametrize("deed", [block, unblock])
def test_r_c06_nobody_is_blocked_by_a_number_that_nobody_has(
    town: World, deed: Callable[[World, Phone], bool]
) -> None:
    with pytest.raises(NotFound):
        deed(town, ZAWADI)


@pytest.mark.parametrize(
    "why", ["", "  ", "no", "see 0712345678", "PIN 7306", "no. ٧٣٠٦", "case ²", "x" * (REASON_LETTERS + 1), "a\x00b c", "a\u202eb c"]
)  # fmt: skip
@pytest.mark.parametrize("verb", ["block", "unblock"])
def test_r_c06_a_reason_that_cannot_be_kept_is_refused(town: World, verb: str, why: str) -> None:
    before = tables(town)

    with pytest.raises(Invalid):
        getattr(town.services.standing, verb)(AMINA, by=OPERATOR, why=why)

    assert changed(before, tables(town)) == set()


# Money


def test_r_c06_a_blocked_member_moves_no_money_and_gets_none(town: World) -> None:
    block(town)
    before = (town.balance(AMINA), town.balance(BARAKA))
    ours, theirs = id_of(town, AMINA), id_of(town, BARAKA)
    amount = town.services.tokens.first.whole(1)

    for payer, payee in ((AMINA, BARAKA), (BARAKA, AMINA)):
        with pytest.raises(NotAllowed):
            pay(town, payer, payee)
    for order in (Order("k1", ours, theirs, amount), Order("k2", theirs, ours, amount)):
        with pytest.raises(NotAllowed):
            town.services.payments.weigh(order)

    baraka = town.services.members.get(BARAKA)
    assert not town.services.recipients.find(baraka, AMINA).is_active
    assert (town.balance(AMINA), town.balance(BARAKA)) == before
    assert payments(town) == 0


def test_r_c06_unblocking_restores_everything(town: World, amina: Handset) -> None:
    block(town)
    unblock(town)

    pay(town, AMINA, BARAKA)
    pay(town, BARAKA, AMINA)
    assert town.services.pins.check(AMINA, PIN) == id_of(town, AMINA)
    assert amina.dial().startswith("CON Umoja\nHello Amina!")


@pytest.mark.parametrize("whose", ["payer", "payee"])
def test_r_c06_sends_in_flight_end_before_the_block_and_none_after_it(
    town: World, surgeon: Surgeon, whose: str
) -> None:
    """All have been weighed, or wait for it, when the block comes; some money moves, then none."""
    blocked = AMINA if whose == "payer" else CHEBET
    town.join(CHEBET, "Chebet Kiptoo")
    others = [Phone(f"+2547110000{number:02}") for number in range(SENDS)]
    if whose == "payee":
        for number, phone in enumerate(others):
            town.join(phone, f"Neema {'ABCDEFGHIJ'[number % 10]}")
    senders = [AMINA] * SENDS if whose == "payer" else others
    here, there = (Database(town.settings.database_url, name=n, pool_size=SENDS + 2) for n in "ab")
    sending = bootstrap.services_of(
        town.settings, db=here, clock=town.clock, sms=bootstrap.sms_of(town.settings),
        lines=town.lines, slots=2,
    )  # fmt: skip
    payee, amount = id_of(town, CHEBET), town.services.tokens.first.whole(1)
    orders = [Order(f"key-{n}", id_of(town, p), payee, amount, repeat=True) for n, p in enumerate(senders)]  # fmt: skip

    def send(order: Order) -> Receipt | Exception:
        try:
            return sending.payments.send(order)
        except NotAllowed as no:
            return no

    with ThreadPoolExecutor(SENDS + 1) as threads:
        with busy(town, payee):
            sends = [threads.submit(send, order) for order in orders]
            eventually(lambda: surgeon.one(WAITING) == SENDS, "the queue before the wallet")
            deed = threads.submit(
                standing(town, Away(), there).block, blocked, by=OPERATOR, why=WHY
            )
            eventually(lambda: surgeon.one(WAITING) == SENDS + 1 or deed.done(), "the block")
            assert not deed.done()
        deed.result()
        after_the_block = payments(town)
        told = [each.result() for each in sends]

    assert payments(town) == after_the_block == sum(isinstance(one, Receipt) for one in told)
    assert {found.grave for found in reconcile.findings(town.db)} <= {OK}
    here.close()
    there.close()


def test_r_c06_nothing_is_posted_after_a_block_that_comes_among_payments(town: World) -> None:
    """Whenever the block comes: what it finds when it is done is what there is in the end."""
    found: list[int] = []

    def one(number: int) -> None:
        if number == 3:
            block(town)
            found.append(payments(town))
        else:
            for _ in range(6):
                pay(town, *((AMINA, BARAKA) if number % 2 else (BARAKA, AMINA)))

    told = crowd(9, one)

    assert {type(no) for no in raised(told)} <= {NotAllowed}
    assert found == [payments(town)]


# PINs


@pytest.mark.parametrize("typed", [PIN, "4815", "1111"])
def test_r_c06_the_pin_of_a_blocked_member_is_not_looked_at(town: World, typed: str) -> None:
    block(town)

    with pytest.raises(NotAllowed):
        town.services.pins.check(AMINA, typed)

    assert pin_charges(town, AMINA) == (0, 0)


def test_r_c06_tries_made_before_a_block_count_after_it(town: World) -> None:
    with pytest.raises(PinWrong):
        town.services.pins.check(AMINA, "4815")
    block(town)
    with pytest.raises(NotAllowed):
        town.services.pins.check(AMINA, PIN)
    unblock(town)

    with pytest.raises(PinWrong) as no:
        town.services.pins.check(AMINA, "4815")
    assert no.value.tries_left == 1


# The live call


PLACES = {
    "the first menu": [],
    "a question": ["1"],
    "an amount": ["1", "0700000002"],
    "a PIN": ["1", "0700000002", "20"],
    "a PIN for the balance": ["2"],
    "her account": ["4"],
    "help": ["5"],
}
places = pytest.mark.parametrize("answers", PLACES.values(), ids=PLACES.keys())


@places
@pytest.mark.parametrize("typed", [PIN, "1", "0", "000", "x"])
def test_r_c06_the_next_answer_of_a_live_call_is_the_last(
    town: World, amina: Handset, answers: list[str], typed: str
) -> None:
    amina.dial()
    amina.say(*answers)

    block(town)

    assert amina.say(typed) == MIDWAY
    assert amina.dial() == BLOCKED
    assert payments(town) == 0


def test_r_c06_a_call_dialled_with_answers_ends_too(town: World, amina: Handset) -> None:
    amina.dial("1*0700000002*20")
    block(town)

    assert amina.say(PIN) == MIDWAY


def test_r_c06_a_payment_made_in_the_call_is_not_denied(town: World, amina: Handset) -> None:
    """Its answer may have been lost: the gateway asks again, or the caller does."""
    amina.dial("1*0700000002*20")
    sent = amina.say(PIN)
    block(town)

    again = amina.hop()

    ref = sent.split("Ref ")[1].split(".")[0]
    assert again.startswith("END Last payment: 20 UMOJA went to Baraka O at ")
    assert again.endswith(f" Ref {ref}. Your account is blocked. Call 0800724724.")
    assert amina.dial() == BLOCKED


def test_r_c06_an_old_payment_is_none_of_this_call(town: World, amina: Handset) -> None:
    pay(town, AMINA, BARAKA)
    town.clock.advance(minutes=6)
    amina.dial("1*0700000002*20")
    block(town)

    assert amina.say(PIN) == MIDWAY


def test_r_c06_a_payment_cut_off_long_ago_is_not_denied_to_the_blocked(
    town: World, amina: Handset
) -> None:
    amina.dial("1*0700000002*20")
    amina.say(PIN)
    amina.cut_off()
    town.clock.advance(minutes=6)
    standing(town, Away()).block(AMINA, by=OPERATOR, why=WHY)

    assert "END Last payment: 20 UMOJA went to Baraka O at " in amina.dial()


def test_r_c06_a_payment_cut_off_before_the_block_is_not_made(town: World, amina: Handset) -> None:
    amina.dial("1*0700000002*20")
    amina.cut_off()
    standing(town, Away()).block(AMINA, by=OPERATOR, why=WHY)

    assert amina.dial() == MIDWAY
    assert payments(town) == 0


def test_r_c06_an_answer_that_comes_again_says_that_they_are_blocked(
    town: World, amina: Handset
) -> None:
    amina.dial()
    amina.say("1")
    block(town)

    assert amina.hop() == MIDWAY


@places
def test_r_c06_the_errand_ends_a_call_that_could_not_be_ended(
    town: World, amina: Handset, answers: list[str]
) -> None:
    amina.dial()
    amina.say(*answers)

    assert standing(town, Away()).block(AMINA, by=OPERATOR, why=WHY) is True
    town.run_errands()

    assert amina.say("1") == MIDWAY
    assert errands(town, ERRAND) == 0


def test_r_c06_a_pin_typed_before_the_errand_confirms_nothing(town: World, amina: Handset) -> None:
    amina.dial("1*0700000002*20")
    standing(town, Away()).block(AMINA, by=OPERATOR, why=WHY)

    assert amina.say(PIN) == "END Nothing was done. " + BLOCKED.removeprefix("END ")
    assert payments(town) == 0


def test_r_c06_after_a_death_between_the_block_and_the_call_the_errand_ends_it(
    town: World, amina: Handset
) -> None:
    amina.dial()
    with pytest.raises(Killed):
        standing(town, Dying()).block(AMINA, by=OPERATOR, why=WHY)

    town.run_errands()

    assert amina.say("1") == MIDWAY
    assert TOLD in town.sms(AMINA)


def test_r_c06_an_errand_that_fails_is_tried_again(town: World) -> None:
    block(town)
    with pytest.raises(Unavailable):
        standing(town, Away()).hang_up(id_of(town, AMINA))


def test_r_c06_the_errand_leaves_alone_who_was_unblocked_meanwhile(
    town: World, amina: Handset
) -> None:
    block(town)
    unblock(town)
    amina.dial("1*0700000002*20")

    town.run_errands()

    assert amina.say(PIN).startswith("END Sent 20 UMOJA to Baraka O.")


@pytest.mark.parametrize("dialled", ["", "1*0700000002"])
def test_r_c06_an_answer_under_way_when_the_block_comes_is_not_gone_on_from(
    town: World, dialled: str
) -> None:
    """Also when it is the first of the call, and of the line."""
    blocks = iter([True])

    def watch(*_edge: str) -> None:
        if next(blocks, False):
            block(town)

    phone = Handset(town.switchboard(watch), AMINA)
    phone.dial(dialled)

    assert phone.say("1") == MIDWAY


def test_r_c06_a_payment_whose_pin_was_right_a_moment_before_the_block_is_not_made(
    town: World,
) -> None:
    def watch(*edge: str) -> None:
        if edge[:3] == ("Pin", "check", "right"):
            block(town)

    phone = Handset(town.switchboard(watch), AMINA)
    phone.dial("1*0700000002*20")

    assert phone.say(PIN) == MIDWAY
    assert phone.dial() == BLOCKED
    assert payments(town) == 0


# The commands


def test_r_c06_an_operator_blocks_and_unblocks(town: World, amina: Handset) -> None:
    amina.dial()
    amina.say("1")

    said = run(town, "block", "0700000001", "--why", WHY)

    assert (said.exit_code, said.output) == (0, "blocked; an SMS tells them\n")
    assert amina.say("0700000002") == MIDWAY
    again = run(town, "block", "+254700000001", "--why", WHY)
    assert (again.exit_code, again.output) == (0, "nothing changed: they were blocked already\n")
    said = run(town, "unblock", "0700000001", "--why", "it is settled")
    assert (said.exit_code, said.output) == (0, "unblocked; an SMS tells them\n")
    again = run(town, "unblock", "0700000001", "--why", "it is settled")
    assert (again.exit_code, again.output) == (0, "nothing changed: they were not blocked\n")
    assert amina.dial().startswith("CON Umoja\nHello Amina!")
    assert [row[:3] for row in reasons(town)] == [("operator", os.getuid(), "shell")] * 2


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("block", "0700000009", "--why", WHY), 1, "no member has that number"),
        (("block", "nobody", "--why", WHY), 1, "Type a phone number, like 0712345678."),
        (("block", "0700000001", "--why", "PIN 7306"), 1, "Say why without digits: no number"),
        (("block", "0700000001", "--why", "x"), 1, "Say why in a few words."),
        (("block", "0700000001", "--why", "x " * REASON_LETTERS), 1, "Say why in fewer words."),
        (
            ("block", "0700000001", "--why", "a\u202eb c"),
            1,
            "Say why in letters that can be printed.",
        ),
        (("block", "0700000001"), 2, "--why"),
        (("unblock", "0700000002", "--why", WHY), 1, "they were invited and have not joined yet"),
        (("block", "0700000002", "--why", WHY), 1, "they were invited and have not joined yet"),
    ],
)
def test_r_c06_a_command_says_why_it_cannot(
    town: World, words: tuple[str, ...], code: int, told: str
) -> None:
    with town.db.work() as work:
        work.run("UPDATE member SET status = 'INVITED' WHERE phone = %s", BARAKA)
    before = tables(town)

    said = run(town, *words)

    assert said.exit_code == code
    assert told in said.output
    assert changed(before, tables(town)) == set()


# Agents


def kinds(world: World) -> list[tuple[object, ...]]:
    """What was made of whom: what they are now, and each change in the audit."""
    with world.db.reading() as reading:
        return list(
            reading.rows(
                "SELECT actor_kind, actor, channel, details FROM audit"
                " WHERE action = 'member.kind' ORDER BY id"
            )
        )


def test_r_c01_an_operator_makes_an_agent_of_a_member_and_takes_it_back(
    town: World, amina: Handset
) -> None:
    said = run(town, "member", "kind", "0700000001", AGENT, "--why", "trained in March")
    again = run(town, "member", "kind", "+254700000001", AGENT, "--why", "trained in March")

    assert (said.exit_code, said.output) == (0, "now originator_agent; an SMS tells them\n")
    assert (again.exit_code, again.output) == (0, "nothing changed: they were originator_agent\n")
    assert town.sms(AMINA) == [
        (
            "Umoja: you are an agent now. Dial *384*96# and choose People I invite."
            " Questions? Call 0800724724."
        )
    ]
    assert "6. People I invite" in amina.dial()
    amina.say("0")
    taken = run(town, "member", "kind", "0700000001", INDIVIDUAL, "--why", "moved away")
    assert (taken.exit_code, taken.output) == (0, "now individual; an SMS tells them\n")
    assert town.sms(AMINA) == [
        (
            "Umoja: you are not an agent any more. All else works as before."
            " Questions? Call 0800724724."
        )
    ]
    assert "People I invite" not in amina.dial()
    operator = ("operator", os.getuid(), "shell")
    assert kinds(town) == [
        (*operator, {"was": INDIVIDUAL, "to": AGENT, "why": "trained in March"}),
        (*operator, {"was": AGENT, "to": INDIVIDUAL, "why": "moved away"}),
    ]


def test_r_c01_of_many_who_make_an_agent_at_once_one_does(town: World) -> None:
    become = town.services.standing.become

    told = crowd(8, lambda _number: become(AMINA, AGENT, by=OPERATOR, why=WHY))

    assert sorted(given(told)) == [False] * 7 + [True]
    assert (len(town.sms(AMINA)), len(kinds(town))) == (1, 1)


@pytest.mark.parametrize(
    ("was", "to"), [(BORROWER, AGENT), (INDIVIDUAL, BORROWER), ("group", AGENT)]
)
def test_r_c01_nobody_is_made_what_they_may_not_become(town: World, was: str, to: str) -> None:
    with town.db.work() as work:
        work.run("UPDATE member SET kind = %s WHERE phone = %s", was, AMINA)
    before = tables(town)

    with pytest.raises(Conflict, match=f"{was} does not become {to}"):
        town.services.standing.become(AMINA, to, by=OPERATOR, why=WHY)

    assert changed(before, tables(town)) == set()


@pytest.mark.parametrize(
    ("status", "because"),
    [
        ("INVITED", "they were invited and have not joined yet"),
        ("EXPIRED", "the invitation is over"),
        ("BLOCKED", "they are blocked"),
        ("DELETED", "they are a member no more"),
    ],
)
def test_r_c01_nobody_is_made_an_agent_who_is_not_active(
    town: World, status: str, because: str
) -> None:
    with town.db.work() as work:
        work.run("UPDATE member SET status = %s WHERE phone = %s", status, AMINA)
    before = tables(town)

    with pytest.raises(Conflict, match=because):
        town.services.standing.become(AMINA, AGENT, by=OPERATOR, why=WHY)
    with pytest.raises(Invalid):
        town.services.standing.become(AMINA, AGENT, by=OPERATOR, why="PIN 7306")
    with pytest.raises(NotFound):
        town.services.standing.become(ZAWADI, AGENT, by=OPERATOR, why=WHY)

    assert changed(before, tables(town)) == set()
