"""Where callbacks may come from, and whose word on that counts."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from tests.people import World
from tests.web.client import HOP, SECRET, USSD, client_of
from ussd_app.parsers import Network
from ussd_app.web.edge import Edge

COMPANY = ("192.0.2.0/24", "2001:db8::/32")


def networks(*names: str) -> Sequence[Network]:
    return [ipaddress.ip_network(name) for name in names]


def admits(*, peer: str, told: str | None = None, proxies: Sequence[str] = ()) -> bool:
    edge = Edge([SECRET], networks(*COMPANY), networks(*proxies))
    environ = {"REMOTE_ADDR": peer}
    if told is not None:
        environ["HTTP_X_FORWARDED_FOR"] = told
    return edge.admits(SECRET, environ)


@pytest.mark.parametrize("peer", ["192.0.2.1", "192.0.2.255", "2001:db8::1", "::ffff:192.0.2.7"])
def test_the_companys_own_addresses_are_let_in(peer: str) -> None:
    assert admits(peer=peer)


@pytest.mark.parametrize(
    "peer",
    ["192.0.3.1", "10.0.0.1", "2001:db9::1", "::1", "::ffff:192.0.3.7", "", "banana", "192.0.2.1:80", "192.0.2.1 ", "192.0.2"],
)  # fmt: skip
def test_nobody_else_is_let_in(peer: str) -> None:
    assert not admits(peer=peer)


@pytest.mark.parametrize(
    ("told", "peer", "let_in"),
    [
        ("192.0.2.1", "203.0.113.9", False),  # what a stranger writes does not count
        ("203.0.113.9", "192.0.2.1", True),
        ("192.0.2.1, 192.0.2.1, 192.0.2.1", "203.0.113.9", False),
        (None, "192.0.2.1", True),
    ],
)
def test_without_a_proxy_nobodys_word_counts(told: str | None, peer: str, let_in: bool) -> None:
    assert admits(peer=peer, told=told) is let_in


@pytest.mark.parametrize(
    ("told", "let_in"),
    [
        ("192.0.2.1", True),
        ("203.0.113.9, 192.0.2.1", True),  # the last one is what our proxy saw
        ("192.0.2.1, 203.0.113.9", False),  # the first one is what the stranger wrote
        ("192.0.2.1,,203.0.113.9", False),
        ("192.0.2.1, banana", False),
        ("192.0.2.1 , ", True),
        ("", False),
        (" , ,", False),
        (None, False),
        ("::ffff:192.0.2.1", True),
        ("2001:db8::9", True),
    ],
)
def test_behind_one_proxy_the_last_address_counts(told: str | None, let_in: bool) -> None:
    assert admits(peer="10.0.0.1", told=told, proxies=["10.0.0.0/31"]) is let_in
    assert not admits(peer="10.0.0.3", told=told, proxies=["10.0.0.0/31"])  # a stranger's word


@pytest.mark.parametrize(
    ("told", "let_in"),
    [
        ("192.0.2.1, 10.0.0.2", True),
        ("203.0.113.9, 10.0.0.2", False),
        ("192.0.2.1, 203.0.113.9, 10.0.0.2", False),
        ("203.0.113.9, 192.0.2.1, 10.0.0.2", True),
        ("192.0.2.1", True),  # it came through the nearer one alone
        ("10.0.0.2, 192.0.2.1", True),  # the left of it is the caller's own word
        ("10.0.0.2", False),
    ],
)
def test_behind_two_proxies_whom_the_first_saw_counts(told: str, let_in: bool) -> None:
    assert admits(peer="10.0.0.1", told=told, proxies=["10.0.0.0/30"]) is let_in


@pytest.mark.parametrize(
    "secret", ["", "x", SECRET[:-1], f"{SECRET}x", SECRET.upper(), "ñ" * 28, "\udcff"]
)
def test_a_wrong_secret_is_let_in_from_nowhere(secret: str) -> None:
    edge = Edge([SECRET], networks("127.0.0.0/8"))

    assert not edge.admits(secret, {"REMOTE_ADDR": "127.0.0.1"})


def test_whoever_was_refused_once_is_refused_again_and_whoever_was_let_in_stays() -> None:
    edge = Edge([SECRET], networks(*COMPANY))

    answers = [edge.admits(SECRET, {"REMOTE_ADDR": peer}) for peer in ("192.0.2.1", "10.0.0.1") * 3]

    assert answers == [True, False] * 3


def test_strangers_cannot_fill_the_memory() -> None:
    edge = Edge([SECRET], networks(*COMPANY))

    for number in range(3000):
        edge.admits(SECRET, {"REMOTE_ADDR": str(ipaddress.ip_address(number))})

    assert len(edge._sources._known) <= 1000
    assert edge.admits(SECRET, {"REMOTE_ADDR": "192.0.2.9"})


@given(told=st.text(max_size=60), peer=st.text(max_size=20))
def test_whatever_is_told_it_is_a_yes_or_a_no(told: str, peer: str) -> None:
    for proxies in ([], ["10.0.0.0/8"], ["0.0.0.0/0", "::/0"]):
        assert admits(peer=peer, told=told, proxies=proxies) is False


@pytest.mark.parametrize(
    ("source", "headers", "status"),
    [
        ("192.0.2.1", {}, 200),
        ("127.0.0.1", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 404),
    ],
)
def test_a_hop_from_somewhere_else_is_a_404_like_any(
    source: str, headers: dict[str, str], status: int, town: World
) -> None:
    client = client_of(town, callback_sources=tuple(networks(*COMPANY)))
    nowhere = client.post("/there/is/nothing", HOP)

    answer = client.post(USSD, HOP, source=source, headers=headers)

    assert answer.status == status
    assert answer == nowhere or status == 200


def test_behind_a_proxy_the_hop_is_judged_by_whom_the_proxy_saw(town: World) -> None:
    client = client_of(
        town,
        callback_sources=tuple(networks(*COMPANY)),
        trusted_proxies=tuple(networks("127.0.0.0/8")),
    )

    spoofed = client.post(USSD, HOP, headers={"X-Forwarded-For": "192.0.2.1, 203.0.113.9"})
    genuine = client.post(USSD, HOP, headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.1"})

    assert (spoofed.status, genuine.status) == (404, 200)
