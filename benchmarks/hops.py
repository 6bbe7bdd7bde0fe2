"""A menu hop and a first dial, beside a bare Flask view with one Redis read and one write."""

from __future__ import annotations

import random
import secrets
from urllib.parse import urlsplit

from benchmarks.ground import SERVICE_CODE, Ground, phone
from benchmarks.load import Load, drive, post
from benchmarks.table import Row
from ussd_app.commands.run import callbacks_of

CONNECTIONS = 16
ROUNDS = 5
REQUESTS = 4000
PACED = {"paced first": ("first", ""), "paced hop": ("hop", "4")}  # in this order: it dials first
Call = tuple[str, str]


def measure(ground: Ground) -> list[Row]:
    """Rounds of bare, first dial and hop in turn, so that a machine's moods hit all three."""
    path = urlsplit(callbacks_of(ground.settings)["ussd"]).path
    seen: dict[str, list[Load]] = {name: [] for name in ("bare", "first", "hop", *PACED)}
    with ground.bare() as bare, ground.ours() as ours:
        for lap in range(ROUNDS + 1):
            calls = new_calls(ground, REQUESTS)
            loads = {
                "bare": drive(bare, _hops("/bare", calls, "1"), connections=CONNECTIONS),
                "first": drive(ours, _hops(path, calls, ""), connections=CONNECTIONS),
                "hop": drive(ours, _hops(path, calls, "4"), connections=CONNECTIONS),
            }
            others = new_calls(ground, REQUESTS)
            for paced, (full, text) in PACED.items():
                loads[paced] = drive(
                    ours,
                    _hops(path, others, text),
                    connections=CONNECTIONS,
                    per_second=loads[full].per_second / 2,
                )
            if lap:  # the first lap warms up
                for name, load in loads.items():
                    assert not load.wrong, f"{load.wrong} wrong answers from {name}"
                    seen[name].append(load)
    return [
        _against("a menu hop", seen["hop"], seen["bare"]),
        _against("a first dial of a member", seen["first"], seen["bare"]),
        _in_time("a menu hop", seen["paced hop"]),
        _in_time("a first dial of a member", seen["paced first"]),
    ]


def new_calls(ground: Ground, count: int) -> list[Call]:
    """Calls of members, each with a session of its own."""
    chosen = random.sample(range(1, ground.members + 1), count)
    return [(secrets.token_hex(12), phone(number)) for number in chosen]


def _hops(path: str, calls: list[Call], text: str) -> list[bytes]:
    return [hop(path, call, text) for call in calls]


def hop(path: str, call: Call, text: str) -> bytes:
    """One hop as Africa's Talking posts it."""
    fields = {
        "sessionId": call[0],
        "phoneNumber": call[1],
        "networkCode": "63902",
        "serviceCode": SERVICE_CODE,
        "text": text,
    }
    return post(path, fields)


def _against(name: str, ours: list[Load], bare: list[Load]) -> Row:
    return Row(
        f"{name}, requests a second",
        ours=_median([load.per_second for load in ours]),
        beside="a bare Flask view, one Redis read and one write",
        theirs=_median([load.per_second for load in bare]),
        at_least=0.5,
    )


def _in_time(name: str, paced: list[Load]) -> Row:
    return Row(
        f"{name} at half load, p99 in ms",
        ours=_median([load.p99_ms for load in paced]),
        beside="at most 50",
        theirs=50.0,
        at_most=1.0,
    )


def _median(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]
