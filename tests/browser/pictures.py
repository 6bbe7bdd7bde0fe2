"""Take the pictures of docs/pictures from a running `ussd-app run`: `make pictures`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser import admin_pictures
from tests.browser.chromium import chromium
from tests.whole.system import System
from ussd_app.commands import environment

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
NAIROBI = "Africa/Nairobi"  # where the people live, and the SMS tell the time
WIDE, NARROW = ViewportSize(width=1440, height=860), ViewportSize(width=390, height=844)


def main() -> None:
    """First the telephones, then the staff's pages, for the staff see what the telephones did."""
    environ = environment.environment()
    state = environment.running(environ)
    if state is None:
        sys.exit("start `make run` first")
    with chromium() as browser:
        _telephones(browser, state["urls"]["simulator"])
        admin_pictures.take(browser, System(environment.folder(environ).parent), PICTURES)


def _telephones(browser: Browser, address: str) -> None:
    """Amina pays Baraka, and is about to pay again when the picture is taken."""
    page = browser.new_page(viewport=WIDE, device_scale_factor=1, timezone_id=NAIROBI)
    page.goto(address)
    amina, baraka = _phone(page, "Amina"), _phone(page, "Baraka")
    _answer(page, amina, "", "1", "0700000002", "20", "7306")
    expect(baraka.locator(".message").first).to_contain_text("umepokea 20", timeout=15_000)
    expect(amina.locator(".message").first).to_contain_text("you sent 20", timeout=15_000)
    _answer(page, baraka, "")
    _answer(page, amina, "", "1", "1", "35")
    expect(amina.locator(".frame")).to_contain_text("Your PIN")
    page.screenshot(path=PICTURES / "telephones.jpg", type="jpeg", quality=88, full_page=True)
    page.set_viewport_size(NARROW)
    page.screenshot(path=PICTURES / "telephone-narrow.jpg", type="jpeg", quality=88)
    page.close()


def _phone(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Phone of {name}")


def _answer(page: Page, phone: Locator, *answers: str) -> None:
    """Dial, then answer one screen after another as a thumb would."""
    for typed in answers:
        phone.locator(".handset").focus()
        if typed:
            page.keyboard.type(typed)
        before = phone.locator(".frame").inner_text()
        page.keyboard.press("Enter")
        expect(phone.locator(".frame")).not_to_have_text(before)
        page.wait_for_timeout(600)


if __name__ == "__main__":
    main()
