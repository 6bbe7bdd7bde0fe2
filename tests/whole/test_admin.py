"""The staff's pages in a browser, against the running system, beside the telephones they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import chromium
from tests.whole.office import PASSWORD, Clerk, accepted, bootstrapped, clerk, invited
from tests.whole.system import System
from tests.whole.telephone import ACCEPT, BALANCE, ENGLISH, HELP, REPORT, eventually, new_number

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WHY = "they stood before me"


@dataclass(frozen=True)
class Office:
    """Everybody who works here, each at a browser of their own."""

    chief: Clerk
    admin: Clerk
    enroller: Clerk
    public: Clerk


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def office(browser: Browser, system: System) -> Iterator[Office]:
    """The super admin invited the others; each went through every step by hand."""
    with ExitStack() as stack:

        def somebody(name: str) -> Clerk:
            return stack.enter_context(clerk(browser, system, f"{name}@example.org"))

        chief = bootstrapped(somebody("neema"))
        yield Office(
            chief,
            invited(chief, somebody("kamau"), "admin", "Kamau Mwangi"),
            invited(chief, somebody("wambui"), "enroller", "Wambui Njoroge"),
            invited(chief, somebody("otieno"), "viewer_public", "Otieno Ouma"),
        )


def test_r_d09_r_b01_r_c04_the_staff_come_in_by_invitation(office: Office) -> None:
    for one in (office.chief, office.admin, office.enroller, office.public):
        one.open()
        one.sees("Good day, ")

    office.chief.open("/staff")
    office.chief.sees("Wambui Njoroge")
    office.chief.open("/audit")
    office.chief.sees("Neema Wambui")


def test_r_b03_a_member_invited_at_the_desk_joins_on_the_phone(
    office: Office, system: System
) -> None:
    phone = system.phone(new_number())
    office.enroller.open("/people")
    office.enroller.page.get_by_role("link", name=re.compile("Invite")).first.click()
    office.enroller.fill(name="Zawadi Chebet", phone=phone.national)
    office.enroller.press("Send the invitation")
    office.enroller.sees("on its way by SMS")

    code = phone.sms_like(r"\b\d{6}\b")
    phone.dial()
    phone.say(*re.findall(r"\b\d{6}\b", code))
    phone.say("7306", "7306")
    assert "Welcome Zawadi Chebet!" in phone.choose(ACCEPT).text

    office.enroller.open()
    office.enroller.page.keyboard.press("/")
    office.enroller.page.keyboard.type("zawdi chebet")
    office.enroller.page.keyboard.press("Enter")
    office.enroller.page.locator("a.row-link").first.click()
    office.enroller.sees(re.compile("Z••• C•••"))
    office.enroller.fill(why=WHY)
    office.enroller.press("Show for 15 minutes")
    office.enroller.sees("Zawadi Chebet")
    office.enroller.sees(phone.number)
    office.chief.open("/audit")
    office.chief.sees(WHY)


def test_r_b05_a_locked_pin_is_unlocked_at_the_desk(office: Office, system: System) -> None:
    phone = system.member(name="Achieng Odhiambo")
    member = system.member_of(phone)
    phone.home()
    phone.choose(BALANCE)
    phone.say("9137", "9138", "9139")

    office.enroller.open("/pins")
    row = office.enroller.page.locator("tr", has_text=f"Member {member}").first
    row.locator("[name=why]").fill(WHY)
    row.get_by_role("button", name="Unlock").click()

    office.enroller.sees("Unlocked, with the PIN they had.")
    assert phone.balance() == "50"


def test_r_b12_whoever_sees_figures_alone_finds_nobody(office: Office, system: System) -> None:
    """Everything a public viewer can reach, by links and by guessing, tells of nobody."""
    phone = system.member(name="Nyawira Kipchoge")
    member = system.member_of(phone)
    system.run(
        "INSERT INTO note (member, author, words, at) VALUES (%s, 1, 'lives in Kibera', now())",
        member,
    )
    seen, queue = (
        set[str](),
        ["/", "/account", "/transactions", f"/people/{member}", "/people?q=Nyawira"],
    )
    guessed = ["/people", "/people.csv", "/sessions", "/messages", "/audit", "/staff", "/approvals"]
    queue += [*guessed, "/reports", "/pins", "/no-such-page"]
    while queue:
        path = queue.pop()
        answer = office.public.context.request.get(office.public.admin + path)
        seen.add(path)
        told = answer.text()
        for private in ("Nyawira", "Kipchoge", phone.number, phone.number[-9:], "Kibera"):
            assert private not in told, path
        found = re.findall(r'href="/admin(/[^"#]*)"', told)
        queue += [one for one in dict.fromkeys(found) if one not in seen and "/static/" not in one]

    assert "/account" in seen


@pytest.mark.parametrize("typed", ["<script>x</script>", '"><img src=x>', "{{7*7}}'--"])
def test_r_a03_what_is_typed_on_the_phone_runs_nowhere(
    office: Office, system: System, typed: str
) -> None:
    """As a name it is refused on the phone; as a report, and as a name all the same, it is letters."""
    stranger, phone = system.phone(), system.member(name="Barasa Wekesa")
    stranger.dial()
    stranger.choose(ENGLISH, ACCEPT)
    assert "What is your name?" in stranger.say(typed).text
    stranger.hang_up()
    phone.home()
    phone.choose(HELP, REPORT)
    phone.say(f"{typed} on my phone")
    member = system.member_of(phone)
    system.run("UPDATE member SET name = %s WHERE id = %s", typed, member)
    office.admin.reveal(member)

    for path in (f"/people/{member}", "/people?sort=id&order=down", "/reports", "/audit", "/"):
        page = office.admin.open(path)
        assert page.locator("main img, main script").count() == 0
        if path == "/reports":
            office.admin.sees(f"{typed} on my phone")


def test_r_b09_a_payment_comes_in_live_and_two_people_take_it_back(
    office: Office, system: System
) -> None:
    payer, payee = system.member(name="Akinyi Onyango"), system.member(name="Mutua Musyoka")
    page = office.public.open("/transactions")
    expect(page.locator("table.list tbody tr").first).to_be_visible()
    sent = payer.send(payee, "7")
    (reference,) = re.findall(r"Ref (\w{7})", sent.text)

    row = page.locator("tr", has_text=reference)
    expect(row).to_contain_text("7 UMOJA", timeout=15_000)
    assert "Akinyi" not in page.content()
    assert "A•" not in row.inner_text()

    office.enroller.open(f"/transactions/{reference}")
    office.enroller.fill(why="sent to the wrong neighbour")
    office.enroller.press("Ask to take it back")
    assert payer.balance() == "43"
    office.admin.open("/approvals")
    office.admin.sees(reference)
    office.admin.press("Approve")
    office.admin.sees("Approved and done.")

    assert (payer.balance(), payee.balance()) == ("50", "50")
    payer.sms_like(reference)
    payee.sms_like(reference)
    office.admin.open(f"/transactions/{reference}")
    office.admin.sees("Taken back")
    assert system.reconciled() == []


def test_r_b15_a_session_is_seen_screen_by_screen_and_never_a_pin(
    office: Office, system: System
) -> None:
    phone = system.member(name="Wanjala Barasa")
    member = system.member_of(phone)
    assert phone.balance() == "50"

    office.enroller.comes_to(f"/people/{member}?tab=calls", "Balance.shown")
    office.enroller.page.locator("tr", has_text="Balance.shown").locator("a.row-link").click()
    path = urlsplit(office.enroller.page.url).path.removeprefix("/admin")
    office.enroller.comes_to(path, "What the phone showed is hidden")
    office.enroller.fill(why="she says that it hung")
    office.enroller.press("Show for 15 minutes")

    office.enroller.sees("Your PIN:")
    office.enroller.sees("You have 50 UMOJA.")
    assert "7306" not in office.enroller.page.locator("main").inner_text()


def test_r_b15_staff_write_to_one_member_and_send_again(office: Office, system: System) -> None:
    phone = system.member(name="Fatuma Said")
    member = system.member_of(phone)
    office.enroller.open(f"/messages/to/{member}")
    office.enroller.page.locator("textarea").fill("The meeting of Saturday begins at nine.")
    office.enroller.press("Send")
    phone.sms_like("begins at nine")

    office.enroller.comes_to(f"/people/{member}?tab=messages", "Delivered")


def test_r_b04_two_of_the_staff_delete_a_member_whose_number_joins_anew(
    office: Office, system: System
) -> None:
    phone, other = system.member(name="Nekesa Simiyu"), system.member(name="Omondi Okoth")
    member = system.member_of(phone)
    ask = "Ask to delete them"
    office.admin.open(f"/people/{member}")
    office.admin.page.locator("form", has_text=ask).locator("[name=why]").fill("their own wish")
    office.admin.press(ask)
    office.admin.sees("They still have money. Let them spend it first.")
    phone.send(other, "50")
    phone.sms_like("you sent 50")
    office.admin.open(f"/people/{member}")
    office.admin.page.locator("form", has_text=ask).locator("[name=why]").fill("their own wish")
    office.admin.press(ask)

    office.chief.open("/approvals")
    office.chief.sees(f"Delete member {member} with all their data")
    office.chief.press("Approve")
    office.chief.sees("Approved and done.")

    phone.sms_like("your data is deleted")
    hung_up = "SELECT count(*) FROM erasure WHERE member = %s AND hung_up"
    eventually(lambda: system.value(hung_up, member) == 1, "the end of their own calls")
    assert phone.dial().offers(ENGLISH)
    assert phone.join(name="Nafula Wekesa").ends
    assert system.member_of(phone) != member
    rows = system.rows("SELECT name, phone, status FROM member WHERE id = %s", member)
    assert rows == [("", None, "DELETED")]
    assert system.reconciled() == []


def test_r_b03_details_are_changed_and_two_people_give_another_number(
    office: Office, system: System
) -> None:
    phone, fresh = system.member(name="Wekesa Barasa"), system.phone()
    member = system.member_of(phone)
    office.admin.reveal(member)
    page = office.admin.page
    form = page.locator("form", has=page.locator("[name=location]"))
    form.locator("[name=location]").fill("Kakamega")
    form.get_by_role("button", name="Change").click()
    assert system.value("SELECT location FROM member WHERE id = %s", member) == "Kakamega"
    office.enroller.open("/approvals")
    office.enroller.fill(member=str(member), phone=fresh.national)
    office.enroller.page.locator("#why-phone").fill("a new SIM, she stood here")
    office.enroller.press("Ask for it")

    office.admin.open("/approvals")
    row = office.admin.page.locator("tr", has_text=f"number of member {member}")
    row.get_by_role("button", name="Approve").click()

    office.admin.sees("Approved and done.")
    assert fresh.balance() == "50"


def test_r_b15_a_filter_is_kept_and_found_again(office: Office, system: System) -> None:
    system.member(name="Akoth Adhiambo")
    page = office.enroller.open("/people?kind=individual&sort=id&order=down")
    page.locator("form", has_text="Keep this filter as").locator("[name=name]").fill("the newest")
    office.enroller.press("Keep")

    office.enroller.open("/people")
    page.get_by_role("link", name="the newest", exact=True).click()

    expect(page).to_have_url(re.compile(r"order=down"))
    expect(page.locator("table.list tbody tr").first).to_contain_text("A••• A•••")


def test_r_b05_two_of_the_staff_decide_a_lost_pin(office: Office, system: System) -> None:
    phone = system.member(name="Naliaka Wafula")
    member = system.member_of(phone)
    office.enroller.open("/pins")
    office.enroller.fill(phone=phone.national)
    office.enroller.page.locator("#why-begin").fill(WHY)
    office.enroller.press("Start")
    office.enroller.sees("The recovery is open.")
    for one, said in ((office.enroller, "1 of 2"), (office.admin, "2 of 2")):
        one.comes_to("/pins", f"Member {member}")
        row = one.page.locator("tr", has_text=f"Member {member}").first
        row.locator("[name=why]").fill(WHY)
        row.get_by_role("button", name="Approve").click()
        one.sees(f"Approved by {said}.")

    phone.sms_like("PIN")
    assert (
        system.value(
            "SELECT count(*) FROM approval a JOIN recovery r ON r.id = a.recovery WHERE r.member = %s",
            member,
        )
        == 2
    )


def test_r_b14_the_audit_is_searched_and_taken_out(office: Office) -> None:
    page = office.chief.open("/audit?action=user.signed_in")
    expect(page.locator("table.list tbody tr").first).to_contain_text("signed in")
    assert page.locator("table.list tbody tr", has_text="reported something").count() == 0
    office.chief.fill(why="the yearly look")

    with page.expect_download() as taken:
        office.chief.press("Download CSV")

    lines = taken.value.path().read_text().splitlines()
    assert len(lines) > 1
    assert all("user.signed_in" in line for line in lines[1:])


def test_r_b01_another_role_counts_from_the_next_page_on(
    browser: Browser, office: Office, system: System
) -> None:
    with clerk(browser, system, "juma@example.org") as juma:
        invited(office.chief, juma, "viewer_public", "Juma Hassan")
        assert "This is not yours to open" in juma.open("/people").title()
        office.chief.open("/staff")
        office.chief.page.get_by_role("link", name="Juma Hassan").click()
        page = office.chief.page
        form = page.locator("form", has=page.locator("#role"))
        form.locator("#role").select_option("viewer_private")
        form.get_by_role("button").last.click()

        juma.open("/people")

        expect(juma.page.get_by_role("heading", name="People")).to_be_visible()


def test_r_d09_a_passkey_is_added_and_used(
    browser: Browser, office: Office, system: System
) -> None:
    with clerk(browser, system, "auma@example.org") as auma:
        verifies, page = auma.passkeys(), auma.page
        accepted(office.chief, auma, "admin", "Auma Atieno")
        page.get_by_role("link", name="Take a passkey instead").click()
        page.get_by_label("What you call it").fill("My laptop")
        auma.press("Add a passkey")
        auma.press("Show my codes")
        page.get_by_role("link", name="I have kept them").click()
        auma.open("/account")
        auma.press("Sign out")

        auma.sign_in(PASSWORD)
        expect(page.get_by_role("heading", name="Your passkey")).to_be_visible()
        verifies(False)
        auma.press("Use my passkey")
        expect(page.get_by_role("alert")).to_contain_text("That did not work, or you stopped it")
        verifies(True)
        auma.press("Use my passkey")
        auma.sees("Good day, ")

        auma.open("/account/passkeys")
        auma.sees("My laptop")
        auma.sees("Last used")


def test_r_d09_a_browser_that_knows_no_passkeys_is_told_so(
    browser: Browser, office: Office, system: System
) -> None:
    with clerk(browser, system, "odhiambo@example.org") as odhiambo:
        odhiambo.page.add_init_script("delete window.PublicKeyCredential")
        accepted(office.chief, odhiambo, "admin", "Odhiambo Otieno")

        odhiambo.open("/account/passkeys")

        expect(odhiambo.page.get_by_role("alert")).to_contain_text(
            "This browser cannot use passkeys here"
        )
        expect(odhiambo.page.get_by_role("button", name="Add a passkey")).to_be_disabled()


def test_what_a_member_reports_is_answered(office: Office, system: System) -> None:
    phone = system.member(name="Moraa Nyaboke")
    phone.home()
    phone.choose(HELP, REPORT)
    phone.say("I paid twice for the same maize")

    office.enroller.reveal(system.member_of(phone))
    office.enroller.open("/reports")
    row = office.enroller.page.locator("tr", has_text="twice for the same maize").first
    row.locator("[name=answer]").fill("I called her, she was paid back")
    row.get_by_role("button", name="Answered").click()

    office.enroller.sees("The report is answered.")


def test_r_c06_whoever_is_suspended_is_out_at_the_next_page(
    browser: Browser, office: Office, system: System
) -> None:
    with clerk(browser, system, "barasa@example.org") as barasa:
        invited(office.chief, barasa, "viewer_private", "Barasa Wafula")
        barasa.open("/people")
        office.chief.open("/staff")
        office.chief.page.get_by_role("link", name="Barasa Wafula").click()
        office.chief.page.locator("form", has_text="Suspend").locator("[name=why]").fill(WHY)
        office.chief.press("Suspend")

        barasa.open("/people")

        expect(barasa.page).to_have_url(re.compile("sign-in"))
        barasa.sign_in(PASSWORD)
        expect(barasa.page).to_have_url(re.compile("sign-in"))


def test_the_way_back_leads_to_the_list_as_it_was_left(office: Office, system: System) -> None:
    """Walked by the keys, through a tab of the member and back."""
    system.member(name="Naliaka Simiyu")
    page = office.enroller.open("/people?q=naliaka&kind=individual")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".tabs").get_by_role("link", name="Transactions").click()
    expect(page).to_have_url(re.compile("tab=transactions"))
    page.locator(".back a").click()

    expect(page).to_have_url(re.compile(r"/people\?q=naliaka&kind=individual$"))


def test_somebody_is_found_and_shown_without_javascript(
    browser: Browser, office: Office, system: System
) -> None:
    phone = system.member(name="Kemunto Bosire")
    plain = browser.new_context(
        java_script_enabled=False, storage_state=office.enroller.context.storage_state()
    )
    page = plain.new_page()
    page.goto(office.enroller.admin + "/")
    page.get_by_role("searchbox").fill("kemunto")
    page.keyboard.press("Enter")
    page.locator("a.row-link").first.click()
    page.locator("[name=why]").first.fill(WHY)
    page.get_by_role("button", name="Show for 15 minutes").click()

    expect(page.locator("main")).to_contain_text("Kemunto Bosire")
    expect(page.locator("main")).to_contain_text(phone.number)
    plain.close()


PAGES = (
    "/",
    "/people",
    "/people?q=a",
    "/people/invite",
    "/pins",
    "/reports",
    "/transactions",
    "/transactions?kind=transfer",
    "/sessions",
    "/messages",
    "/staff/invitations",
    "/approvals",
    "/staff",
    "/audit",
    "/account",
)


def test_every_page_is_sound_in_light_and_dark_and_on_a_telephone(
    office: Office, system: System
) -> None:
    phone = system.member(name="Halima Abdi")
    member = system.member_of(phone)
    tabs = ("", "?tab=transactions", "?tab=messages", "?tab=calls", "?tab=audit")
    pages = (*PAGES, *(f"/people/{member}{tab}" for tab in tabs))

    assert [fault for path in pages for fault in office.chief.faults(path)] == []


def test_the_first_page_weighs_little_and_the_later_ones_less(office: Office) -> None:
    """Compressed, as browsers fetch it: first everything, then a page alone."""
    page = office.chief.context.new_page()
    weights: list[int] = []
    page.on("requestfinished", lambda request: weights.append(request.sizes()["responseBodySize"]))
    page.goto(office.chief.admin + "/people")
    first, weights[:] = sum(weights), []
    page.goto(office.chief.admin + "/audit")
    later = sum(weights)
    page.close()

    assert first <= 120_000
    assert later <= 30_000


def test_without_a_session_there_is_only_the_sign_in(system: System) -> None:
    with httpx.Client(trust_env=False, base_url=system.urls["admin"]) as http:
        for path in ("", "people", "staff", "audit", "account"):
            answer = http.get(path)
            assert (answer.status_code, "/admin/sign-in" in answer.headers["Location"]) == (
                302,
                True,
            )
