"""Whole calls, as written down in tests/dials: they go as written, and walk every way there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from menus.home import Home
from tests.people import World
from tests.stage import Telephones
from ussd_app.dialog import graph
from ussd_app.dialog.script import play

DIALS = sorted((Path(__file__).parent / "dials").glob("*.dial"))
Edge = tuple[str, str, str, str]


@pytest.mark.soak  # each by itself, in a world of its own; together they are played below
@pytest.mark.parametrize("path", DIALS, ids=lambda path: path.stem)
def test_calls_go_as_written(path: Path, world: World) -> None:
    play(path, Telephones(world, watch=lambda *_edge: None))


def test_scripts_walk_every_way_there_is(world: World) -> None:
    walked: set[Edge] = set()

    def watch(*edge: str) -> None:
        walked.add(edge)  # type: ignore[arg-type]

    for path in DIALS:
        _forget(world)
        play(path, Telephones(world, watch))

    assert graph.edges(Home) - walked == set()


def _forget(world: World) -> None:
    """So that people of one story are nobody in the next."""
    with world.db.work() as work:
        work.run("DELETE FROM member")
        work.run("DELETE FROM registration")
        work.run("DELETE FROM invitation")
        work.run("DELETE FROM one_time_code")
        work.run("DELETE FROM opt_out")
        work.run("DELETE FROM message")
        work.run("DELETE FROM errand")
    world.redis.flushall()
    world.lines.start()
    world.company.reset()
    world.company.seen.clear()
