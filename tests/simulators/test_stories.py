"""Stories as they are told to the simulator, with the people."""

from typing import Any

import pytest

from tests.simulators.desk import AMINA, Desk
from ussd_app import demo_stories
from ussd_app.members import pin_policy
from ussd_app.simulators import Config
from ussd_app.simulators.errors import Refused

GREETED = {"do": "dial", "sees": "Hello"}
HELPED = {"do": "choose", "what": "Help", "sees": "typed … 2"}


def step(**more: Any) -> dict[str, Any]:
    return {"phone": AMINA, "text": "Amina looks", "why": "she may", "moves": [GREETED], **more}


def story(*steps: Any, **more: Any) -> dict[str, Any]:
    return {"title": "A tale", "about": "What happens.", "steps": list(steps), **more}


def test_stories_reach_the_page(desk: Desk) -> None:
    desk.configure(stories=[story(step(moves=[GREETED, HELPED]), step(moves=[], seconds=60))])

    (told,) = desk.http.get("/stories").json()["stories"]

    assert (told["title"], told["about"]) == ("A tale", "What happens.")
    assert [each["phone"] for each in told["steps"]] == [AMINA, AMINA]
    assert [each["what"] for each in told["steps"][0]["moves"]] == ["", "Help"]
    assert told["steps"][1]["seconds"] == 60


def test_there_are_no_stories_unless_they_are_told(desk: Desk) -> None:
    assert desk.http.get("/stories").json() == {"stories": []}


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("a tale", "a story has title, about and steps"),
        ({**story(step()), "moral": "x"}, "a story has title, about and steps"),
        (story(step(), title=""), "title: say something"),
        (story(), "“A tale”: a story has at least one step"),
        (story(*[step()] * 41), "“A tale”: a list of at most 40"),
        (story(step(), "then"), "“A tale”: step 2: a step has phone"),
        (story(step(phone="Amina")), "step 1: that is not a phone number"),
        (story(step(why=None)), "step 1: why: a text of at most"),
        (story(step(moves=[])), "step 1: a step has phone, text, why, and moves or seconds"),
        (story(step(seconds=5)), "step 1: a step has phone, text, why, and moves or seconds"),
        (story(step(moves=[], seconds="a while")), "step 1: a number from"),
        (story(step(moves=[HELPED])), "step 1: a step dials before it chooses or presses"),
        (story(step(pins=["abcd"])), "step 1: pins are digits"),
        (story(step(moves=[GREETED, {"do": "sing", "sees": "x"}])), "move 2: do is one of dial"),
        (story(step(moves=[GREETED, {"do": "press", "what": "1"}])), "move 2: sees: a text"),
        (
            story(step(moves=[GREETED, {"do": "press", "what": "one", "sees": "x"}])),
            "move 2: press digits, * and #",
        ),
        (
            story(step(moves=[GREETED, {"do": "press", "what": "{new}", "sees": "x"}])),
            "step 1: a step that presses {new} has pins",
        ),
    ],
)
def test_a_broken_story_is_refused_and_the_place_is_named(wish: Any, said: str) -> None:
    with pytest.raises(Refused) as no:
        Config().changed({"stories": [wish]})

    assert no.value.message.startswith("stories: ")
    assert said in no.value.message


def test_a_story_told_again_chooses_no_pin_that_is_still_remembered() -> None:
    assert len(set(demo_stories.NEW_PINS)) > pin_policy.PAST_KEPT


@pytest.mark.parametrize("minutes", [0, 1, 60, 100_000])
def test_the_stories_of_the_demonstration_can_be_told(minutes: int) -> None:
    told = Config().changed({"stories": demo_stories.stories(cooling_minutes=minutes)}).stories

    assert [each.title for each in told] == ["Lost PIN", "A thief tries"]
    assert [each.seconds for each in told[0].steps if each.seconds] == [minutes * 60] * bool(
        minutes
    )


def test_the_pin_on_a_card_is_replaced(desk: Desk) -> None:
    desk.http.put(f"/phones/{AMINA}/pin", json={"pin": "4916"}).raise_for_status()

    assert desk.http.get(f"/phones/{AMINA}").json()["pin"] == "4916"
    assert desk.http.put("/phones/+254700999999/pin", json={"pin": "1"}).status_code == 404
