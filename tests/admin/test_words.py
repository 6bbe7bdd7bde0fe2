"""R-A16, for the pages: every word in each language, from the catalogue as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import admin
from admin.language import CATALOGUES, LANGUAGES
from tests.admin.desk import HOST, Desk

PLACEHOLDER = re.compile(r"%\(\w+\)s")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


def marked() -> Iterator[str]:
    """Every text that the pages mark for translation."""
    folder = str(Path(admin.__file__ or "").parent)
    keywords = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
    for _file, _line, message, _comments, _context in extract_from_dir(
        folder, METHODS, options_map={}, keywords=keywords
    ):
        yield message if isinstance(message, str) else message[0]


def spoken(language: str) -> dict[str, str]:
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file, locale=language) if one.id}


def test_r_a16_every_text_of_the_pages_has_its_words_in_every_language() -> None:
    for language in LANGUAGES[1:]:
        words = spoken(language)
        assert {text for text in marked() if not words.get(text)} == set()
        assert set(words) - set(marked()) == set()


def test_r_a16_what_is_filled_in_is_the_same_in_every_language() -> None:
    for language in LANGUAGES[1:]:
        for text, said in spoken(language).items():
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(said)), text


def test_r_a16_a_browser_that_asks_for_swahili_gets_it(desk: Desk) -> None:
    answer = desk.client.get(
        "/no-such-page", base_url=HOST, headers={"Accept-Language": "sw, en;q=0.5"}
    )

    assert answer.status_code == 404
    assert '<html lang="sw"' in answer.text
    assert "Hakuna ukurasa kama huo" in answer.text
