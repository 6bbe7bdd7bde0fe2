"""The main path on the telephones of the page, in a browser, against the running system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chromium import chromium
from tests.whole.system import System
from tests.whole.telephone import ACCEPT, BALANCE, SEND, SWAHILI, Screen, Words, new_number

pytestmark = pytest.mark.browser

WIDE, NARROW = (1440, 900), (390, 844)
THUMB = 40  # pixels that a finger can hit
STEP_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Browser, system: System) -> Iterator[Page]:
    with opened(browser, system, getattr(request, "param", WIDE)) as page:
        yield page


@contextmanager
def opened(browser: Browser, system: System, size: tuple[int, int]) -> Iterator[Page]:
    """The page with the telephones, used without a complaint in its console."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(system.urls["simulator"])
    yield page
    page.close()
    assert complaints == []


@dataclass(frozen=True)
class Handset:
    """One telephone of the page, used by its keys and by what its screen says."""

    page: Page
    root: Locator

    @classmethod
    def named(cls, page: Page, name: str) -> Handset:
        tab = page.get_by_role("navigation", name="Phones").get_by_text(name)
        if tab.is_visible():
            tab.click()
        return cls(page, page.get_by_role("region", name=f"Phone of {name}"))

    @classmethod
    def added(cls, page: Page, number: str, name: str) -> Handset:
        page.get_by_role("button", name="Add a phone").click()
        page.get_by_label("Number").fill(number)
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("region", name=f"Phone of {name}")).to_be_attached()
        return cls.named(page, name)

    def press(self, key: str) -> None:
        self.root.locator(f'[data-key="{key}"]').click()

    def dial(self) -> None:
        self.press("green")
        expect(self.root.locator(".frame")).not_to_be_empty()

    def say(self, typed: str, then: str) -> None:
        """Type on the keys what has keys, anything else in letters; then see `then`."""
        if typed.isdecimal():
            for digit in typed:
                self.press(digit)
        else:
            self.root.locator(".handset").focus()
            self.page.keyboard.type(typed)
        self.press("green")
        expect(self.root.locator(".frame")).to_contain_text(re.compile(then))

    def choose(self, label: Words, then: str) -> None:
        shown = self.root.locator(".frame").inner_text()
        self.say(Screen(shown, ends=False).key(label), then)

    def messages(self) -> Locator:
        return self.root.locator(".message")


def test_r_a01_r_a07_a_stranger_joins_and_pays_in_the_browser(page: Page, system: System) -> None:
    member = system.member(name="Juma Otieno")
    juma = Handset.added(page, member.number, "Juma")
    neema = Handset.added(page, new_number(), "Neema")

    neema.dial()
    neema.choose(SWAHILI, "Masharti")
    neema.choose(ACCEPT, "Unaitwa nani")
    neema.say("Neema Wambui", "PIN mpya")
    neema.say("7306", "tena")
    neema.say("7306", "Umepata zawadi ya 50 UMOJA")
    expect(neema.messages()).to_contain_text(["Karibu Umoja, Neema W!"])

    neema.press("green")
    expect(neema.root.locator(".frame")).to_contain_text("Habari Neema!")
    neema.choose(SEND, "namba ipi")
    neema.say(member.national, "Unamtumia Juma O kiasi gani")
    neema.say("20", "PIN yako")
    neema.say("7306", r"Umetuma 20 UMOJA kwa Juma O\. Kumb \w{7}\.")

    shown = neema.root.locator(".frame").inner_text()
    reference = re.findall(r"Kumb (\w{7})", shown)[0]
    expect(neema.messages().filter(has_text=f"{reference}: umetuma 20 UMOJA")).to_be_visible()
    expect(juma.messages().filter(has_text=f"{reference}: you got 20 UMOJA")).to_be_visible()


@pytest.mark.parametrize("page", [NARROW], indirect=True, ids=["390px"])
def test_a_phone_is_used_on_a_screen_of_390_pixels(page: Page, system: System) -> None:
    member = system.member(name="Wanjiku Kamau")
    wanjiku = Handset.added(page, member.number, "Wanjiku")

    wanjiku.dial()
    wanjiku.choose(BALANCE, "Your PIN:")
    wanjiku.say("7306", r"You have [\d,.]+ UMOJA")

    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    keys = [wanjiku.root.locator(f'[data-key="{key}"]') for key in "1234567890*#"]
    for box in [key.bounding_box() for key in [*keys, wanjiku.root.locator('[data-key="green"]')]]:
        assert box
        assert box["width"] >= THUMB
        assert box["height"] >= THUMB
        assert 0 <= box["x"] <= NARROW[0] - box["width"]


def told(page: Page, title: str, *, steps: int | None = None) -> None:
    """A story, from its beginning, to its end or so many steps on."""
    page.get_by_role("button", name="Stories").click()
    page.get_by_role("button", name=title).click()
    story = page.get_by_role("complementary", name=title)
    story.get_by_role("button", name="Start again").click()
    shown = story.locator(".step")
    for place in range(steps or shown.count()):
        shown.nth(place).get_by_role("button", name="Do it on").click()
        expect(shown.nth(place)).to_have_class("step done", timeout=STEP_MS)
    if steps is None:
        expect(story.locator(".story-end")).to_be_visible()


def test_r_a05_the_story_of_a_lost_pin_is_clicked_through(browser: Browser) -> None:
    with System.running(RECOVERY_COOLING_MINUTES="0") as own, opened(browser, own, WIDE) as page:
        amina = page.get_by_role("region", name="Phone of Amina")
        told(page, "Lost PIN")

        expect(amina.locator(".frame")).to_contain_text("above your limit")
        expect(amina.get_by_text("PIN 4916")).to_be_visible()
        assert own.phone("+254700000001", "4916").balance() == "499"


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_r_a05_the_stories_are_clicked_through_again_and_again(browser: Browser) -> None:
    with System.running(RECOVERY_COOLING_MINUTES="0") as own, opened(browser, own, WIDE) as page:
        amina = page.get_by_role("region", name="Phone of Amina")
        told(page, "Lost PIN")
        told(page, "Lost PIN", steps=2)
        for title in ("A thief tries", "A thief tries", "Lost PIN"):
            told(page, title)

        expect(amina.get_by_text("PIN 8305")).to_be_visible()


def test_a_pin_that_was_changed_by_hand_is_noted_on_the_card(page: Page, system: System) -> None:
    juma = Handset.added(page, new_number(), "Otieno")
    number = page.evaluate("() => [...document.querySelectorAll('.station')].at(-1).id").split("-")[
        1
    ]
    httpx.put(f"{system.urls['simulator']}phones/+{number}/pin", json={"pin": "7306"})
    expect(juma.root.locator(".pin")).to_have_text("PIN 7306")
    page.once("dialog", lambda dialog: dialog.accept("4815"))

    juma.root.locator(".pin").click()

    expect(juma.root.locator(".pin")).to_have_text("PIN 4815")


def test_no_card_shows_a_balance_that_may_be_another_by_now(page: Page) -> None:
    notes = page.locator(".card-note")

    expect(notes.first).to_have_text("sells vegetables")
    assert [note for note in notes.all_inner_texts() if "UMOJA" in note] == []
