"""The staff as they work: somebody at a browser of their own, with a mailbox and an app for codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from passlib.totp import TOTP
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chromium import AXE
from tests.whole.system import System
from tests.whole.telephone import eventually

PASSWORD, FIRST_PASSWORD = "nane kijito tembo hariri", "jiwe mwezi kofia samaki"
WIDE, NARROW = (1280, 800), (390, 844)
STEP_MS = 15_000
REFUSED = re.compile("responded with a status of 4(00|03|09)")
LINK = re.compile(r"https?://\S+/admin/\S+")
CODE = re.compile(r"\b\d{6}\b")
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
SERIOUS = ("serious", "critical")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("dark", "light")


@dataclass
class Clerk:
    """Somebody of the staff; `complaints` is what their browser found amiss with our pages."""

    system: System
    context: BrowserContext
    page: Page
    email: str
    key: str = ""
    complaints: list[str] = field(default_factory=list)

    @property
    def admin(self) -> str:
        return self.system.urls["admin"].rstrip("/")

    def hear(self, complaint: str) -> None:
        """Keep what the browser says; that something was refused is no fault of a page."""
        if not REFUSED.search(complaint):
            self.complaints.append(complaint)

    def open(self, path: str = "/") -> Page:
        """Go to a page of the staff's."""
        self.page.goto(self.admin + path)
        return self.page

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def fill(self, **fields: str) -> None:
        """Type into the fields of these names."""
        for name, typed in fields.items():
            self.page.locator(f"[name={name}]").first.fill(typed)

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("body")).to_contain_text(words)

    def comes_to(self, path: str, words: str) -> None:
        """Open the page again and again until it says so: what it tells of takes a moment."""
        eventually(lambda: words in self.open(path).locator("main").inner_text(), words)

    def reveal(self, member: int) -> None:
        """Say why, and see a member's name, number and words for a while."""
        self.open(f"/people/{member}")
        self.page.locator("form", has_text="Show for 15 minutes").locator("[name=why]").fill(
            "they asked on the phone"
        )
        self.press("Show for 15 minutes")

    # Signing in

    def sign_in(self, password: str, *, at: str = "/sign-in") -> None:
        self.open(at)
        self.fill(email=self.email, password=password)
        self.press("Sign in")

    def take_factor(self) -> None:
        """Set the app on the telephone up, and write the codes down."""
        self.key = re.sub(r"\s", "", self.page.locator("code").first.inner_text())
        self.fill(code=self.code())
        self.press("Set it up")
        self.press("Show my codes")
        expect(self.page.locator(".codes li")).to_have_count(8)
        self.page.get_by_role("link", name="I have kept them").click()

    def code(self) -> str:
        """What the app shows now."""
        return str(TOTP(key=self.key, format="base32").generate().token)

    def passkeys(self) -> Callable[[bool], None]:
        """Give the browser an authenticator; the answer says whether it knows its owner from then on."""
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("WebAuthn.enable")
        made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

        def verifies(is_verified: bool) -> None:
            told = {"authenticatorId": made["authenticatorId"], "isUserVerified": is_verified}
            devtools.send("WebAuthn.setUserVerified", told)

        return verifies

    def letters(self) -> list[dict[str, Any]]:
        """What came to their mailbox, oldest first."""
        answer = httpx.get(
            f"{self.system.urls['mail']}/letters", params={"to": self.email}, trust_env=False
        )
        found: list[dict[str, Any]] = answer.json()["letters"]
        return found

    def letter(self, pattern: re.Pattern[str]) -> str:
        """The newest thing of a letter that looks so; letters are waited for."""

        def found() -> str:
            texts = [letter["text"] for letter in self.letters()[::-1]]
            return next((hit[0] for hit in map(pattern.search, texts) if hit), "")

        return eventually(found, f"a letter to {self.email}")

    # What a careful person looks for

    def faults(self, path: str) -> list[tuple[str, ...]]:
        """What is wrong with a page: wider than a telephone, or a grave finding of axe."""
        page, found = self.open(path), list[tuple[str, ...]]()
        width, height = NARROW
        page.set_viewport_size({"width": width, "height": height})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((path, "too wide"))
        page.evaluate(AXE.read_text())
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [
                (path, scheme, one["id"], one["nodes"][0]["html"])
                for one in page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
                if one["impact"] in SERIOUS
            ]
        width, height = WIDE
        page.set_viewport_size({"width": width, "height": height})
        return found


@contextmanager
def clerk(browser: Browser, system: System, email: str) -> Iterator[Clerk]:
    """A browser of somebody's own, used without a complaint of its console."""
    width, height = WIDE
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    context.set_default_timeout(STEP_MS)
    page = context.new_page()
    made = Clerk(system, context, page, email)
    page.on("console", lambda message: made.hear(message.text))
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("dialog", lambda dialog: made.complaints.append(f"dialog: {dialog.message}"))
    yield made
    context.close()
    assert made.complaints == []


def bootstrapped(clerk: Clerk) -> Clerk:
    """The first super admin, through every step there is."""
    told = clerk.system.command(
        "staff", "bootstrap", "--email", clerk.email, "--name", "Neema Wambui"
    )
    (password,) = re.findall(r"password  (\S+)", told.out)
    clerk.sign_in(password, at="/sa/sign-in")
    clerk.sees("Choose a new password")
    clerk.fill(password=password, new_password=PASSWORD, new_password_confirm=PASSWORD)
    clerk.press("Change the password")
    clerk.sees("Is this your e-mail address?")
    clerk.press("Send the letter")
    link = clerk.letter(LINK)
    other = clerk.context.new_page()
    other.goto(link)
    other.get_by_role("button", name="Yes, it is mine").click()
    other.close()
    clerk.open()
    clerk.take_factor()
    return clerk


def invited(by: Clerk, clerk: Clerk, role: str, name: str) -> Clerk:
    """Somebody new, by two letters; who needs a second factor sets it up."""
    accepted(by, clerk, role, name)
    if clerk.page.locator(".qr").count():
        clerk.take_factor()
    return clerk


def accepted(by: Clerk, clerk: Clerk, role: str, name: str) -> None:
    """Somebody new who came as far as their password."""
    by.open("/staff/invitations")
    by.fill(email=clerk.email)
    by.page.locator(f"#role-{role}").check()
    by.press("Send the invitation")
    clerk.page.goto(clerk.letter(LINK))
    clerk.fill(email=clerk.email, code=clerk.letter(CODE), name=name, password=PASSWORD)
    clerk.press("Accept")
    if clerk.page.locator("input[name=password]").count():
        clerk.sign_in(PASSWORD)
