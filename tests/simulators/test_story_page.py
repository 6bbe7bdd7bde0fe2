"""Stories on the page: done by pressing keys, or by hand beside them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chromium import chromium
from tests.simulators.desk import BARAKA, Desk
from tests.simulators.stub import Reply
from tests.simulators.test_stories import GREETED, HELPED, step, story

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, address: str, desk: Desk) -> Iterator[Page]:
    desk.app.menu = _menu
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def _menu(form: dict[str, str]) -> Reply:
    text = form["text"]
    return Reply(f"CON You typed {text}" if text else "CON Hello!\n1. Send\n2. Help\n0. Exit")


def opened(page: Page, address: str) -> Locator:
    """The story, opened by who has found it."""
    page.goto(address)
    page.get_by_role("button", name="Stories").click()
    page.get_by_role("button", name="A tale").click()
    told = page.get_by_role("complementary", name="A tale")
    expect(told.locator("[aria-current=step]")).to_have_count(1)
    return told


def phone_of(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Phone of {name}")


def test_a_step_is_done_by_the_keys_that_everybody_presses(
    page: Page, address: str, desk: Desk
) -> None:
    pressed = {"do": "press", "what": "{pin}", "sees": "typed 2*7306"}
    chosen = {"do": "press", "what": "{new}", "sees": "typed 2*7306*4916"}
    moves = [GREETED, HELPED, pressed, chosen]
    desk.configure(stories=[story(step(moves=moves, pins=["7306", "4916"]), step(text="Then"))])
    told = opened(page, address)

    told.get_by_role("button", name="Do it on Amina’s phone").click()

    expect(told.locator("[aria-current=step]")).to_contain_text("Then")
    expect(phone_of(page, "Amina").locator(".frame")).to_have_text("You typed 2*7306*4916")
    assert [hop["text"] for hop in desk.app.asked("ussd")] == ["", "2", "2*7306", "2*7306*4916"]
    expect(phone_of(page, "Amina").locator(".pin")).to_have_text("PIN 4916")
    assert told.get_by_role("button", name="Do it on").evaluate(
        "it => it === document.activeElement"
    )


def test_a_story_stops_at_another_screen_than_it_expects(
    page: Page, address: str, desk: Desk
) -> None:
    desk.configure(stories=[story(step(moves=[GREETED, {**HELPED, "sees": "Ask your friends"}]))])
    told = opened(page, address)
    told.get_by_role("button", name="Do it on").click()

    expect(told.get_by_role("alert")).to_contain_text(
        "The story stops here. I expected a screen that says “Ask your friends”."
    )

    desk.app.menu = lambda _: Reply("CON Hello! Ask your friends\n1. Help")
    told.get_by_role("button", name="Try again").click()
    expect(told.locator(".story-end")).to_be_visible()


def test_a_story_presses_nothing_on_a_list_without_its_words(
    page: Page, address: str, desk: Desk
) -> None:
    desk.configure(stories=[story(step(moves=[GREETED, {**HELPED, "what": "Helpers"}]))])
    told = opened(page, address)

    told.get_by_role("button", name="Do it on").click()

    expect(told.get_by_role("alert")).to_contain_text("I expected a list with “Helpers”")
    assert [hop["text"] for hop in desk.app.asked("ussd")] == [""]


def test_a_move_is_passed_over_unless_its_words_are_there(
    page: Page, address: str, desk: Desk
) -> None:
    other = {"do": "choose", "what": "Send", "when": "cut off", "sees": "Hello"}
    desk.configure(stories=[story(step(moves=[GREETED, other, HELPED]))])
    told = opened(page, address)

    told.get_by_role("button", name="Do it on").click()

    expect(told.locator(".story-end")).to_be_visible()
    assert [hop["text"] for hop in desk.app.asked("ussd")] == ["", "2"]


def test_only_an_sms_of_this_story_is_read(page: Page, address: str, desk: Desk) -> None:
    desk.configure(stories=[story(step(phone=BARAKA, moves=[{"do": "read", "sees": "vouch"}]))])
    desk.send(BARAKA, "Please vouch, of old")
    desk.told("delivery")
    told = opened(page, address)
    told.get_by_role("button", name="Do it on Baraka’s phone").click()
    expect(told.locator(".making")).to_have_text("Read the SMS")

    desk.send(BARAKA, "Amina asks you to vouch")

    expect(phone_of(page, "Baraka").locator(".pointed")).to_contain_text("Amina asks you")
    expect(told.locator(".story-end")).to_be_visible()


def test_a_step_may_be_done_by_hand_and_the_place_is_kept(
    page: Page, address: str, desk: Desk
) -> None:
    waits = step(text="It takes a while", moves=[], seconds=3725)
    desk.configure(stories=[story(step(), waits, step(text="At last"))])
    told = opened(page, address)

    told.get_by_role("button", name="Next").click()
    expect(told.get_by_role("timer")).to_have_text("1:02:05 left")
    page.reload()
    expect(told.locator("[aria-current=step]")).to_contain_text("It takes a while")
    expect(told.get_by_role("timer")).to_contain_text("1:02:0")

    told.get_by_role("button", name="Start again").click()
    expect(told.locator("[aria-current=step]")).to_contain_text("Amina looks")
    assert desk.app.asked("ussd") == []


def test_a_step_that_waits_ends_by_itself(page: Page, address: str, desk: Desk) -> None:
    desk.configure(stories=[story(step(moves=[], seconds=1), step(text="At last"))])

    told = opened(page, address)

    expect(told.locator("[aria-current=step]")).to_contain_text("At last")
    expect(told.get_by_role("status")).to_have_text("Step 2 of 2: At last")


def test_a_phone_that_is_not_there_is_asked_for(page: Page, address: str, desk: Desk) -> None:
    desk.configure(stories=[story(step(phone="+254700123456"))])
    told = opened(page, address)

    told.get_by_role("button", name="Do it on").click()

    expect(told.get_by_role("alert")).to_contain_text("The phone +254700123456 is not here")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_story_that_is_closed_goes_on_where_it_was(
    page: Page, address: str, desk: Desk, width: int
) -> None:
    desk.configure(stories=[story(step(), step(text="At last"))])
    page.set_viewport_size({"width": width, "height": 844})
    told = opened(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    told.get_by_role("button", name="Next").click()

    page.keyboard.press("Escape")
    expect(told).to_be_hidden()
    expect(page.get_by_role("button", name="Stories")).to_be_focused()
    page.reload()
    expect(phone_of(page, "Amina")).to_be_visible()
    expect(told).to_be_hidden()

    expect(opened(page, address).locator("[aria-current=step]")).to_contain_text("At last")


def test_nothing_is_offered_where_there_is_no_story(page: Page, address: str) -> None:
    page.goto(address)

    expect(phone_of(page, "Amina")).to_be_visible()
    expect(page.get_by_role("button", name="Stories")).to_be_hidden()
