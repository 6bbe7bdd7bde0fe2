"""What a first dial costs with a thousand members, and with a million."""

from __future__ import annotations

from urllib.parse import urlsplit

from benchmarks.ground import Ground
from benchmarks.hops import hop, new_calls
from benchmarks.load import drive
from benchmarks.table import Row
from ussd_app.commands.run import callbacks_of

FEW, MANY = 1_000, 1_000_000
CALLS = 900
LAPS = 5
CONNECTIONS = 4


def measure(ground: Ground) -> list[Row]:
    """The same calls before and after the members have grown a thousandfold."""
    few = _medians(ground)
    ground.populate(MANY)
    many = _medians(ground)
    return [
        Row(
            f"{name}, median ms with 1,000,000 members",
            ours=many[name],
            beside="with 1,000 members",
            theirs=few[name],
            at_most=1.3,
        )
        for name in few
    ]


def _medians(ground: Ground) -> dict[str, float]:
    path = urlsplit(callbacks_of(ground.settings)["ussd"]).path
    seen: dict[str, list[float]] = {"a first dial": [], "a lookup of a number": []}
    with ground.ours() as port:
        for lap in range(LAPS + 1):
            calls = new_calls(ground, CALLS)
            first = drive(port, [hop(path, c, "") for c in calls], connections=CONNECTIONS)
            drive(port, [hop(path, c, "1") for c in calls], connections=CONNECTIONS)
            finds = [
                hop(path, call, f"1*0{other[1][4:]}")
                for call, other in zip(calls, reversed(calls), strict=True)
            ]
            find = drive(port, finds, connections=CONNECTIONS)
            if lap:
                seen["a first dial"].append(first.median_ms)
                seen["a lookup of a number"].append(find.median_ms)
    return {name: sorted(figures)[len(figures) // 2] for name, figures in seen.items()}
