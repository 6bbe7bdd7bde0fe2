"""What hops cost with a thousand members, and with a million, measured in turns."""

from __future__ import annotations

from urllib.parse import urlsplit

from benchmarks.ground import Ground
from benchmarks.hops import Call, hop, new_calls
from benchmarks.load import Load, drive
from benchmarks.table import Row
from ussd_app.commands.run import callbacks_of

FEW, MANY = 1_000, 1_000_000
CALLS = 140
LAPS = 6
CONNECTIONS = 4


def measure(few: Ground, many: Ground) -> list[Row]:
    """The same calls on both grounds, lap by lap, so that a machine's moods hit both."""
    few.populate(FEW)
    many.populate(MANY)
    seen: dict[str, list[tuple[float, float]]] = {}
    fresh = [_laps(few), _laps(many)]
    with few.ours() as small, many.ours() as large:
        for lap in range(LAPS + 1):
            beside = _medians(few, small, fresh[0][lap])
            ours = _medians(many, large, fresh[1][lap])
            if lap:  # the first lap warms up
                for name, median in ours.items():
                    seen.setdefault(name, []).append((median, beside[name]))
    return [
        Row(
            f"{name}, median ms with 1,000,000 members",
            ours=_middle([mine for mine, _theirs in figures]),
            beside="with 1,000 members",
            theirs=_middle([theirs for _mine, theirs in figures]),
            at_most=1.3,
        )
        for name, figures in seen.items()
    ]


def _laps(ground: Ground) -> list[list[Call]]:
    """Nobody calls twice: a call left open would be resumed."""
    calls = new_calls(ground, CALLS * (LAPS + 1))
    return [calls[lap * CALLS : (lap + 1) * CALLS] for lap in range(LAPS + 1)]


def _medians(ground: Ground, port: int, calls: list[Call]) -> dict[str, float]:
    path = urlsplit(callbacks_of(ground.settings)["ussd"]).path
    texts = {
        "a first dial": [""] * CALLS,
        "a menu hop": ["1"] * CALLS,
        "a lookup of a number": [f"1*0{other[1][4:]}" for other in reversed(calls)],
    }
    loads: dict[str, Load] = {}
    for name, typed in texts.items():
        hops = [hop(path, call, text) for call, text in zip(calls, typed, strict=True)]
        loads[name] = drive(port, hops, connections=CONNECTIONS)
        assert not loads[name].wrong
    return {name: load.median_ms for name, load in loads.items()}


def _middle(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]
