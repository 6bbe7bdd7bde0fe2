"""What is kept of a page once it was rendered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path

import admin
from admin.language import LANGUAGES
from tests.admin.desk import HOST, Desk, pages_of
from tests.people import AMINA, World
from ussd_app.users.permissions import Role

TEMPLATES = Path(admin.__file__ or "").parent / "templates"
NAMES = re.compile(r"kept\(([^,)]*)")
PAGES = (
    "/",
    "/people",
    "/people?kind=group&pin=ok",
    "/people?kind=individual&sort=name",
    "/account",
)
OF_ONE_ANSWER = re.compile(r'nonce="[^"]+"|(?:content|value)="[^".]+\.[^".]+\.[^".]+"')
"""A nonce, and a token of a form."""

Sight = tuple[Role, str, str]
"""A role, a language and a page."""


def seen(world: World, desks: Mapping[Role, Desk], sights: Iterable[Sight]) -> Mapping[Sight, str]:
    """What each sees, one after the other, of an application that has shown nothing yet."""
    app, shown = pages_of(world), {}
    for role, language, page in sights:
        with world.db.work() as work:
            work.run("UPDATE user_account SET language = %s", language)
        client = app.test_client()
        with (
            desks[role].client.session_transaction(base_url=HOST) as theirs,
            client.session_transaction(base_url=HOST) as here,
        ):
            here.update(theirs)
        answer = client.get(page, base_url=HOST)
        assert answer.status_code in (200, 403)
        shown[role, language, page] = OF_ONE_ANSWER.sub("", answer.text)
    return shown


def test_r_b14_what_is_kept_for_one_is_shown_to_nobody_else(world: World) -> None:
    world.join(AMINA, "Amina Otieno")
    desks = {role: Desk.of(world).signed_in(role) for role in Role}
    sights = list(product(Role, LANGUAGES, PAGES))

    assert seen(world, desks, sights) == seen(world, desks, reversed(sights))


def test_no_two_parts_that_are_kept_have_one_name() -> None:
    texts = [path.read_text() for path in TEMPLATES.rglob("*.html")]
    names = [name for text in texts for name in NAMES.findall(text)]

    assert names
    assert len(names) == len(set(names))
