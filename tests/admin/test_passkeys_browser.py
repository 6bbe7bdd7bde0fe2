"""R-D09 as a person meets it: a passkey of a real browser, by an authenticator that it plays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from tests.admin.visitor import EMAIL, GOOD, Visitor
from tests.browser.chromium import chromium
from ussd_app.users.permissions import Role

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - theirs
        """Nothing: pages are what is looked at."""


@dataclass
class Place:
    """A browser's page at the staff's pages, and the authenticator it plays."""

    page: Page
    address: str
    devtools: CDPSession
    authenticator: str

    def sign_in(self) -> None:
        self.page.goto(f"{self.address}/sign-in")
        self.page.get_by_label("E-mail address").fill(EMAIL)
        self.page.get_by_label("Password").fill(GOOD)
        self.page.get_by_role("button", name="Sign in").click()

    def verifies(self, is_verified: bool) -> None:
        """Whether the authenticator knows its owner from now on."""
        told = {"authenticatorId": self.authenticator, "isUserVerified": is_verified}
        self.devtools.send("WebAuthn.setUserVerified", told)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@contextmanager
def served(visitor: Visitor) -> Iterator[tuple[Visitor, str]]:
    """The pages of that visitor's world on a port, at a name that browsers give passkeys to."""
    nothing = Response(status=404)
    server = make_server("127.0.0.1", 0, nothing, threaded=True, request_handler=Quiet)
    address = f"http://localhost:{server.server_port}"
    made = visitor.with_settings(ADMIN_URL=address)
    server.app = DispatcherMiddleware(nothing, {"/admin": made.app.wsgi_app})
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made, f"{address}/admin"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def at(browser: Browser, address: str) -> Iterator[Place]:
    """A page without a complaint in its console."""
    page = browser.new_page(locale="en-GB")
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield Place(page, address, devtools, made["authenticatorId"])
    page.close()
    assert complaints == []


def test_r_d09_a_passkey_is_added_and_used_in_a_browser(browser: Browser, visitor: Visitor) -> None:
    with served(visitor) as (ours, address), at(browser, address) as place:
        person, page = ours.with_account(Role.ADMIN), place.page
        place.sign_in()
        page.get_by_role("link", name="Take a passkey instead").click()
        page.get_by_label("What you call it").fill("My laptop")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_role("heading", name="Codes for when")).to_be_visible()
        page.get_by_role("button", name="Show my codes").click()
        page.get_by_role("link", name="I have kept them").click()
        (key,) = person.world.services.passkeys.of(person.user)
        assert (key.name, key.transports, key.used_at) == ("My laptop", ["internal"], None)

        page.goto(f"{address}/account")
        page.get_by_role("button", name="Sign out", exact=True).click()
        place.sign_in()
        expect(page.get_by_role("heading", name="Your passkey")).to_be_visible()
        place.verifies(False)
        page.get_by_role("button", name="Use my passkey").click()
        expect(page.get_by_role("alert")).to_contain_text("That did not work, or you stopped it")
        place.verifies(True)
        page.get_by_role("button", name="Use my passkey").click()

        page.wait_for_url(f"{address}/")
        (key,) = person.world.services.passkeys.of(person.user)
        assert key.used_at
        page.goto(f"{address}/account/passkeys")
        expect(page.get_by_text("Last used")).to_be_visible()


def test_r_d09_a_browser_that_knows_no_passkeys_is_told_so(
    browser: Browser, visitor: Visitor
) -> None:
    with served(visitor) as (ours, address), at(browser, address) as place:
        ours.with_account()
        place.page.add_init_script("delete window.PublicKeyCredential")
        place.sign_in()

        place.page.goto(f"{address}/account/passkeys")

        told = place.page.get_by_role("alert")
        expect(told).to_contain_text("This browser cannot use passkeys here")
        expect(place.page.get_by_role("button", name="Add a passkey")).to_be_disabled()
