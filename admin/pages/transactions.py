"""All transactions: the list with its filters, the same as a file, and one of them whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin import transaction_words
from admin.csv_rows import download
from admin.guard import may, services, staff
from admin.pages import lists
from admin.pages.lists import Listing
from admin.pages.saying import say
from admin.pages.shown import is_shown
from admin.telling import worded
from ussd_app.errors import Invalid, NotFound, Refusal
from ussd_app.office import reversal
from ussd_app.office.people import NO_PAGE
from ussd_app.office.place import Place
from ussd_app.office.transaction_filter import PARTIES, TransactionFilter
from ussd_app.office.transactions import Party, TransactionRow
from ussd_app.throttle import Throttle
from ussd_app.users.permissions import Permission
from ussd_app.values import Reference

COLUMNS = (
    "reference", "at", "category", "amount", "token", "from", "from_name", "to", "to_name",
    "channel", "state", "takes_back", "taken_back_by",
)  # fmt: skip
RETRY_MILLISECONDS = 2000
LIVE_PER_SECOND = 10
BUSY_SECONDS = 10
SURE_ID_DIGITS = 6
REFERENCE = re.compile(r"[0-9A-HJKMNP-TV-Z]{7}")
LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
NUMBER = re.compile(r"[0-9]{1,18}")

page = Blueprint("transactions", __name__, url_prefix="/transactions")


@page.get("")
@may(Permission.SEE_TRANSACTIONS)
def listed() -> ResponseReturnValue:
    typed = request.args.to_dict()
    after, quoted = typed.pop("after", ""), typed.pop("reference", "").strip()
    if quoted:
        return _quoted(quoted)
    try:
        wanted = _read(typed)
        if wanted.party != typed.get("party", "").strip() and wanted.party:
            return redirect(f"{url_for('transactions.listed')}?{wanted.query}")
        found = services().transactions.page(wanted, named=sees_names(), after=_number(after))
    except Invalid as no:
        return _list(Listing(typed, TransactionFilter()).refused(no))
    return _list(Listing(typed, wanted, found, is_first=not after))


@page.post("/export")
@may(Permission.EXPORT)
def export() -> ResponseReturnValue:
    listing = lists.in_form(TransactionFilter)
    try:
        listing.wanted = wanted = _read(listing.typed)
        listing.found = services().transactions.page(wanted, named=sees_names())
        rows = services().transactions.export(
            wanted, named=sees_names(), by=staff().actor, why=listing.why
        )
    except Invalid as no:
        return _list(listing.refused(no))
    return download("transactions", COLUMNS, rows, partial(_line, house=services().organisation))


@page.get("/live")
@may(Permission.SEE_TRANSACTIONS, by_itself=True)
def live() -> ResponseReturnValue:
    """What came since, as server-sent events, and then the end: the browser asks again by itself.

    No thread is held, for the callers share them; and each time the guard asks anew who that is.
    """
    if not _throttle().admits():
        return Response(status=503, headers={"Retry-After": str(BUSY_SECONDS)})
    written = request.headers.get("Last-Event-ID") or request.args.get("since", "0")
    try:
        place = Place.parse(written)
    except Invalid:
        abort(400)
    rows = services().transactions.since(place, named=sees_names())
    return Response("".join(_events(place, rows)), mimetype="text/event-stream")


@page.get("/<reference>")
@may(Permission.SEE_TRANSACTIONS)
def show(reference: str) -> ResponseReturnValue:
    return _shown(_row(reference))


@page.post("/<reference>/reversal")
@may(Permission.ASK_REVERSAL)
def take_back(reference: str) -> ResponseReturnValue:
    row, why = _row(reference), request.form.get("why", "")
    try:
        payload = services().reversal.payload(Reference(reference))
        services().approvals.ask(reversal.KIND, payload, by=staff().actor, why=why)
    except Invalid as no:
        return _shown(row, wrong=say(no), why=why), 400
    except Refusal as no:
        wrong = worded(no, transaction_words.REFUSALS) or say(no)
        return _shown(row, wrong=wrong, why=why), 409
    flash(_("Asked for. It is taken back when another person approves it."))
    return redirect(url_for("transactions.show", reference=reference))


def sees_names() -> bool:
    """Whether names are read at all for whoever asks."""
    return staff().may(Permission.SEE_PRIVATE)


def _throttle() -> Throttle:
    """How often the live list is asked for in this process."""
    throttle = Throttle(per_second=LIVE_PER_SECOND, burst=2 * LIVE_PER_SECOND)
    found: Throttle = current_app.extensions.setdefault("live_throttle", throttle)
    return found


def _events(place: Place, rows: Sequence[TransactionRow]) -> Iterator[str]:
    """One event a row; its id says where to go on, whatever is lost on the way."""
    yield f"retry: {RETRY_MILLISECONDS}\n: {len(rows)} new\n\n"
    for row in rows:
        place = place.past(row.number)
        shown = render_template("transactions/row.html", row=row)
        lines = "\n".join(f"data: {line}" for line in shown.strip().splitlines())
        yield f"id: {place}\n{lines}\n\n"


def _number(after: str) -> int:
    """Where a page begins. Raises Invalid."""
    if after and not NUMBER.fullmatch(after):
        raise Invalid(NO_PAGE)
    return int(after or 0)


def _quoted(typed: str) -> ResponseReturnValue:
    """To the transaction with that reference, however it was written down."""
    reference = typed.upper().translate(LOOKALIKES)
    try:
        if REFERENCE.fullmatch(reference):
            services().transactions.get(Reference(reference), named=False)
            return redirect(url_for("transactions.show", reference=reference))
    except NotFound:
        pass
    return _list(Listing({"reference": typed}, TransactionFilter()), is_unknown=True)


def _row(reference: str) -> TransactionRow:
    if not REFERENCE.fullmatch(reference):
        abort(404)
    return services().transactions.get(Reference(reference), named=sees_names())


def _read(query: Mapping[str, str]) -> TransactionFilter:
    """What is asked; a name or a number becomes ids, for who may see names."""
    typed = query.get("party", "").replace("\0", "").strip()
    is_id = PARTIES.fullmatch(typed) and ("," in typed or len(typed) <= SURE_ID_DIGITS)
    if not typed or is_id or not sees_names():
        return TransactionFilter.parse(query)
    members = services().transactions.members_like(typed)
    return TransactionFilter.parse({**query, "party": ",".join(map(str, members))})


def _list(listing: Listing, *, is_unknown: bool = False) -> ResponseReturnValue:
    is_plain = listing.is_first and not (listing.wanted.asked or listing.wrong or is_unknown)
    return render_template(
        "transactions/list.html", **vars(listing), is_live=is_plain, is_unknown=is_unknown
    ), 404 if is_unknown else listing.code


def _shown(row: TransactionRow, *, wrong: str = "", why: str = "") -> str:
    book, posting, me = services().transaction_book, row.number, staff()
    sees_people = me.may(Permission.SEE_PEOPLE)
    members = [side.member for side in (row.source, row.target) if side and side.member]
    worded = all(is_shown(member) for member in members)
    requests = book.two_people(posting)
    return render_template(
        "transactions/one.html",
        row=row,
        legs=book.legs(posting),
        limits=book.limits(posting) if sees_people else (),
        told=book.told(posting, worded=worded),
        worded=worded,
        requests=requests,
        deeds=book.deeds(posting) if me.may(Permission.SEE_AUDIT) else (),
        may_ask=me.may(Permission.ASK_REVERSAL)
        and row.state == "posted"
        and row.kind in reversal.REVERSIBLE
        and not any(one.state == "waiting" for one in requests),
        is_shown=is_shown,
        wrong=wrong,
        why=why,
    )


def _line(row: TransactionRow, house: str) -> list[object]:
    return [
        row.reference,
        row.at.isoformat(timespec="seconds"),
        row.kind,
        row.amount.number.replace(",", "") if row.amount else "",
        row.amount.unit.code if row.amount else "",
        *_side(row.source, house),
        *_side(row.target, house),
        row.channel,
        row.state,
        row.reverses,
        row.reversed_by,
    ]


def _side(side: Party | None, house: str) -> tuple[object, str]:
    if side is None:
        return "", ""
    return (side.member or house), side.name
