"""What the company tells of a SIM: nothing makes it clean but a day that is certainly long ago."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, strategies as st

from tests.people import AMINA, World
from tests.web.client import SECRET, Client, client_of
from ussd_app import bootstrap
from ussd_app.errors import Unavailable
from ussd_app.members.recoveries import Recoveries
from ussd_app.web.insights import verdict
from ussd_app.web.metrics import CALLBACKS

PATH = f"/callbacks/{SECRET}/sim-swap"
NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)
FRESH = timedelta(hours=72)
TOLD = {
    "status": "Swapped",
    "lastSimSwapDate": "01-01-1900",
    "providerRefId": "fe3b-46fd-931c-b2ef3a64da93311064104",
    "requestId": "ATSwpid_1",
    "transactionId": "738e202b-ea2f-43e5-b451-a85334e90fb5",
}


class Heard(Recoveries):
    """Recoveries that only note what they are told; `away` as when PostgreSQL is."""

    def __init__(self, *, away: bool = False) -> None:
        self.known: list[tuple[str, str]] = []
        self.away = away

    def sim_known(self, reference: str, *, verdict: str) -> None:
        if self.away:
            raise Unavailable("PostgreSQL does not answer")
        self.known.append((reference, verdict))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def client(town: World, heard: Heard) -> Client:
    return client_of(replace(town, services=replace(town.services, recoveries=heard)))


def post_json(client: Client, told: object) -> int:
    body = json.dumps(told).encode()
    return client.request("POST", PATH, body, content_type="application/json").status


def day(town: World, **ago: int) -> str:
    return (town.clock.now() - timedelta(**ago)).strftime("%d-%m-%Y")


# The callback


def test_a_notification_is_taken_in_as_json_or_as_a_form(client: Client, heard: Heard) -> None:
    assert post_json(client, TOLD) == 200
    assert client.post(PATH, TOLD).status == 200

    assert heard.known == [("ATSwpid_1", "clean")] * 2


@pytest.mark.parametrize(
    ("ago", "known"), [({"hours": 1}, "swapped"), ({"hours": 71}, "swapped"), ({"days": 6}, "clean")]
)  # fmt: skip
def test_a_swap_is_judged_by_its_day(
    client: Client, heard: Heard, town: World, ago: dict[str, int], known: str
) -> None:
    post_json(client, {**TOLD, "lastSimSwapDate": day(town, **ago)})

    assert heard.known == [("ATSwpid_1", known)]


def test_how_fresh_a_swap_may_not_be_is_a_setting(town: World, heard: Heard) -> None:
    world = replace(town, services=replace(town.services, recoveries=heard))

    post_json(client_of(world, sim_swap_hours=240), {**TOLD, "lastSimSwapDate": day(town, days=6)})

    assert heard.known == [("ATSwpid_1", "swapped")]


@pytest.mark.parametrize(
    "told",
    [
        {"status": "Failed"},
        {"status": "Failed", "lastSimSwapDate": "01-01-1900"},
        {"status": "Swapped"},
        {"status": "Swapped", "lastSimSwapDate": None},
        {"status": "Swapped", "lastSimSwapDate": "soon"},
        {"status": "clean", "lastSimSwapDate": "01-01-1900"},
        {"lastSimSwapDate": "01-01-1900"},
        {},
    ],
)
def test_what_cannot_be_read_is_unknown(
    client: Client, heard: Heard, told: dict[str, str | None]
) -> None:
    post_json(client, {**told, "requestId": "ATSwpid_1"})

    assert heard.known == [("ATSwpid_1", "unknown")]


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"null", b"[]", b'"clean"', b"{}", b'{"requestId": 7}', b"[" * 50_000,
     b'{"status": "Swapped", "lastSimSwapDate": "01-01-1900"}', b"\xff\xfe"],
)  # fmt: skip
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_a_notification_of_no_request_is_answered_and_counted(
    client: Client, heard: Heard, body: bytes, content_type: str
) -> None:
    before = CALLBACKS.labels("sim-swap-unreadable")._value.get()

    answer = client.request("POST", PATH, body, content_type=content_type)

    assert (answer.status, heard.known) == (200, [])
    assert CALLBACKS.labels("sim-swap-unreadable")._value.get() == before + 1


def test_a_notification_that_could_not_be_written_is_asked_for_again(town: World) -> None:
    services = replace(town.services, recoveries=Heard(away=True))

    assert post_json(client_of(replace(town, services=services)), TOLD) == 503


@pytest.mark.parametrize("secret", ["wrong", SECRET[:-1]])
def test_a_notification_with_a_wrong_secret_is_a_404(
    client: Client, heard: Heard, secret: str
) -> None:
    assert client.post(f"/callbacks/{secret}/sim-swap", TOLD).status == 404
    assert client.get(PATH).status == 404
    assert client.post(PATH, TOLD, source="203.0.113.9").status == 404
    assert heard.known == []


@pytest.fixture
def asking(world: World) -> World:
    """A world in which Africa's Talking is asked."""
    settings = replace(world.settings, sim_swap_check="insights")
    services = bootstrap.services_of(
        settings,
        db=world.db,
        clock=world.clock,
        sms=bootstrap.sms_of(settings),
        lines=world.lines,
        slots=2,
    )
    return replace(world, settings=settings, services=services)


@pytest.mark.parametrize(
    ("swapped", "fault", "known"),
    [
        (None, None, "clean"),
        (timedelta(days=30), None, "clean"),
        (timedelta(days=100), None, "clean"),
        (timedelta(hours=1), None, "swapped"),
        (timedelta(hours=70), None, "swapped"),
        (None, "sim.failed", "unknown"),
        (None, "sim.garbled", "unknown"),
        (None, "sim.refuse", "unknown"),
        (None, "sim.error", "unknown"),
        (None, "sim.garbage", "unknown"),
    ],
)
def test_r_a05_what_the_company_says_reaches_the_recovery_that_asked(
    asking: World, swapped: timedelta | None, fault: str | None, known: str
) -> None:
    """The company knows no address of this process, so its notifications are posted by hand."""
    asking.join(AMINA, "Amina Wanjiru")
    if swapped:
        sims = {AMINA: {"swapped_at": (asking.clock.now() - swapped).isoformat()}}
        httpx.put(f"{asking.company.address}/control/sims", json=sims).raise_for_status()
    if fault:
        asking.company.fault({"name": fault})
    asking.services.recoveries.open(AMINA)
    asking.run_errands()

    for check in asking.company.books()["sim_checks"]:
        assert post_json(client_of(asking), check["callback"]["fields"]) == 200

    with asking.db.reading() as reading:
        assert reading.the_row("SELECT sim FROM recovery") == (known,)


# The verdict


@pytest.mark.parametrize(
    ("status", "last_swap", "known"),
    [
        ("Swapped", "20-08-2026", "swapped"),
        ("Swapped", "19-08-2026", "swapped"),
        ("Swapped", "17-08-2026", "swapped"),
        ("Swapped", "21-08-2026", "swapped"),  # where it is tomorrow already
        ("Swapped", "15-08-2026", "clean"),
        ("NoSwapDate", "19-08-2026", "swapped"),  # the day decides
        ("NotSwapped", "19-08-2026", "swapped"),
        ("Swapped", "01-01-1900", "clean"),
        ("NoSwapDate", "01-01-1900", "clean"),
        (" swapped ", " 01-01-1900 ", "clean"),
        ("Success", "1900-01-01", "clean"),
        ("Swapped", "2026-08-19T23:59:59Z", "swapped"),
        ("Swapped", "2026-08-19 10:00:00", "swapped"),
        ("Swapped", "2026-06-19T10:00:00+03:00", "clean"),
        ("Swapped", "19/08/2026", "swapped"),
        ("Swapped", "08/19/2026", "swapped"),
        ("NoSwapDate", "", "unknown"),
        ("Swapped", "", "unknown"),
        ("Swapped", "00-00-0000", "unknown"),
        ("Swapped", "01-01-0001", "unknown"),
        ("Swapped", "01-01-1970", "unknown"),  # nothing at all, as some programs write it
        ("Swapped", "31-12-2099", "unknown"),
        ("Swapped", "31-02-2026", "unknown"),
        ("Swapped", "1-1-26", "unknown"),
        ("Swapped", "01-01-1900x", "unknown"),
        ("Swapped", "1577836800", "unknown"),
        ("Swapped", "٠١-٠١-١٩٠٠", "clean"),
        ("Failed", "01-01-1900", "unknown"),
        ("Queued", "01-01-1900", "unknown"),
        ("Pending", "01-01-2020", "unknown"),
        ("", "01-01-1900", "unknown"),
    ],
)
def test_a_day_makes_the_verdict(status: str, last_swap: str, known: str) -> None:
    assert verdict(status, last_swap, now=NOW, fresh=FRESH) == known


def test_of_two_days_that_may_be_meant_the_later_counts() -> None:
    """The 8th of June, or the 6th of August: nobody promises which."""
    now = datetime(2026, 8, 7, tzinfo=UTC)

    assert verdict("Swapped", "08-06-2026", now=now, fresh=FRESH) == "swapped"
    assert verdict("Swapped", "08-06-2026", now=now - timedelta(days=10), fresh=FRESH) == "clean"


@given(
    hours=st.integers(0, 24 * 90),
    offset=st.integers(-12, 14),
    written=st.sampled_from(["%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d"]),
    later=st.integers(0, 4 * 365 * 24),
)
def test_a_swap_within_the_hours_is_never_clean_in_whatever_zone_it_is_written(
    hours: int, offset: int, written: str, later: int
) -> None:
    moment = NOW + timedelta(hours=later)
    day = (moment - timedelta(hours=hours) + timedelta(hours=offset)).strftime(written)

    known = verdict("Swapped", day, now=moment, fresh=FRESH)

    if hours < 72:
        assert known == "swapped"
    if hours >= 72 + 24 + 36 + 14 and written == "%Y-%m-%d":
        assert known == "clean"


@given(status=st.text(max_size=20), last_swap=st.text(max_size=20))
def test_garbage_is_never_clean(status: str, last_swap: str) -> None:
    assert verdict(status, last_swap, now=NOW, fresh=FRESH) != "clean"
