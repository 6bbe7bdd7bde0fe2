"""What the web application gives away: as little as it can."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.people import World
from tests.web.client import SECRET, USSD, Client, client_of
from tests.web.test_callbacks import EVENT
from ussd_app.calls.service import Calls, Ended
from ussd_app.web.metrics import CALLBACKS, HOPS

PATHS = ["/healthz", "/readyz", "/there/is/nothing", f"/callbacks/{SECRET}/events"]


class BrokenCalls(Calls):
    """Fails with everything in its message that must not be told."""

    def __init__(self) -> None:
        pass

    def ended(self, call: Ended) -> None:
        raise RuntimeError(f"secret {call.phone} 7306")


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_sent_with_what_keeps_browsers_from_guessing(
    path: str, client: Client
) -> None:
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert "set-cookie" not in headers


def test_an_error_says_its_number_and_a_reference_and_no_more(town: World) -> None:
    client = client_of(replace(town, services=replace(town.services, calls=BrokenCalls())))

    answer = client.post(f"/callbacks/{SECRET}/events", EVENT)

    assert answer.status == 500
    assert re.fullmatch(r"500 Internal Server Error, ref [0-9a-f]{8}\n", answer.text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/there/is/nothing", "/callbacks/<script>/events", "/ussd/<b>"])
def test_an_error_page_never_shows_what_was_asked_for(path: str, client: Client) -> None:
    answer = client.post(path)

    assert answer.body == b"404 Not Found\n"


def test_there_are_no_files_to_be_had(client: Client) -> None:
    assert client.get("/static/x").status == 404


def test_metrics_are_not_on_the_public_port(client: Client) -> None:
    assert client.get("/metrics").status == 404


def test_metrics_name_screens_and_never_people(client: Client) -> None:
    client.hop()
    client.hop("1*0700000002")
    client.post(f"/callbacks/{SECRET}/events", EVENT)

    labels = [
        value
        for metric in (HOPS, CALLBACKS)
        for family in metric.collect()
        for sample in family.samples
        for value in sample.labels.values()
    ]

    assert "Home.menu" in labels
    assert not [label for label in labels if re.search(r"\d{3}|\*|\+", label)]


def test_the_secret_is_in_no_answer(client: Client) -> None:
    answers = [client.hop(), client.request("GET", USSD), client.post("/ussd/wrong")]

    assert not [a for a in answers if SECRET in a.text or SECRET in str(a.headers)]
