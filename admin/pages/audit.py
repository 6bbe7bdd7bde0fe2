"""Who did what to whom, and whether that stands as it was sealed."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from admin.csv_rows import download
from admin.guard import may, services, staff
from admin.pages.saying import say
from ussd_app.errors import Invalid
from ussd_app.office.audit_search import PAGE, Filter, Found
from ussd_app.users.permissions import Permission

page = Blueprint("audit", __name__, url_prefix="/audit")

COLUMNS = (
    "id", "at", "actor_kind", "actor", "action", "subject_kind", "subject", "channel", "details",
    "seal",
)  # fmt: skip
NAMES = ("actor_kind", "actor", "action", "subject_kind", "subject", "channel", "since", "until")
_WORD = re.compile("[a-z_.]{1,40}")
BIGGEST = 2**63 - 1


@page.get("")
@may(Permission.SEE_AUDIT)
def show() -> str:
    return _list(request.args)


@page.post("/export")
@may(Permission.EXPORT)
def export() -> ResponseReturnValue:
    wanted, why = replace(_filter(request.form), before=None), request.form.get("why", "")
    try:
        rows = services().audit_search.export(wanted, by=staff().actor, why=why)
    except Invalid as no:
        return _list(request.form, wrong=say(no), why=why), 400
    return download("audit", COLUMNS, rows, _line)


def _list(args: MultiDict[str, str], *, wrong: str = "", why: str = "") -> str:
    wanted = _filter(args)
    found = services().audit_search.page(wanted, most=PAGE + 1)
    asked = {name: args[name] for name in NAMES if args.get(name)}
    return render_template(
        "audit.html",
        rows=found[:PAGE],
        asked=asked,
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        is_first=wanted.before is None,
        standing=services().audit_search.standing(),
        wrong=wrong,
        why=why,
    )


def _line(row: Found) -> list[object]:
    told = "; ".join(f"{key}={value}" for key, value in row.details.items())
    cells = {"at": row.at.isoformat(), "details": told}
    return [cells.get(name, getattr(row, name)) for name in COLUMNS]


def _filter(args: MultiDict[str, str]) -> Filter:
    """What the form asks for; what cannot be read is not asked for."""
    words: dict[str, Any] = {
        name: _WORD.fullmatch(args.get(name, "").strip()) and args[name].strip()
        for name in ("actor_kind", "action", "subject_kind", "channel")
    }
    return Filter(
        **words,
        actor=_number(args.get("actor")),
        subject=_number(args.get("subject")),
        since=_day(args.get("since")),
        until=_day(args.get("until"), after=timedelta(days=1)),
        before=_number(args.get("before")),
    )


def _number(typed: str | None) -> int | None:
    """The id that was typed; one that cannot be is nobody's."""
    if not typed or not typed.strip().isascii() or not typed.strip().isdigit():
        return None
    return min(int(typed[:20]), BIGGEST)


def _day(typed: str | None, *, after: timedelta = timedelta()) -> datetime | None:
    with suppress(ValueError, OverflowError):
        midnight = datetime.fromisoformat(f"{typed}T00:00:00") + after
        return midnight.replace(tzinfo=services().local.zone)
    return None
