"""The telephone in the browser, pressed and typed on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium
from tests.simulators.desk import AMINA, Desk
from tests.simulators.stub import Reply

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert complaints == []


def test_a_visitor_dials_answers_and_gets_an_sms(page: Page, desk: Desk) -> None:
    amina = page.get_by_role("region", name="Phone of Amina")
    frame, entry = amina.locator(".frame"), amina.get_by_label("What you type")
    expect(amina.get_by_text("PIN 7306")).to_be_visible()
    expect(entry).to_have_value("*384*96#")

    amina.locator('[data-key="green"]').click()
    expect(frame).to_have_text("You typed nothing")
    amina.locator('[data-key="4"]').click()
    page.keyboard.type("Ab")
    page.keyboard.press("Backspace")
    expect(entry).to_have_value("4A")
    page.keyboard.press("Enter")
    expect(frame).to_have_text("You typed 4A")
    expect(amina.locator(".count")).to_have_text("12/160")

    desk.send(AMINA, "Karibu")
    expect(amina.locator(".message.unread")).to_contain_text("Karibu")
    expect(amina.locator(".badge")).to_have_text("1")
    amina.locator(".inbox").click()
    expect(amina.locator(".badge")).to_be_hidden()

    amina.get_by_label("Write an SMS to 22384").fill("stop")
    amina.get_by_role("button", name="Send the SMS").click()
    expect(amina.locator(".message.mine")).to_contain_text("stop")
    expect(amina.locator(".stopped")).to_be_visible()

    amina.get_by_text("Hops").click()
    expect(amina.locator(".hop")).to_have_count(2)
    amina.locator(".handset").focus()
    page.keyboard.press("Escape")
    expect(entry).to_have_value("*384*96#")
    assert [event["status"] for event in desk.told("events")] == ["Incomplete"]


def test_phones_side_by_side_keep_to_themselves(page: Page, desk: Desk) -> None:
    desk.app.menu = lambda form: Reply(f"CON {form['phoneNumber'][-1]} {form['text']}")
    amina = page.get_by_role("region", name="Phone of Amina")
    baraka = page.get_by_role("region", name="Phone of Baraka")

    for person in (amina, baraka):
        person.locator('[data-key="green"]').click()
    expect(baraka.locator(".frame")).to_have_text("2 ")
    amina.locator('[data-key="7"]').click()
    amina.locator('[data-key="green"]').click()

    expect(amina.locator(".frame")).to_have_text("1 7")
    expect(baraka.locator(".frame")).to_have_text("2 ")


def test_a_screen_longer_than_a_phone_likes_is_counted_in_red(page: Page, desk: Desk) -> None:
    desk.app.menu = lambda _: Reply("CON " + "x" * 159 + "{")
    amina = page.get_by_role("region", name="Phone of Amina")

    amina.locator('[data-key="green"]').click()

    expect(amina.locator(".count.over")).to_have_text("161/160")


def test_letters_are_typed_by_pressing_again(page: Page, desk: Desk) -> None:
    amina = page.get_by_role("region", name="Phone of Amina")
    amina.locator('[data-key="green"]').click()
    amina.get_by_label("Digits or letters").click()

    amina.evaluate(
        """phone => {
            for (const key of "2254") phone.querySelector(`[data-key="${key}"]`).click();
        }"""
    )

    expect(amina.get_by_label("What you type")).to_have_value("bjg")


def test_a_visitor_adds_a_phone_and_spoils_the_network(page: Page, desk: Desk) -> None:
    page.get_by_role("button", name="Add a phone").click()
    page.get_by_label("Number").fill("0712 000 009")
    page.get_by_label("Name").fill("Zawadi")
    page.get_by_role("button", name="Add", exact=True).click()
    zawadi = page.get_by_role("region", name="Phone of Zawadi")
    expect(zawadi).to_be_visible()

    page.get_by_role("button", name="Network is fine").click()
    page.get_by_role("switch", name="Steps arrive twice").check(force=True)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="1 fault on")).to_be_visible()
    zawadi.locator('[data-key="green"]').click()

    expect(zawadi.locator(".frame")).to_have_text("You typed nothing")
    assert len(desk.app.asked("ussd")) == 2
    zawadi.get_by_role("button", name="Remove the phone of Zawadi").click()
    expect(zawadi).to_have_count(0)


def test_a_pin_can_be_hidden_from_those_who_look_on(page: Page, desk: Desk) -> None:
    amina = page.get_by_role("region", name="Phone of Amina")
    amina.locator('[data-key="green"]').click()
    amina.get_by_role("button", name="hide").click()

    amina.locator(".handset").focus()
    page.keyboard.type("7306")
    page.keyboard.press("Enter")
    amina.get_by_text("Hops").click()

    expect(amina.locator(".hop-sent").last).to_have_text("••••")


def test_a_call_that_was_opened_elsewhere_is_shown_and_goes_on(page: Page, desk: Desk) -> None:
    page.goto(f"{page.url}#adopt=again_1&phone=%2B254712000009")

    phone = page.get_by_role("region", name="Phone of +254712000009")
    expect(phone.locator(".frame")).to_have_text("You typed nothing")
    page.keyboard.type("4")
    page.keyboard.press("Enter")

    expect(phone.locator(".frame")).to_have_text("You typed 4")
    assert [form["sessionId"] for form in desk.app.asked("ussd")] == ["again_1"] * 2
    assert "#" not in page.url
