"""The pictures of the staff's pages: the demo people, some traffic, and two of the staff at work."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.whole.office import NARROW, Clerk, bootstrapped, clerk, invited
from tests.whole.system import System
from tests.whole.telephone import BALANCE, HELP, REPORT, Desk, Phone

FORGOT = ("I forgot my PIN",)
ASK = ("Ask for a new PIN",)
QUALITY = 80
WHY = "she called and asked"


def take(browser: Browser, system: System, pictures: Path) -> None:
    """On a demonstration that has just been started: nobody of the staff is there yet."""
    with ExitStack() as stack:

        def somebody(name: str) -> Clerk:
            return stack.enter_context(clerk(browser, system, f"{name}@example.org"))

        neema = somebody("neema")
        _shoot(neema.open(), pictures / "admin-sign-in.jpg")
        bootstrapped(neema)
        wanjiru = invited(neema, somebody("wanjiru"), "enroller", "Wanjiru Kariuki")
        reference = _traffic(Desk.at(system.urls["simulator"]))
        _at_work(wanjiru, reference)
        _at_the_desk(neema, pictures)
        _on_a_telephone(wanjiru, pictures)


def _traffic(desk: Desk) -> str:
    """What a morning brings; the reference of a payment to the wrong person."""
    amina, baraka = Phone(desk, "+254700000001"), Phone(desk, "+254700000002", "4815")
    chebet, grace = Phone(desk, "+254700000003", "2850"), Phone(desk, "+254700000004", "6194")
    juma = Phone(desk, "+254711000001")
    juma.join("Juma Mwangi")
    grace.send(chebet, "15")
    chebet.send(amina, "7.50")
    sent = amina.send(baraka, "30")
    grace.home()
    grace.choose(HELP, REPORT)
    grace.say("I paid twice for the same maize")
    chebet.home()
    chebet.choose(BALANCE)
    chebet.say("9137", "9138", "9139")
    juma.home()
    juma.choose(HELP, FORGOT, ASK)
    juma.hang_up()
    (reference,) = re.findall(r"Ref (\w{7})", sent.text)
    return str(reference)


def _at_work(wanjiru: Clerk, reference: str) -> None:
    """A reversal and a change of number wait for another person; a member has a note and a tag."""
    wanjiru.open(f"/transactions/{reference}")
    wanjiru.fill(why="sent to the wrong neighbour")
    wanjiru.press("Ask to take it back")
    wanjiru.open("/people?q=grace")
    wanjiru.page.locator("a.row-link").first.click()
    wanjiru.page.get_by_role("link", name="Another number").click()
    wanjiru.fill(phone="0711000009")
    wanjiru.page.locator("#why-phone").fill("her telephone was stolen")
    wanjiru.press("Ask for it")
    wanjiru.open("/people?q=amina")
    wanjiru.page.locator("a.row-link").first.click()
    wanjiru.fill(tag="market-day")
    wanjiru.press("Tag")
    wanjiru.fill(words="Sells maize on Saturdays; call after four.")
    wanjiru.press("Write")
    wanjiru.sees("Wanjiru Kariuki,")


def _at_the_desk(neema: Clerk, pictures: Path) -> None:
    neema.comes_to("/sessions", "Transfer.sent")
    _shoot(neema.open("/"), pictures / "admin-today.jpg")
    _shoot(neema.open("/people?q=akiny"), pictures / "admin-people.jpg")
    page = neema.open("/people?q=amina")
    page.locator("a.row-link").first.click()
    _shoot(page, pictures / "admin-member.jpg")
    _shoot(neema.open("/transactions"), pictures / "admin-transactions.jpg")
    _shoot(neema.open("/pins"), pictures / "admin-pin-desk.jpg")
    _shoot(neema.open("/approvals"), pictures / "admin-approvals.jpg")
    neema.open("/sessions?label=Transfer.sent")
    neema.page.locator("a.row-link").first.click()
    neema.fill(why=WHY)
    neema.press("Show for 15 minutes")
    neema.sees("Sent 30 UMOJA")
    _shoot(neema.page, pictures / "admin-session.jpg")


def _on_a_telephone(wanjiru: Clerk, pictures: Path) -> None:
    width, height = NARROW
    page = wanjiru.page
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark")
    _shoot(wanjiru.open("/"), pictures / "admin-today-narrow.jpg")
    wanjiru.open("/people?q=amina")
    page.locator("a.row-link").first.click()
    _shoot(page, pictures / "admin-member-narrow.jpg")


def _shoot(page: Page, path: Path) -> None:
    """What stands in the window, as small as a page of documents wants it."""
    page.screenshot(path=path, type="jpeg", quality=QUALITY)
