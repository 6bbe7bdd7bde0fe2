"""Names that tell nothing, and contents that only their own line can open."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ussd_app.seal import NONCE_BYTES, Sealer

DATA_KEY, INDEX_KEY = bytes(range(32)), bytes(range(32, 64))
SEALER = Sealer(data_key=DATA_KEY, index_key=INDEX_KEY)


@given(content=st.binary(max_size=500), bound_to=st.binary(max_size=80))
def test_what_is_sealed_is_opened_by_whoever_names_what_it_is_for(
    content: bytes, bound_to: bytes
) -> None:
    sealed = SEALER.seal(content, bound_to=bound_to)

    assert SEALER.open(sealed, bound_to=bound_to) == content


@given(content=st.binary(min_size=8, max_size=200))
def test_what_is_sealed_shows_nothing_of_its_content(content: bytes) -> None:
    sealed = SEALER.seal(content, bound_to=b"line")

    assert content not in sealed
    assert sealed != SEALER.seal(content, bound_to=b"line")


@pytest.mark.parametrize(
    "other",
    [
        Sealer(data_key=INDEX_KEY, index_key=INDEX_KEY),
        Sealer(data_key=bytes(32), index_key=INDEX_KEY),
    ],
)
def test_another_key_opens_nothing(other: Sealer) -> None:
    sealed = SEALER.seal(b"content", bound_to=b"line")

    assert other.open(sealed, bound_to=b"line") is None


def test_nobody_opens_it_for_something_else() -> None:
    sealed = SEALER.seal(b"content", bound_to=b"line")

    assert SEALER.open(sealed, bound_to=b"another line") is None


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_changed_bit_is_noticed(place: int, bit: int) -> None:
    sealed = bytearray(SEALER.seal(b"some content", bound_to=b"line"))
    sealed[place % len(sealed)] ^= 1 << bit

    assert SEALER.open(bytes(sealed), bound_to=b"line") is None


@pytest.mark.parametrize("sealed", [b"", b"x", b"x" * NONCE_BYTES, b"x" * 40])
def test_what_was_never_sealed_is_not_opened(sealed: bytes) -> None:
    assert SEALER.open(sealed, bound_to=b"line") is None


def test_a_name_is_the_same_for_the_same_parts_and_no_other() -> None:
    names = [
        SEALER.name("line", "+254700000001"),
        SEALER.name("line", "+254700000002"),
        SEALER.name("call", "+254700000001"),
        SEALER.name("line+254700000001"),
        SEALER.name("line", "+25470000000", "1"),
        Sealer(data_key=DATA_KEY, index_key=DATA_KEY).name("line", "+254700000001"),
    ]

    assert len(set(names)) == len(names)
    assert SEALER.name("line", "+254700000001") == names[0]


def test_a_name_is_made_of_any_letters() -> None:
    assert len(SEALER.name("heard", "\ud800\x00😀")) == 16
