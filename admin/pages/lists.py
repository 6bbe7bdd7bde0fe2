"""Lists with filters: what is asked of one, what was found, and what of it cannot be read."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from flask import abort, request

from admin.guard import staff
from admin.pages.saying import say
from ussd_app.audit.service import Actor
from ussd_app.errors import Invalid
from ussd_app.office.exporting import Listed, Page
from ussd_app.office.filters import Filter, InvalidFilter
from ussd_app.users.permissions import Permission

NOTHING = Page[Any]((), None)

Wanted = TypeVar("Wanted", bound=Filter)
Wanted_contra = TypeVar("Wanted_contra", bound=Filter, contravariant=True)
Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)


class Book(Protocol[Wanted_contra, Row_co]):
    """What is listed by the page, and taken out as a file."""

    def page(self, wanted: Wanted_contra, *, after: str = "") -> Listed[Row_co, object]: ...

    def export(self, wanted: Wanted_contra, *, by: Actor, why: str) -> Generator[Row_co]: ...


@dataclass
class Listing:
    """What the template of a list is told, by these names; `why` is for the file."""

    typed: Mapping[str, str]
    wanted: Filter
    found: Listed[Any, object] = NOTHING
    is_first: bool = True
    why: str = ""
    wrong: str = ""
    wrong_field: str = ""

    @property
    def code(self) -> int:
        """What the page is answered with."""
        return 400 if self.wrong else 200

    def refused(self, no: Invalid) -> Self:
        """The same with what is wrong, and at which field."""
        self.wrong = say(no)
        self.wrong_field = no.field if isinstance(no, InvalidFilter) else ""
        return self


def asked(kind: type[Wanted], book: Book[Wanted, object]) -> Listing:
    """The page of a list that the address asks for."""
    typed = {name: typed for name, typed in request.args.items() if typed}
    after = typed.pop("after", "")
    try:
        wanted = read(kind, typed)
        return Listing(typed, wanted, book.page(wanted, after=after), is_first=not after)
    except Invalid as no:
        return Listing(typed, kind()).refused(no)


def taken_out(kind: type[Wanted], book: Book[Wanted, Row]) -> tuple[Listing, Generator[Row] | None]:
    """The list that a form asks to have as a file, and its rows; None where that is refused."""
    listing = in_form(kind)
    try:
        listing.wanted = wanted = read(kind, listing.typed)
        listing.found = book.page(wanted)
        return listing, book.export(wanted, by=staff().actor, why=listing.why)
    except Invalid as no:
        return listing.refused(no), None


def in_form(kind: type[Filter]) -> Listing:
    """What a form says of a list, not yet read."""
    typed = {name: typed for name, typed in request.form.items() if name in kind.names()}
    return Listing(typed, kind(), why=request.form.get("why", ""))


def read(kind: type[Wanted], typed: Mapping[str, str]) -> Wanted:
    """What is asked; for what is somebody's own only who may see it. Raises InvalidFilter."""
    wanted = kind.parse(typed)
    if wanted.is_private and not staff().may(Permission.SEE_PRIVATE):
        abort(403)
    return wanted
