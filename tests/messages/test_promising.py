"""An SMS is promised with the deed it tells of, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import FAILS_AT_COMMIT, Surgeon
from tests.messages.post import HELLO, Post
from tests.people import AMINA, BARAKA, World
from ussd_app.messages.service import Draft
from ussd_app.text import Text


def queue(world: World, *drafts: Draft) -> int:
    with world.db.work() as work:
        return world.services.messages.queue(work, *drafts)


def rows(world: World) -> list[tuple[str, str, str]]:
    with world.db.reading() as reading:
        return list(reading.rows("SELECT dedupe, phone, body FROM message ORDER BY id"))


def test_a_promise_is_a_message_with_an_errand(world: World, post: Post) -> None:
    message = post.promise(AMINA)

    with world.db.reading() as reading:
        errands = reading.rows("SELECT kind, subject, state, attempts FROM errand")
    assert errands == [("sms", message, "due", 0)]
    assert (post.state(message), post.due(message) <= 0) == ("waiting", True)


def test_the_same_key_is_one_sms(world: World, post: Post, surgeon: Surgeon) -> None:
    draft = post.draft(AMINA, key="a-key")
    first = queue(world, draft)
    before = surgeon.snapshot()

    again = queue(world, draft)

    assert (first, again) == (1, 0)
    assert surgeon.snapshot() == before


def test_many_who_promise_one_key_at_once_promise_one_sms(world: World, post: Post) -> None:
    draft = post.draft(AMINA, key="a-key")

    told = crowd(12, lambda _: insist(lambda: queue(world, draft)))

    assert raised(told) == []
    assert sorted(given(told)) == [0] * 11 + [1]


def test_several_are_promised_at_once_and_counted(world: World, post: Post) -> None:
    known = post.draft(AMINA, key="known")
    queue(world, known)
    two = post.draft(BARAKA, "Two", key="two")

    fresh = queue(world, known, two, two, post.draft(AMINA, "Three", key="three"))

    assert fresh == 2
    assert rows(world) == [
        ("known", AMINA, HELLO),
        ("two", BARAKA, "Two"),
        ("three", AMINA, "Three"),
    ]


def test_no_drafts_promise_nothing(world: World) -> None:
    assert queue(world) == 0


def test_a_promise_is_undone_with_its_deed(world: World, post: Post) -> None:
    with pytest.raises(ZeroDivisionError), world.db.work() as work:  # noqa: PT012
        world.services.messages.queue(work, post.draft(AMINA))
        _ = 1 / 0

    assert rows(world) == []


@pytest.mark.parametrize(
    ("event", "table"), [("INSERT", "errand"), ("INSERT", "message"), (FAILS_AT_COMMIT, "errand")]
)
def test_there_is_no_sms_without_an_errand_nor_the_other_way_round(
    world: World, post: Post, surgeon: Surgeon, event: str, table: str
) -> None:
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()

    with pytest.raises(Exception, match="sabotage"):
        queue(world, post.draft(AMINA))

    assert surgeon.snapshot() == before


def test_a_text_is_worded_in_the_readers_language(world: World) -> None:
    source = Text("{org} {when}. Balance {balance}.{lines}")
    values = {"org": "Umoja", "when": "now", "balance": "5", "lines": ""}

    queue(world, Draft("a-key", "test", AMINA, "sw", source, values))

    assert rows(world) == [("a-key", AMINA, "Umoja now. Salio 5.")]


def test_a_text_holds_only_letters_that_phones_show(world: World) -> None:
    values = {"name": "Amīna — “Wanjirū”…"}

    queue(world, Draft("a-key", "test", AMINA, "en", Text("Hello {name}!"), values))

    assert rows(world)[0][2] == 'Hello Amina - "Wanjiru"...!'


def test_a_value_that_is_missing_promises_nothing(world: World) -> None:
    with pytest.raises(KeyError):
        queue(world, Draft("a-key", "test", AMINA, "en", Text("Hello {name}")))

    assert rows(world) == []


def test_a_value_is_never_read_as_a_template(world: World) -> None:
    values = {"name": "{org} {0.__class__}", "org": "Umoja"}

    queue(world, Draft("a-key", "test", AMINA, "en", Text("Hello {name}"), values))

    assert rows(world)[0][2] == "Hello {org} {0.__class__}"


def test_an_sms_is_good_for_a_day_unless_it_is_said_otherwise(world: World, post: Post) -> None:
    usual, longer = post.promise(AMINA), post.promise(AMINA, hours=48)

    spans = [post.column(one, "valid_until - made_at") for one in (usual, longer)]

    assert spans == [timedelta(hours=24), timedelta(hours=48)]


def test_what_was_promised_to_a_member_is_counted_by_kind(world: World, post: Post) -> None:
    since = world.clock.now() - timedelta(seconds=1)
    for key, kind, member in (("1", "a", 7), ("2", "a", 7), ("3", "b", 7), ("4", "a", 8)):
        queue(world, Draft(key, kind, AMINA, "en", Text("Hello"), member=member))
    count = world.services.messages.count_since

    with world.db.reading() as reading:
        assert count(reading, 7, "a", since) == 2
        assert count(reading, 7, "a", world.clock.now() + timedelta(seconds=1)) == 0
