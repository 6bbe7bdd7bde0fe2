"""R-B09, R-B10, R-B12: the list, the live list, one transaction, and what each role sees of them."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import pytest

from tests.admin.desk import HOST, Desk
from tests.people import AMINA, BARAKA
from tests.transfers.town import Town
from ussd_app.office.transactions import PAGE
from ussd_app.transfers.payments import Receipt
from ussd_app.users.permissions import Role
from ussd_app.values import Phone

WHY = "she pressed the wrong line"
PRIVATE = ("Amina", "Wanjiru", "Baraka", "Otieno", "0001", "0002", "A•••", "B•••")
"""Parts of names and numbers of both, whole and masked."""


@dataclass
class Counter:
    """The staff's pages, and Amina who paid Baraka 20."""

    desk: Desk
    town: Town
    receipt: Receipt

    @property
    def path(self) -> str:
        return f"/transactions/{self.receipt.reference}"


@pytest.fixture
def counter(desk: Desk) -> Counter:
    town = Town(desk.world)
    town.settle()
    receipt = town.pay(20)
    desk.world.run_errands()
    return Counter(desk, town, receipt)


def seen(text: str) -> list[str]:
    """The references on a page, from top to bottom."""
    return re.findall(r'<a class="row-link" href="[^"]*/transactions/(\w{7})"', text)


def test_r_b09_all_transactions_are_listed_newest_first(counter: Counter) -> None:
    newer = counter.town.pay(5, key="back", payer=counter.town.baraka, payee=counter.town.amina)

    page = counter.desk.signed_in(Role.VIEWER_PRIVATE).get("/transactions").text

    assert seen(page)[:2] == [newer.reference, counter.receipt.reference]
    assert "20 UMOJA" in page
    assert "A••• W•••" in page
    assert "Wanjiru" not in page
    assert page.count("Grant") > 3


def test_r_b09_a_page_is_small_at_its_widest(counter: Counter) -> None:
    town = counter.town
    town.no_limits()
    payer = town.world.join(Phone("+254711000031"), "Wwwwwwwwwww Wwwwwwww", tokens=1000)
    payee = town.world.join(Phone("+254711000032"), "Mmmmmmmmmmm Mmmmmmmm")
    for turn in range(PAGE):
        town.pay(1, key=f"wide-{turn}", payer=payer, payee=payee, repeat=True)

    page = counter.desk.signed_in(Role.SUPER_ADMIN).get("/transactions").text

    assert len(seen(page)) == PAGE
    assert len(page.encode()) < 30_000


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("amount_from", "a lot", "Type an amount like 12.50."),
        ("since", "yesterday", "Type a day like 2026-11-21."),
        ("since", "0001-01-01", "Type a day like 2026-11-21."),
        ("until", "9999-12-31", "Type a day like 2026-11-21."),
        ("token", "umoja!", "Choose one of the list."),
        ("token", "NONE", "Choose one of the list."),
        ("kind", "bribe", "Choose one of the list."),
        ("party", "Nobody Here", "Nobody was found."),
    ],
)
def test_r_b09_what_cannot_be_filtered_by_is_said_beside_its_field(
    counter: Counter, field: str, typed: str, words: str
) -> None:
    answer = counter.desk.signed_in(Role.ENROLLER).get("/transactions", **{field: typed})

    assert answer.status_code == 400
    assert f'aria-describedby="wrong-{field}"' in answer.text
    assert f'id="wrong-{field}">{words}<' in answer.text
    assert seen(answer.text) == []


def test_r_b09_a_filter_brings_what_it_says(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.ENROLLER)

    found = here.get("/transactions", kind="transfer", amount_from="19.99", amount_to="20").text
    none = here.get("/transactions", kind="transfer", amount_from="20.01").text

    assert seen(found) == [counter.receipt.reference]
    assert "Take one of the filters away" in none


@pytest.mark.parametrize("typed", ["0700000002", "+254700000002", "baraka", "otieno"])
def test_r_b12_a_name_or_number_becomes_an_id_and_stands_in_no_address(
    counter: Counter, typed: str
) -> None:
    here = counter.desk.signed_in(Role.VIEWER_PRIVATE)

    answer = here.get("/transactions", party=typed, kind="transfer")

    assert answer.status_code == 302
    assert answer.location.endswith(f"?kind=transfer&party={counter.town.baraka}")
    assert seen(here.get(answer.location).text) == [counter.receipt.reference]


def test_r_b10_a_reference_opens_however_it_was_written(counter: Counter) -> None:
    here, reference = counter.desk.signed_in(Role.VIEWER_PUBLIC), counter.receipt.reference

    found = here.get("/transactions", reference=f" {reference.lower().replace('0', 'o')} ")
    unknown = here.get("/transactions", reference="WRONG")

    assert found.location.endswith(counter.path)
    assert unknown.status_code == 404
    assert "No transaction has that reference" in unknown.text
    assert here.get("/transactions/0000000").status_code == 404
    assert here.get("/transactions/wrong").status_code == 404


def test_r_b10_one_transaction_is_shown_whole(counter: Counter) -> None:
    page = counter.desk.signed_in(Role.ADMIN).get(counter.path).text

    assert "20 UMOJA" in page
    assert f"/people/{counter.town.amina}" in page
    assert f"/people/{counter.town.baraka}" in page
    assert re.search(r">-20 UMOJA</td><td[^>]*>980</td>", page)
    assert re.search(r">\+20 UMOJA</td><td[^>]*>70</td>", page)
    assert "Limits that held then" in page
    assert re.search(r"That day</td><td[^>]*>20</td>", page)
    assert page.count("delivered") + page.count(">sent<") == 2
    assert "Not settled on chain in this version" in page
    assert "sent money" in page
    assert "Wanjiru" not in page


def test_r_b12_names_and_words_are_whole_once_both_are_shown(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.ENROLLER)

    here.post(f"/people/{counter.town.amina}/reveal", why=WHY)
    one = here.get(counter.path).text
    here.post(f"/people/{counter.town.baraka}/reveal", why=WHY)
    both = here.get(counter.path).text

    assert "Amina Wanjiru" in one
    assert "Otieno" not in one
    assert "you sent" not in one
    assert "Baraka Otieno" in both
    assert "you sent 20 UMOJA to Baraka O" in both


def test_r_b12_a_public_viewer_gets_no_name_and_no_number_anywhere(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.VIEWER_PUBLIC)
    admin = counter.desk.signed_in(Role.ADMIN)
    admin.post(f"{counter.path}/reversal", why="Amina asked for it")

    answers = [
        here.get("/transactions"),
        here.get("/transactions", party="Wanjiru"),
        here.get("/transactions", party=str(counter.town.amina)),
        here.get("/transactions", party="0700000001"),
        here.get("/transactions", amount_from="x"),
        here.get("/transactions", state="given_up"),
        here.get(counter.path),
        here.get("/transactions/live", since="0"),
        here.post("/transactions/export", why=WHY),
        here.post(f"{counter.path}/reversal", why=WHY),
    ]

    assert [one.status_code for one in answers] == [
        200,
        400,
        200,
        200,
        400,
        200,
        200,
        200,
        403,
        403,
    ]
    assert len(seen(answers[2].text)) == 3
    for answer in answers:
        text = re.sub(
            r'value="(Wanjiru|0700000001)"|<time[^>]*>|party=\d+|0700000001', "", answer.text
        )
        assert [part for part in PRIVATE if part in text] == []
    assert "Type the id of a member." in answers[1].text
    assert "Kamau" not in answers[6].text
    assert "Balance after" not in answers[6].text
    assert "waits for another person" in answers[6].text


def live(desk: Desk, since: str = "", last: str = "") -> tuple[list[str], str]:
    """The references that came, and the id of the last event."""
    headers = {"Last-Event-ID": last} if last else {}
    query = {"since": since} if since else None
    answer = desk.client.get(
        "/transactions/live", base_url=HOST, query_string=query, headers=headers
    )
    assert answer.status_code == 200
    assert answer.content_type == "text/event-stream; charset=utf-8"
    ids = re.findall(r"^id: (\S+)$", answer.text, re.MULTILINE)
    return seen(answer.text), ids[-1] if ids else last or since


def place_of(page: str) -> str:
    found = re.search(r'data-place="([^"]+)"', page)
    assert found
    return found[1]


def test_r_b09_new_ones_come_in_as_events_each_once(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.VIEWER_PUBLIC)
    place = place_of(here.get("/transactions").text)

    before, place = live(here, place)
    first = counter.town.pay(1, key="one").reference
    second = counter.town.pay(2, key="two").reference
    came, last = live(here, place)
    again, _last = live(here, place, last)

    assert (before, came, again) == ([], [first, second], [])


def test_r_b09_what_commits_late_behind_a_higher_number_comes_too(counter: Counter) -> None:
    here, world = counter.desk.signed_in(Role.ADMIN), counter.desk.world
    place = place_of(here.get("/transactions").text)
    with world.db.work() as work:
        (late,) = work.the_row(
            """
            SELECT ledger_post('grant', %s, ARRAY[h.id, m.id], ARRAY[-1, 1]::bigint[])
            FROM account h, account m WHERE h.owner IS NULL AND m.owner = %s
            """,
            world.clock.now(),
            counter.town.neighbour(3),
        )
        early = counter.town.pay(1, key="one").reference
        came, place = live(here, place)
    then, place = live(here, place)
    after, _place = live(here, place)

    assert early in came
    assert early.number > late
    assert [reference for reference in then if reference == early] == []
    assert late in [type(early)(reference).number for reference in then]
    assert after == []


def test_r_b12_whoever_is_suspended_hears_no_more(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.ADMIN)
    place = place_of(here.get("/transactions").text)
    boss = counter.desk.signed_in(Role.SUPER_ADMIN)

    boss.post(f"/staff/{here.user}/suspend", why="left the organisation")

    answer = here.get("/transactions/live", since=place)
    assert answer.status_code == 302
    assert "/sign-in" in answer.location


def test_r_c06_the_live_list_keeps_nobody_signed_in_who_left(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.ADMIN)
    place = place_of(here.get("/transactions").text)

    statuses = []
    for _turn in range(4):
        counter.desk.world.clock.advance(minutes=10)
        statuses.append(here.get("/transactions/live", since=place).status_code)

    assert statuses == [200, 200, 302, 302]


def test_r_b09_the_live_list_is_for_the_first_page_without_a_filter(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.ADMIN)

    assert "data-live" in here.get("/transactions").text
    filtered = here.get("/transactions", kind="grant").text
    assert "data-live" not in filtered
    assert "This list stands still." in filtered


def test_r_b09_asked_too_often_it_says_later(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.VIEWER_PUBLIC)

    answers = [here.get("/transactions/live", since="0") for _turn in range(200)]

    busy = [answer for answer in answers if answer.status_code == 503]
    assert busy
    assert busy[0].headers["Retry-After"] == "10"


@pytest.mark.parametrize("since", ["x", "1.x", "-1", "1" * 19, ".".join(["1"] * 200)])
def test_a_place_that_is_none_is_refused(counter: Counter, since: str) -> None:
    here = counter.desk.signed_in(Role.VIEWER_PUBLIC)

    assert here.get("/transactions/live", since=since).status_code == 400


def test_r_b09_a_file_holds_what_is_filtered_and_the_audit_says_why(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.ADMIN)

    answer = here.post("/transactions/export", kind="transfer", why=WHY)

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="transactions.csv"'
    assert [(row["reference"], row["amount"], row["token"], row["state"]) for row in rows] == [
        (counter.receipt.reference, "20", "UMOJA", "posted")
    ]
    assert (rows[0]["from"], rows[0]["from_name"]) == (str(counter.town.amina), "Amina Wanjiru")
    with counter.desk.world.db.reading() as reading:
        deeds = reading.rows(
            "SELECT action, actor, details FROM audit WHERE subject_kind = 'transactions' ORDER BY id"
        )
    assert deeds == [
        ("transactions.export_begun", here.user, {"why": WHY, "kind": "transfer"}),
        ("transactions.exported", here.user, {"count": 1}),
    ]


def test_r_b09_a_file_of_everything_names_the_house_and_no_formula(counter: Counter) -> None:
    answer = counter.desk.signed_in(Role.ADMIN).post("/transactions/export", why=WHY)

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["from"] for row in rows if row["category"] == "grant"} == {"Umoja"}
    assert len(rows) == counter.town.count("posting")


def test_a_file_without_a_reason_is_none_and_the_filter_stays(counter: Counter) -> None:
    answer = counter.desk.signed_in(Role.ADMIN).post(
        "/transactions/export", kind="transfer", why="ticket 12"
    )

    assert answer.status_code == 400
    assert "Say why without digits" in answer.text
    assert 'name="kind" value="transfer"' in answer.text
    assert seen(answer.text) == [counter.receipt.reference]


def test_r_b09_one_asks_and_another_takes_it_back(counter: Counter) -> None:
    maker = counter.desk.signed_in(Role.ENROLLER, name="Wambui Njoroge")
    checker = counter.desk.signed_in(Role.ADMIN, name="Kamau Mwangi")

    maker.post(f"{counter.path}/reversal", why=WHY)
    inbox = checker.get("/approvals").text
    number, form = (
        re.search(r"/approvals/(\d+)/approve", inbox),
        re.search(r'name="seen" value="(\w+)"', inbox),
    )
    assert number
    assert form
    checker.post(f"/approvals/{number[1]}/approve", seen=form[1])

    assert f"Take back 20 UMOJA of transaction {counter.receipt.reference}" in inbox
    assert "Show the number" not in inbox
    assert "Approved and done." in checker.get("/approvals").text
    page = checker.get(counter.path).text
    assert "Taken back" in page
    assert "Wambui Njoroge" in page
    assert "Kamau Mwangi" in page
    assert "Ask to take it back" not in page
    back = re.search(
        r"Taken back by</dt><dd><a href=\"/admin(/transactions/\w{7})\"", page
    ) or re.search(r"Taken back by</dt><dd><a href=\"(/transactions/\w{7})\"", page)
    assert back
    reversal = checker.get(back[1]).text
    assert "Takes back" in reversal
    assert "took a transaction back" in reversal
    assert counter.town.balance(counter.town.amina) == 1000
    states = checker.get("/transactions", state="reversed").text
    assert seen(states) == [counter.receipt.reference]


def test_r_b09_what_cannot_be_taken_back_is_said_on_its_page(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.ENROLLER)
    other = counter.town.neighbour(1)
    counter.town.pay(60, key="spent", payer=counter.town.baraka, payee=other)

    spent = here.post(f"{counter.path}/reversal", why=WHY)
    digits = here.post(f"{counter.path}/reversal", why="ticket 12")

    assert (spent.status_code, digits.status_code) == (409, 400)
    assert "The payee does not have it any more" in spent.text
    assert "Say why without digits" in digits.text
    assert 'value="ticket 12"' in digits.text
    assert "Nothing waits." in counter.desk.signed_in(Role.ADMIN).get("/approvals").text


def test_r_b10_a_members_movements_lead_to_their_transaction(counter: Counter) -> None:
    here = counter.desk.signed_in(Role.ENROLLER)

    page = here.get(f"/people/{counter.town.amina}", tab="transactions").text

    assert counter.receipt.reference in seen(page)


def test_r_b09_payments_that_were_given_up_are_listed_too(counter: Counter) -> None:
    counter.desk.world.services.payments.became(counter.town.amina, "never-sent")

    page = counter.desk.signed_in(Role.VIEWER_PRIVATE).get("/transactions", state="given_up").text

    assert page.count("<tr>") == 2
    assert f"/people/{counter.town.amina}" in page
    assert AMINA not in page
    assert BARAKA not in page
