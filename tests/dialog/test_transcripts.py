"""What the gateway repeats, shortens, reorders or mixes up changes nothing and is answered."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from tests.dialog.evidence import changed, payments, pin_charges, tables
from tests.dialog.shop import Shop, Till
from tests.dialog.toys import machine
from tests.people import AMINA, BARAKA, MANY, PIN, ZAWADI, Handset, World
from ussd_app.clock import Deadline
from ussd_app.dialog.lines import CALLS_KNOWN, Lines, Rates
from ussd_app.dialog.notices import BUSY, FLOODED, OVER, UNREADABLE
from ussd_app.dialog.session import Session
from ussd_app.dialog.switchboard import TRANSCRIPT_MOST, Hop, Reply, Switchboard
from ussd_app.seal import Sealer
from ussd_app.text import Text
from ussd_app.values import Phone

TOP = "CON Umoja\nHello Amina!\n"
PAYING = ["1", "0700000002", "20", PIN]
REPORTING = ["5", "2", "I paid 5*2 and got nothing"]
JOINING = ["1", "1", "Zawadi A*B", "2850", "2850"]


def notice(world: World, text: Text) -> str:
    """The notice in every language, as it is told while the caller's is not known."""
    constants = {"code": world.settings.service_code, "support": world.settings.support_phone}
    said = [world.services.catalogs.say(text, one, **constants) for one in ("en", "sw")]
    return "END " + "\n".join(said)


def notice_in_english(world: World, text: Text) -> str:
    constants = {"code": world.settings.service_code, "support": world.settings.support_phone}
    return "END " + world.services.catalogs.say(text, "en", **constants)


# The same transcript


@pytest.mark.parametrize(
    ("phone", "answers"),
    [(AMINA, PAYING), (AMINA, REPORTING), (ZAWADI, JOINING), (AMINA, ["2", "1234"])],
    ids=["paying", "reporting", "joining", "a wrong PIN"],
)
def test_the_same_transcript_gets_the_same_answer_and_does_nothing(
    phone: Phone, answers: list[str], scene: World
) -> None:
    handset = Handset(scene.switchboard(), phone)
    said = [handset.dial()]
    for typed in [None, *answers]:
        if typed is not None:
            said.append(handset.say(typed))
        before = tables(scene)

        again = [handset.hop(), handset.hop()]

        assert again == [said[-1]] * 2
        assert changed(before, tables(scene)) == set()
    assert len(set(said)) == len(said)


def test_the_same_transcript_gets_the_same_answer_from_another_process(
    amina: Handset, scene: World
) -> None:
    amina.dial()
    said = amina.say("1", "0700000002", "20", PIN)
    amina.board = scene.switchboard()

    assert amina.hop() == said
    assert payments(scene) == 1


def test_the_end_of_a_call_is_told_again_when_it_is_asked_again(caller: Handset) -> None:
    caller.dial()
    said = caller.say("0")

    assert said.startswith("END Goodbye!")
    assert caller.hop() == said


def test_twenty_copies_of_a_hop_at_once_are_one_payment(amina: Handset, scene: World) -> None:
    amina.dial()
    amina.say("1", "0700000002", "20")
    amina.text += f"*{PIN}"

    answers = at_once(amina.hop, times=20)

    assert payments(scene) == 1
    assert scene.balance(AMINA) == 8000
    assert set(answers) - {notice(scene, BUSY)} == {amina.hop()}
    assert amina.hop().startswith("END Sent 20 UMOJA to Baraka O.")


def test_twenty_copies_of_a_wrong_pin_at_once_are_one_try(caller: Handset, town: World) -> None:
    caller.dial()
    caller.say("2")
    caller.text += "*8642"

    answers = at_once(caller.hop, times=20)

    assert pin_charges(town, AMINA) == (1, 0)
    assert set(answers) - {notice(town, BUSY)} == {caller.hop()}


def test_twenty_copies_of_a_dial_at_once_are_one_call(caller: Handset) -> None:
    caller.call = secrets.token_hex(8)

    answers = at_once(caller.hop, times=20)

    assert caller.hop() in answers
    assert caller.say("1").startswith("CON Send to which number?")


def at_once(deed: Callable[[], str], *, times: int) -> list[str]:
    """What `deed` gives when so many threads do it at the same moment."""
    gate = threading.Barrier(times)

    def copy(_number: int) -> str:
        gate.wait()
        return deed()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(copy, range(times)))


# One answer more


def test_r_a15_a_star_inside_a_report_belongs_to_it(amina: Handset, scene: World) -> None:
    amina.dial()

    amina.say("5", "2", "*I paid 5*2** and got nothing*")

    with scene.db.reading() as reading:
        assert reading.rows("SELECT words FROM complaint") == [("*I paid 5*2** and got nothing*",)]


def test_r_a01_a_star_inside_a_name_belongs_to_it(scene: World) -> None:
    zawadi = Handset(scene.switchboard(), ZAWADI)
    zawadi.dial()

    zawadi.say(*JOINING)

    assert scene.services.members.get(ZAWADI).name == "Zawadi A*B"


def test_an_empty_answer_is_an_answer(caller: Handset) -> None:
    caller.dial()
    caller.say("1")

    said = caller.say("")

    assert said.startswith("CON Type a phone number, like 0712345678.\nSend to which number?")
    assert caller.say("0700000002").startswith("CON How much for Baraka O?")


def test_the_same_digit_twice_is_two_answers(caller: Handset) -> None:
    caller.dial()

    assert caller.say("5").startswith("CON Help")
    assert caller.say("5").startswith("CON Choose a number below.\nHelp")


# Anything else


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("1", id="shorter"),
        pytest.param("1*070000000", id="a letter shorter"),
        pytest.param("1*07000000020", id="longer inside the last answer"),
        pytest.param("1*0700000003", id="another answer of the same length"),
        pytest.param("2*0700000002*20", id="another beginning, and an answer more"),
        pytest.param("0700000002*1*20", id="reordered"),
        pytest.param("20", id="the last answer alone"),
        pytest.param("1*0700000003*20*7306", id="another beginning, and two answers more"),
        pytest.param("*1*0700000002*20", id="a star before it"),
        pytest.param("1**0700000002*20", id="a star more"),
    ],
)
def test_a_transcript_that_does_not_go_on_from_what_was_heard_changes_nothing(
    text: str, caller: Handset, town: World
) -> None:
    caller.dial()
    said = caller.say("1", "0700000002")
    before = tables(town)
    heard, caller.text = caller.text, text

    assert caller.hop() == said

    assert changed(before, tables(town)) == set()
    caller.text = heard
    assert caller.say("20").startswith("CON Send 20 UMOJA to Baraka O 0700000002.")


def test_hops_in_another_order_end_where_the_longest_led(caller: Handset) -> None:
    caller.dial()
    caller.say("1")
    shorter = caller.text
    caller.text = "1*0700000002"
    said = caller.hop()

    caller.text = shorter

    assert caller.hop() == said


def test_an_answer_after_the_end_is_told_that_the_call_is_over(
    amina: Handset, scene: World
) -> None:
    amina.dial()
    amina.say(*PAYING)
    before = tables(scene)

    said = amina.say(PIN)

    assert said == notice_in_english(scene, OVER)
    assert changed(before, tables(scene)) == set()


@pytest.mark.parametrize(
    "hop",
    [
        pytest.param(Hop("", AMINA, "*384*96#", ""), id="no call"),
        pytest.param(Hop("c1", "0700000001", "*384*96#", ""), id="no international number"),
        pytest.param(Hop("c1", "", "*384*96#", ""), id="no number"),
        pytest.param(Hop("c1", "Safaricom", "*384*96#", ""), id="a name"),
        pytest.param(Hop("c1", AMINA, "*384*96#", "1" * (TRANSCRIPT_MOST + 1)), id="too long"),
    ],
)
def test_what_is_no_hop_is_answered_and_does_nothing(hop: Hop, town: World) -> None:
    before = tables(town)

    reply = town.switchboard().answer(hop)

    assert reply == Reply(notice(town, UNREADABLE), "unreadable")
    assert changed(before, tables(town)) == set()


@pytest.mark.parametrize(
    "odd", ["\x00", "\ud800", "😀" * 60, "'; DROP TABLE member; --", "\x1b[2J", "%s%d{0}", "\u202e"]
)
@pytest.mark.parametrize("before", [[], ["1"], ["5", "2"], ["2"]], ids=str)
def test_odd_letters_are_answered_like_any(
    before: list[str], odd: str, caller: Handset, town: World
) -> None:
    caller.dial()
    caller.say(*before)
    books = tables(town)

    said = caller.say(odd)

    assert "Something went wrong" not in said
    assert said.startswith(("CON ", "END Thank you."))
    assert said.startswith("END ") or changed(books, tables(town)) == set()


NEW_PIN = ["4", "3", PIN]


@pytest.mark.parametrize(
    ("phone", "before", "typed", "told"),
    [
        (AMINA, [], "9", "Choose a number below."),
        (AMINA, [], "Send", "Choose a number below."),
        (AMINA, ["1"], "banana", "Type a phone number, like 0712345678."),
        (AMINA, ["1"], "0700000001", "That is your own number."),
        (AMINA, ["1", "0700000002"], "much", "Type the amount in digits"),
        (AMINA, ["1", "0700000002"], "-5", "Type the amount in digits"),
        (AMINA, ["1", "0700000002"], "0.00", "Type the amount in digits"),
        (AMINA, ["1", "0700000002"], "12.345", "Too many digits after the point."),
        (AMINA, ["1", "0700000002"], "99999999", "above your limit"),
        (AMINA, ["1", "0700000002", "20"], "12", "A PIN is 4 digits"),
        (AMINA, ["2"], "my PIN", "A PIN is 4 digits"),
        (AMINA, NEW_PIN, "1234", "easy to guess"),
        (AMINA, [*NEW_PIN, PIN], PIN, "You had that PIN before."),
        (AMINA, [*NEW_PIN, "2850"], "2851", "The two PINs differ."),
        (AMINA, ["4", "1"], "W" * 40, "That name is too long."),
        (AMINA, ["4", "1"], "@", "name"),
        (AMINA, ["5", "2"], "x", "words"),
        (None, [], "7", "Choose a number below."),
        (None, ["1"], "yes", "Choose a number below."),
        (None, ["1", "1"], "5", "name"),
        (None, ["1", "1", "Zawadi A"], "0000", "easy to guess"),
        (None, ["1", "1", "Zawadi A", "2850"], "2851", "The two PINs differ."),
    ],
)
def test_r_a16_an_answer_that_a_screen_refuses_changes_nothing(
    phone: Phone | None, before: list[str], typed: str, told: str, town: World
) -> None:
    stranger = Phone(f"+25473{secrets.randbelow(10**7):07}")
    handset = Handset(town.switchboard(), phone or stranger)
    handset.dial()
    handset.say(*before)
    books = tables(town)

    said = handset.say(typed)

    assert said.startswith("CON ")
    assert told in said
    assert changed(books, tables(town)) == set()


def test_a_phone_of_a_country_that_is_none_is_told_that_it_is_not_served(town: World) -> None:
    stranger = Handset(town.switchboard(), Phone("+9990000001"))
    stranger.dial()

    said = stranger.say("1")

    assert said == "END Sorry, Umoja does not serve numbers of your country yet."


# Dialled with answers


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (f"1*0700000002*20*{PIN}", "CON Send 20 UMOJA to Baraka O 0700000002. Fee: 0.\nYour PIN:"),
        (f"2*{PIN}", "CON To see your balance:\nYour PIN:"),
        (f"4*3*{PIN}*2850*2850", "CON To change your PIN, first type the one you have.\nYour PIN:"),
        (
            "1*nobody*20",
            "CON Type a phone number, like 0712345678.\nSend to which number?",
        ),
        ("7*1", "CON Choose a number below.\nUmoja"),
        ("0*1*0700000002", "END Goodbye!"),
    ],
)
def test_answers_dialled_with_the_code_lead_no_further_than_a_pin(
    tail: str, said: str, caller: Handset, town: World
) -> None:
    assert caller.dial(tail).startswith(said)

    assert payments(town) == 0
    assert pin_charges(town, AMINA) == (0, 0)


def test_r_a01_answers_dialled_with_the_code_accept_no_terms(town: World) -> None:
    zawadi = Handset(town.switchboard(), ZAWADI)

    said = zawadi.dial("1*1*Zawadi*2850*2850")

    assert said.startswith("CON We keep your name and number.")
    assert town.services.members.find(ZAWADI) is None


def test_a_call_dialled_with_answers_goes_on_like_any(amina: Handset, scene: World) -> None:
    amina.dial("1*0700000002*20")

    assert amina.say(PIN).startswith("END Sent 20 UMOJA")
    assert amina.hop().startswith("END Sent 20 UMOJA")
    assert payments(scene) == 1


# Whose call it is


def test_the_same_call_id_from_another_phone_is_another_call(amina: Handset, scene: World) -> None:
    amina.dial()
    amina.say("1", "0700000002", "20")
    thief = Handset(scene.switchboard(), BARAKA, call=amina.call, text=f"{amina.text}*{PIN}")

    said = thief.hop()

    assert "Amina" not in said
    assert payments(scene) == 0
    assert pin_charges(scene, BARAKA) == (0, 0)
    assert amina.say(PIN).startswith("END Sent 20 UMOJA")


def test_a_stranger_with_a_members_call_id_is_asked_to_join(caller: Handset, town: World) -> None:
    caller.dial()
    caller.say("1")
    stranger = Handset(town.switchboard(), ZAWADI, call=caller.call, text="")

    assert stranger.hop().startswith("CON Karibu Umoja! Welcome!")


def test_the_same_call_id_under_another_service_code_is_another_call(
    caller: Handset, town: World
) -> None:
    caller.dial()
    caller.say("1", "0700000002", "20")
    other = replace(caller, code="*384*97#", text=f"{caller.text}*{PIN}")

    said = other.hop()

    assert said.startswith("CON You were cut off.")
    assert payments(town) == 0
    assert pin_charges(town, AMINA) == (0, 0)


# Several calls of one phone


def test_two_calls_of_one_phone_are_answered_each_in_its_place(
    caller: Handset, town: World
) -> None:
    other = Handset(town.switchboard(), AMINA)
    caller.dial()
    caller.say("1")
    assert other.dial().startswith("CON You were cut off. Go on where you were?")

    said = [
        other.say("2"),
        caller.say("0700000002"),
        other.say("5"),
        caller.say("20"),
        other.say("2"),
        caller.say("0"),
    ]

    assert [one.split("\n")[0] for one in said] == [
        "CON Umoja",
        "CON How much for Baraka O?",
        "CON Help: call 0800724724.",
        "CON Send 20 UMOJA to Baraka O 0700000002. Fee: 0.",
        "CON What went wrong? Tell us in a few words:",
        "CON How much for Baraka O?",
    ]


def test_two_calls_of_one_phone_at_the_same_moment_are_not_mixed(
    caller: Handset, town: World
) -> None:
    other = Handset(town.switchboard(), AMINA)
    caller.dial()
    other.dial()

    def walk(handset: Handset, answers: list[str]) -> list[str]:
        return [handset.say(typed).split("\n")[0] for typed in answers]

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(walk, caller, ["1", "0700000002", "0", "0"] * 5)
        two = threads.submit(walk, other, ["5", "2", "0", "0"] * 5)

    assert (
        one.result()
        == [
            "CON Send to which number?",
            "CON How much for Baraka O?",
            "CON Send to which number?",
            "CON Umoja",
        ]
        * 5
    )
    assert (
        two.result()
        == [
            "CON Help: call 0800724724.",
            "CON What went wrong? Tell us in a few words:",
            "CON Help: call 0800724724.",
            "CON Umoja",
        ]
        * 5
    )


def test_a_third_call_pushes_out_the_oldest_which_is_told_so(caller: Handset, town: World) -> None:
    second, third = Handset(caller.board, AMINA), Handset(caller.board, AMINA)
    caller.dial()
    caller.say("1", "0700000002", "20")
    second.dial()
    third.dial()
    before = tables(town)

    said = caller.say(PIN)

    assert said == notice(town, OVER)
    assert changed(before, tables(town)) == set()
    assert second.say("2").startswith(TOP)


def test_a_call_pushed_out_stays_out_however_often_it_comes_back(
    caller: Handset, town: World
) -> None:
    caller.dial()
    caller.say("1", "0700000002", "20")
    for _other in range(CALLS_KNOWN - 1):
        Handset(caller.board, AMINA).dial()

    assert caller.say(PIN) == notice(town, OVER)
    assert caller.hop() == notice(town, OVER)
    assert payments(town) == 0


def test_two_hundred_phones_calling_at_once_see_each_their_own(town: World) -> None:
    phones = {Phone(f"+254710000{n:03}"): f"Rafiki{letters(n)}" for n in range(200)}
    with psycopg.connect(town.settings.database_url) as writer, writer.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)"
            " VALUES (nextval('member_id'), %s, %s, 'en', 'ACTIVE', 1, now(), now())",
            list(phones.items()),
        )
    board = town.switchboard()

    def call(phone: Phone) -> list[str]:
        handset, name = Handset(board, phone), phones[phone]
        said = []
        for _call in range(2):  # of ten hops each
            said += [handset.dial()]
            said += [handset.say(typed) for typed in ("4", "1", f"{name} A", "0", f"{name} B")]
            said += [handset.say(typed) for typed in ("000", "5", "0", "0")]
        return said

    with ThreadPoolExecutor(12) as threads:
        answers = dict(zip(phones, threads.map(call, phones), strict=True))

    for phone, name in phones.items():
        said = [one.split("\n")[:2] for one in answers[phone]]
        assert len(said) == 20
        for ten in (said[:10], said[10:]):
            assert [ten[0], ten[3][0], ten[5][0], ten[6], ten[9][0]] == [
                ["CON Umoja", f"Hello {name}!"],
                f"CON To be called {name} A:",
                f"CON To be called {name} B:",
                ["CON Umoja", f"Hello {name}!"],
                "END Goodbye! Dial *384*96# any time.",
            ]


def letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")


# Places that are lost


@pytest.mark.parametrize(
    ("place", "typed"),
    [
        (["4", "2"], "2"),  # would speak Swahili
        (["5", "2"], "5"),  # would be a report
        (["1", "0700000009"], "1"),  # would invite
        (["1", "0700000002", "20"], PIN),  # would pay
        (["2"], PIN),
        ([], "1"),
    ],
    ids=str,
)
def test_after_redis_was_emptied_no_digit_is_taken_for_a_choice(
    place: list[str], typed: str, caller: Handset, town: World
) -> None:
    caller.dial()
    caller.say(*place)
    town.redis.flushall()
    before = tables(town)

    said = caller.say(typed)

    assert said.startswith("CON We lost your place.\nUmoja\nHello Amina!")
    assert changed(before, tables(town)) == set()
    assert caller.say("5").startswith("CON Help: call 0800724724.")


@pytest.mark.parametrize(
    ("place", "typed"),
    [(["4", "2"], "2"), (["5", "2"], "Nothing works"), (["1", "0700000009"], "1")],
    ids=["would speak Swahili", "would be a report", "would invite"],
)
def test_after_redis_was_emptied_a_late_hop_does_nothing_also_when_its_phone_has_dialled_again(
    place: list[str], typed: str, caller: Handset, town: World
) -> None:
    late = replace(caller)
    late.dial()
    late.say(*place)
    town.redis.flushall()
    caller.dial()
    caller.say("1")
    before = tables(town)

    assert late.say(typed).startswith("CON We lost your place.\nUmoja\nHello Amina!")

    assert changed(before, tables(town)) == set()
    assert caller.say("0700000002").startswith("CON How much for Baraka O?")


def test_r_a15_a_late_hop_of_a_lost_call_takes_no_telling_away(
    amina: Handset, scene: World
) -> None:
    late = replace(amina)
    late.dial()
    late.say("5", "2")
    scene.redis.flushall()
    amina.dial()
    amina.say(*PAYING[:-1])

    late.say("Nothing works")

    assert amina.dial().startswith("CON You were cut off. Your payment was NOT sent")


def test_after_redis_was_emptied_a_payment_just_made_is_told(amina: Handset, scene: World) -> None:
    amina.dial()
    amina.say(*PAYING)
    scene.redis.flushall()

    said = amina.hop()

    assert said.startswith("CON We lost your place.\nYour last payment: 20 UMOJA went to Baraka O")
    assert payments(scene) == 1


def test_r_a01_after_redis_was_emptied_joining_goes_on_where_it_was(scene: World) -> None:
    zawadi = Handset(scene.switchboard(), ZAWADI)
    zawadi.dial()
    zawadi.say("1", "1", "Zawadi Njeri")
    scene.redis.flushall()

    said = zawadi.say("2850")

    assert said.startswith("CON We lost your place.\nChoose a PIN: 4 digits that nobody can guess.")
    assert zawadi.say("2850", "2850").startswith("END Welcome Zawadi Njeri!")


def test_a_call_sealed_with_another_key_is_told_that_its_place_is_lost(
    caller: Handset, town: World
) -> None:
    """A key is changed while calls go on. What was typed answered screens that nobody knows."""
    caller.dial()
    caller.say("4", "2")
    caller.dial()
    assert caller.say("1").startswith("CON Welcome back.\nLugha / Language:")
    caller.board = with_another_key(town)
    before = tables(town)

    said = caller.say("2")

    assert said.startswith("CON We lost your place.\nUmoja")
    assert changed(before, tables(town)) == set()


def test_r_a15_a_payment_before_a_change_of_keys_is_told_at_the_next_dial(
    amina: Handset, scene: World
) -> None:
    amina.dial()
    amina.say(*PAYING)
    amina.dial()
    amina.board = with_another_key(scene)

    said = amina.dial()

    assert said.startswith("CON Your last payment: 20 UMOJA went to Baraka O")


def with_another_key(world: World) -> Switchboard:
    sealer = Sealer(data_key=secrets.token_bytes(32), index_key=world.settings.session_index_key)
    return Switchboard(world.machine(), Lines(world.redis, sealer, MANY), sealer)


def test_a_call_kept_in_another_shape_is_told_that_its_place_is_lost(
    caller: Handset, town: World
) -> None:
    """A deploy may change what a session holds: nobody's call may break over it."""

    class Older(Session):
        def dump(self) -> bytes:
            return b'[[["Home","menu",{}]],"en",0]'

    caller.dial()
    with town.lines.hold(
        call=caller.call, phone=AMINA, service_code=caller.code, deadline=soon()
    ) as hold:
        hold.save(Older([], "en"))

    said = caller.say("1")

    assert said.startswith("CON We lost your place.\nUmoja")


def soon() -> Deadline:
    return Deadline(2)


def test_a_place_that_another_version_left_starts_again_with_a_line(
    caller: Handset, town: World
) -> None:
    old = Switchboard(machine(Shop, Till()), town.lines, town.sealer)
    caller.board = old
    caller.dial()
    caller.say("1", "Amina")
    caller.board = town.switchboard()

    said = caller.say("5")

    assert said.startswith("CON The menu has changed.\nUmoja\nHello Amina!")
    assert caller.say("5").startswith("CON Help: call 0800724724.")


# Too much, and too often


def test_a_phone_that_asks_too_often_is_told_to_wait(town: World) -> None:
    lines = Lines(town.redis, town.sealer, Rates(per_second=0.01, burst=3))
    board = Switchboard(town.machine(), lines, town.sealer)
    amina, baraka = Handset(board, AMINA), Handset(board, BARAKA)

    said = [amina.dial() for _ in range(5)]

    assert [one.startswith("CON") for one in said] == [True, True, True, False, False]
    assert said[-1] == notice(town, FLOODED)
    assert baraka.dial().startswith("CON Umoja")


def test_a_phone_that_waited_is_answered_again(town: World) -> None:
    lines = Lines(town.redis, town.sealer, Rates(per_second=5, burst=1))
    amina = Handset(Switchboard(town.machine(), lines, town.sealer), AMINA)
    assert amina.dial().startswith("CON")
    assert amina.dial().startswith("END")

    threading.Event().wait(0.25)

    assert amina.dial().startswith("CON")
