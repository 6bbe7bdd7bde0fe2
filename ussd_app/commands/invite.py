"""`ussd-app invite`: ask people to join, one or a list of them."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import click

from ussd_app import bootstrap, log
from ussd_app.bootstrap import Built
from ussd_app.commands import environment
from ussd_app.commands.operators import operator
from ussd_app.errors import NotFound
from ussd_app.members.invitation_lists import ROWS_MOST, Row
from ussd_app.members.kinds import BORROWER
from ussd_app.settings import Settings

COLUMNS, OPTIONAL = ("phone", "name"), ("language", "kind")


def one(
    phone: str, name: str, *, language: str | None, kind: str, again: bool, as_json: bool
) -> int:
    """Invite one now; the exit code: 1 if they are refused."""
    with environment.settings() as settings:
        built = _built(settings)
        lists = built.services.invitation_lists
        row = (phone, name, language or settings.default_language, kind)
        batch = lists.take([row], by=operator(), again=again)
        lists.carry(batch)
        return _tell(built, batch, as_json=as_json)


def many(path: Path, *, again: bool, as_json: bool) -> int:
    """Put a list away, and print the id by which its results are asked for."""
    with environment.settings() as settings:
        built = _built(settings)
        rows = read(path, language=settings.default_language)
        batch = built.services.invitation_lists.take(rows, by=operator(), again=again)
        built.db.close()
    told = {"batch": batch, "rows": len(rows)}
    words = f"batch {batch}: {len(rows)} rows; see `ussd-app invite --results {batch}`"
    click.echo(json.dumps(told) if as_json else words)
    return 0


def results(batch: int, *, as_json: bool) -> int:
    """Print what became of each row of a list; the exit code: 1 if some were refused."""
    with environment.settings() as settings:
        return _tell(_built(settings), batch, as_json=as_json)


def read(path: Path, *, language: str) -> list[Row]:
    """The rows as written: what cannot be used is refused later, one by one, with its reason."""
    text = path.read_text("utf-8-sig", errors="replace")
    first = text.split("\n", 1)[0]
    lines = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", restval=""
    )
    lines.fieldnames = [name.strip().lower() for name in lines.fieldnames or ()]
    unknown = set(lines.fieldnames) - {*COLUMNS, *OPTIONAL}
    if unknown or not set(COLUMNS) <= set(lines.fieldnames):
        raise click.ClickException(
            "the first line must name the columns: phone,name[,language][,kind]"
        )
    rows: list[Row] = []
    for line in lines:
        if len(rows) == ROWS_MOST:
            raise click.ClickException(f"at most {ROWS_MOST} rows at once")
        value = {column: (line.get(column) or "").strip() for column in (*COLUMNS, *OPTIONAL)}
        rows.append(
            (
                value["phone"],
                value["name"],
                value["language"] or language,
                value["kind"] or BORROWER,
            )
        )
    if not rows:
        raise click.ClickException("there is no row in this list")
    return rows


def _built(settings: Settings) -> Built:
    log.configure("error")
    return bootstrap.build(settings, name="invite")


def _tell(built: Built, batch: int, *, as_json: bool) -> int:
    try:
        rows = built.services.invitation_lists.results(batch)
    except NotFound:
        raise click.ClickException(f"there is no batch {batch}") from None
    finally:
        built.db.close()
    sums = Counter(state for _line, _phone, state, _why in rows)
    if as_json:
        named = [dict(zip(("line", "phone", "state", "why"), row, strict=True)) for row in rows]
        click.echo(json.dumps({"batch": batch, "sums": sums, "rows": named}, indent=1))
    else:
        for line, phone, state, why in rows:
            click.echo(f"{line:>6} {phone:<16} {state}{why and f': {why}'}")
        click.echo(", ".join(f"{state} {count}" for state, count in sorted(sums.items())))
    return 1 if sums["refused"] else 0
