"""The USSD callback: any bytes on the true path are answered, and every other path is a 404."""

from __future__ import annotations

import random
from urllib.parse import unquote, urlencode

import pytest
from hypothesis import given, settings, strategies as st

from tests.dialog.evidence import changed, tables
from tests.people import World
from tests.web.client import HOP, SECRET, USSD, Answer, Client, client_of
from ussd_app.text import septets
from ussd_app.web.metrics import HOPS
from ussd_app.web.ussd import BODY_MOST, FIELD_MOST

UNREADABLE = "END We could not read that. Please dial *384*96#.\nHatukuelewa. Piga *384*96#."


def is_a_screen(answer: Answer) -> bool:
    """What the gateway can show."""
    return (
        answer.status == 200
        and answer.headers["content-type"] == "text/plain; charset=utf-8"
        and answer.headers["content-length"] == str(len(answer.body))
        and answer.text[:4] in ("CON ", "END ")
        and len(answer.text) > 4
        and septets(answer.text) <= 160
    )


# The true path


def test_a_hop_is_answered_with_a_screen(client: Client) -> None:
    answer = client.hop()

    assert is_a_screen(answer)
    assert answer.text.startswith("CON Umoja\nHello Amina!\n1. Send")


def test_a_call_goes_on_from_hop_to_hop(client: Client) -> None:
    client.hop()

    assert client.hop("1").text.startswith("CON Send to which number?")
    assert client.hop("1*0700000002").text.startswith("CON How much for Baraka O?")


def test_an_answer_carries_the_name_of_its_screen_for_the_gateways_statistics(
    client: Client,
) -> None:
    assert client.hop().headers["at-ussd-hop-metadata"] == "Home.menu"


def test_an_answer_is_kept_by_nobody_on_the_way(client: Client) -> None:
    assert client.hop().headers["cache-control"] == "no-store"


def test_answers_are_counted_by_their_screen(client: Client) -> None:
    before = HOPS.labels("Home.menu")._value.get()

    client.hop()

    assert HOPS.labels("Home.menu")._value.get() == before + 1


def test_letters_outside_ascii_are_written_as_they_were_typed(client: Client, town: World) -> None:
    client.hop()
    client.hop("4")
    client.hop("4*1")

    assert client.hop("4*1*Zoé Ñandü").text.startswith("CON To be called Zoé Ñandü:")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(urlencode(HOP).replace("+", "%20"), id="spaces as %20"),
        pytest.param(urlencode(dict(reversed(HOP.items()))), id="another order"),
        pytest.param(urlencode({**HOP, "more": "than we know"}), id="a field more"),
        pytest.param("&".join(f"{k}={v}" for k, v in HOP.items()).replace("+", "%2B"), id="unquoted"),
        pytest.param(urlencode({k: v for k, v in HOP.items() if k != "text"}), id="no text"),
        pytest.param(urlencode({k: v for k, v in HOP.items() if k != "networkCode"}), id="no network"),
    ],
)  # fmt: skip
def test_a_form_is_read_however_it_is_written(body: str, client: Client) -> None:
    answer = client.request("POST", USSD, body.encode())

    assert answer.text.startswith("CON Umoja\nHello Amina!")


@pytest.mark.parametrize(
    "content_type", ["", "application/x-www-form-urlencoded; charset=UTF-8", "text/plain"]
)
def test_the_kind_of_body_that_is_claimed_does_not_matter(
    content_type: str, client: Client
) -> None:
    answer = client.request("POST", USSD, urlencode(HOP).encode(), content_type=content_type)

    assert answer.text.startswith("CON Umoja")


def test_another_service_code_is_told_which_one_to_dial(client: Client) -> None:
    answer = client.hop(serviceCode="*384*97#")

    assert is_a_screen(answer)
    assert answer.text.startswith("END This code is not in use. Please dial *384*96#.")


def test_every_service_code_that_is_set_is_answered(town: World) -> None:
    client = client_of(town, service_codes=("*384*96#", "*384*97#"))

    assert client.hop(serviceCode="*384*97#").text.startswith("CON Umoja")
    assert client.hop(serviceCode="*384*98#").text.startswith("END This code is not in use.")


BODIES: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("no form", b"hello"),
    ("JSON", b'{"sessionId": "x", "phoneNumber": "+254700000001", "text": ""}'),
    ("XML", b"<?xml version='1.0'?><ussd/>"),
    ("invalid UTF-8", b"\xff\xfe\x80" * 100),
    ("zeros", b"\x00" * 500),
    ("a zero in the text", urlencode({**HOP, "text": "1\x00"}).encode()),
    ("a zero in the phone", urlencode({**HOP, "phoneNumber": "+254700000001\x00"}).encode()),
    ("an encoded zero in the call", b"sessionId=%00&phoneNumber=%2B254700000001&serviceCode=*384*96%23"),
    ("a megabyte", b"text=" + b"1" * 1_000_000),
    ("a byte too many", b"x" * (BODY_MOST + 1)),
    ("a field too long", urlencode({**HOP, "text": "1" * (FIELD_MOST + 1)}).encode()),
    ("no call", urlencode({k: v for k, v in HOP.items() if k != "sessionId"}).encode()),
    ("no phone", urlencode({k: v for k, v in HOP.items() if k != "phoneNumber"}).encode()),
    ("no service code", urlencode({k: v for k, v in HOP.items() if k != "serviceCode"}).encode()),
    ("an empty call", urlencode({**HOP, "sessionId": ""}).encode()),
    ("an empty phone", urlencode({**HOP, "phoneNumber": ""}).encode()),
    ("a phone that is none", urlencode({**HOP, "phoneNumber": "0700000001"}).encode()),
    ("two calls", urlencode(HOP).encode() + b"&sessionId=other"),
    ("two phones", urlencode(HOP).encode() + b"&phoneNumber=%2B254700000002"),
    ("two texts", urlencode(HOP).encode() + b"&text=1"),
    ("a thousand fields", "&".join(f"f{n}=1" for n in range(800)).encode()),
    ("ampersands", b"&" * 5000),
    ("equal signs", b"=" * 5000),
    ("broken escapes", b"sessionId=%&phoneNumber=%zz&text=%u0041&serviceCode=*384*96%23"),
    ("names in other cases", urlencode({k.upper(): v for k, v in HOP.items()}).encode()),
    ("a list", urlencode({f"{k}[]": v for k, v in HOP.items()}).encode()),
    ("multipart", b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n1\r\n--x--'),
]  # fmt: skip


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in BODIES])
def test_what_is_no_hop_is_told_so_in_a_last_sentence(
    body: bytes, client: Client, town: World
) -> None:
    before = tables(town)

    answer = client.request("POST", USSD, body)

    assert is_a_screen(answer)
    assert answer.text == UNREADABLE
    assert changed(before, tables(town)) == set()


@pytest.mark.parametrize("length", ["", "0", "-1", "abc", "1e3", "999999999999", "١٢", "8 8"])
def test_whatever_length_is_claimed_there_is_a_last_sentence(length: str, client: Client) -> None:
    answer = client.request("POST", USSD, urlencode(HOP).encode(), length=length)

    assert is_a_screen(answer)
    assert answer.text == UNREADABLE


def test_ten_thousand_bodies_of_anything_get_a_screen_and_leave_nothing(
    town: World,
) -> None:
    client = client_of(town)
    before = tables(town)
    chance = random.Random(4711)

    refused = [body for body in map(any_body, [chance] * 10_000) if not answered(client, body)]

    assert refused == []
    assert changed(before, tables(town)) == set()


def answered(client: Client, body: bytes) -> bool:
    return is_a_screen(client.request("POST", USSD, body))


def any_body(chance: random.Random) -> bytes:
    """Bytes, fields of anything, or a hop with something changed in it."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(400))
    if kind == 1:
        alphabet = "abc=&%+*#;\x00\u00e9😀{}[]\"'<>\\ \r\n\t"
        return "".join(chance.choices(alphabet, k=chance.randrange(200))).encode()
    fields = list({**HOP, "phoneNumber": f"+25479{chance.randrange(10**7):07}"}.items())
    if kind == 2:
        fields = [
            (name, "".join(chance.choices("abc*#+ \x00é😀xyz-", k=chance.randrange(30))) if name != "serviceCode" else value)
            for name, value in fields
        ]  # fmt: skip
        return urlencode(fields).encode()
    body = bytearray(urlencode(fields).encode())
    for _change in range(chance.randrange(1, 6)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


@settings(max_examples=150)
@given(
    fields=st.lists(
        st.tuples(st.sampled_from([*HOP, "x", ""]), st.text(max_size=20) | st.just("*384*96#")),
        max_size=8,
    )
)
def test_whatever_the_fields_are_there_is_a_screen(
    fields: list[tuple[str, str]], town: World
) -> None:
    body = urlencode(fields, errors="replace").encode()

    assert answered(client_of(town), body)


# Every other path


ELSEWHERE = [
    ("POST", "/ussd/wrong"),
    ("POST", f"/ussd/{SECRET[:-1]}"),
    ("POST", f"/ussd/{SECRET}x"),
    ("POST", f"/ussd/{SECRET[:-1]}B"),
    ("POST", f"/ussd/{SECRET.upper()}"),
    ("POST", f"/ussd/{SECRET}/"),
    ("POST", f"/ussd/ {SECRET}"),
    ("POST", "/ussd/" + "x" * 5000),
    ("POST", "/ussd/ñ\x00"),
    ("POST", "/ussd/"),
    ("POST", "/ussd"),
    ("POST", f"/USSD/{SECRET}"),
    ("POST", f"/x/ussd/{SECRET}"),
    ("POST", f"/{SECRET}"),
    ("POST", "/"),
    ("GET", USSD),
    ("PUT", USSD),
    ("DELETE", USSD),
    ("PATCH", USSD),
    ("OPTIONS", USSD),
    ("BREW", USSD),
    ("GET", "/ussd/wrong"),
    ("GET", "/nothing/here"),
    ("GET", "/callbacks"),
    ("POST", "/callbacks/wrong/events"),
    ("POST", f"/callbacks/{SECRET}/unknown"),
    ("GET", "/.env"),
    ("GET", "/../../etc/passwd"),
]


@pytest.mark.parametrize(("method", "path"), ELSEWHERE, ids=lambda value: value[:40])
def test_every_other_path_and_method_is_one_and_the_same_404(
    method: str, path: str, client: Client
) -> None:
    nowhere = client.request("POST", "/there/is/nothing", urlencode(HOP).encode())

    answer = client.request(method, path, urlencode(HOP).encode())

    assert nowhere.status == 404
    assert answer == nowhere


def test_asking_for_the_head_of_the_true_path_tells_no_more(client: Client) -> None:
    head, nowhere = client.request("HEAD", USSD), client.request("HEAD", "/there/is/nothing")

    assert head == nowhere
    assert (head.status, head.body) == (404, b"")


def test_a_404_says_nothing_of_what_serves_it(client: Client) -> None:
    answer = client.get("/there/is/nothing")

    assert answer.body == b"404 Not Found\n"
    assert not {"server", "x-powered-by", "allow", "location"} & answer.headers.keys()


def test_a_query_does_not_hide_the_true_path(client: Client) -> None:
    assert client.hop().status == 200


# Secrets


@pytest.mark.parametrize("live", [SECRET, "another-secret-for-the-change-over"])
def test_while_a_secret_is_changed_both_are_live(live: str, town: World) -> None:
    client = client_of(town, callback_secrets=("another-secret-for-the-change-over", SECRET))

    assert client.post(f"/ussd/{live}", HOP).text.startswith("CON Umoja")


def test_a_secret_that_was_changed_is_dead(town: World) -> None:
    client = client_of(town, callback_secrets=("another-secret-for-the-change-over",))

    assert client.hop().status == 404


def test_a_secret_that_is_still_escaped_when_it_reaches_us_is_none(client: Client) -> None:
    """A server has read the escapes of a path by then: these were escaped twice."""
    escaped = USSD.replace(SECRET, f"%74{SECRET[1:]}")

    assert client.post(unquote(escaped), HOP).text.startswith("CON Umoja")
    assert client.post(escaped, HOP).status == 404


# Too much


def test_all_phones_together_get_no_more_than_the_process_may_give(town: World) -> None:
    client = client_of(town, all_per_second=1, all_burst=3)

    answers = [client.hop(sessionId=f"ATUid_{n}") for n in range(5)]

    assert all(is_a_screen(answer) for answer in answers)
    assert [answer.text[:3] for answer in answers] == ["CON", "CON", "CON", "END", "END"]
    assert answers[-1].text.startswith("END Too many requests. Wait a minute, then dial again.")


def test_processes_share_the_limit_among_them(town: World) -> None:
    client = client_of(town, all_per_second=4, all_burst=8, processes=4)

    answers = [client.hop(sessionId=f"ATUid_{n}").text[:3] for n in range(4)]

    assert answers == ["CON", "CON", "END", "END"]


def test_strangers_without_the_secret_use_up_nothing(town: World) -> None:
    client = client_of(town, all_per_second=1, all_burst=1)
    for _attempt in range(10):
        client.post("/ussd/wrong", HOP)

    assert client.hop().text.startswith("CON Umoja")
