"""`make bench`: measure everything, print the table and the same as JSON, keep it; exit code 1 if one is missed.

`make bench ARGS="hops postings"` measures some of it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import growth, hops, memory, people, postings
from benchmarks.ground import ground
from benchmarks.table import Row, as_json, show

RESULTS = Path(__file__).parent / "results" / "latest.json"
MEMBERS = 20_000


def main(wanted: list[str]) -> int:
    """Measure what is wanted, or everything."""
    rows: list[Row] = []
    if not wanted or {"hops", "postings", "memory"} & set(wanted):
        with tempfile.TemporaryDirectory() as folder, ground(Path(folder)) as ours:
            ours.populate(MEMBERS)
            for name, measure in (
                ("hops", hops.measure),
                ("memory", memory.measure),
                ("postings", postings.measure),
            ):
                if not wanted or name in wanted:
                    _say(f"measuring {name}")
                    rows += measure(ours)
    if not wanted or "growth" in wanted:
        _say("measuring growth, with a million members")
        with (
            tempfile.TemporaryDirectory() as small,
            tempfile.TemporaryDirectory() as large,
            ground(Path(small)) as few,
            ground(Path(large)) as many,
        ):
            rows += growth.measure(few, many)
    if not wanted or "people" in wanted:
        _say("measuring people, with a million members")
        with (
            tempfile.TemporaryDirectory() as small,
            tempfile.TemporaryDirectory() as large,
            ground(Path(small)) as few,
            ground(Path(large)) as many,
        ):
            rows += people.measure(few, many)
    print(show(rows))
    print(as_json(rows))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(as_json(rows) + "\n")
    return 0 if all(row.holds for row in rows) else 1


def _say(words: str) -> None:
    print(f"==> {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
