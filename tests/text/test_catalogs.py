"""Languages: every text of the application in each, and each in one folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import menus
import ussd_app
from ussd_app import bootstrap
from ussd_app.bootstrap import TRANSLATIONS
from ussd_app.dialog.widths import has_words
from ussd_app.text import OWN_NAME, load_catalogs, placeholders, septets, sms_parts, to_gsm7

CATALOGS = bootstrap.catalogs()
OTHERS = tuple(CATALOGS.texts)
PACKAGES = [Path(package.__file__ or "").parent for package in (menus, ussd_app)]


@cache
def marked() -> frozenset[str]:
    """Every text that the application marks for translation, as the extractor finds it."""
    return frozenset(str(message) for message in _messages())


def _messages() -> Iterator[str]:
    for package in PACKAGES:
        found = extract_from_dir(
            str(package), [("**.py", "python")], options_map={}, keywords={"_": None}
        )
        for _file, _line, message, _comments, _context in found:
            yield message if isinstance(message, str) else message[0]


def test_the_texts_of_menus_and_sms_are_found() -> None:
    found = marked()

    assert {"Back", "Send to which number?", "Wrong PIN. Tries left: {tries_left}"} <= found
    assert len(found) > 100


@pytest.mark.parametrize("language", OTHERS)
def test_r_a16_every_text_is_translated(language: str) -> None:
    missing = {text for text in marked() if has_words(text)} - CATALOGS.texts[language].keys()

    assert missing == set()


@pytest.mark.parametrize("language", OTHERS)
def test_r_a16_no_translation_is_left_over(language: str) -> None:
    assert CATALOGS.texts[language].keys() - marked() == set()


@pytest.mark.parametrize("language", OTHERS)
def test_r_a16_every_translation_has_the_names_of_its_source(language: str) -> None:
    other = {
        source: said
        for source, said in CATALOGS.texts[language].items()
        if placeholders(said) != placeholders(source)
    }

    assert other == {}


@pytest.mark.parametrize("language", OTHERS)
def test_r_a16_every_translation_is_in_letters_a_phone_can_show(language: str) -> None:
    changed = [said for said in CATALOGS.texts[language].values() if to_gsm7(said) != said]

    assert changed == []


@pytest.mark.parametrize("language", OTHERS)
def test_r_a16_no_translation_is_unsure_or_out_of_use(language: str) -> None:
    with (TRANSLATIONS / language / "messages.po").open("rb") as source:
        catalog = read_po(source, locale=language)

    assert [m.id for m in catalog if m.id and m.fuzzy] == []
    assert list(catalog.obsolete) == []


def test_r_a16_every_source_text_is_in_letters_a_phone_can_show() -> None:
    assert [text for text in marked() if to_gsm7(text) != text] == []


def test_r_a16_a_language_is_one_folder(tmp_path: Path) -> None:
    write(tmp_path, "fr", {"English": "Français", "Back": "Retour"})

    catalogs = load_catalogs(tmp_path)

    assert catalogs.names == {"en": "English", "fr": "Français"}
    assert catalogs.translate("Back", "fr") == "Retour"


def test_r_a16_a_text_that_is_not_translated_is_shown_in_english(tmp_path: Path) -> None:
    write(tmp_path, "fr", {"Back": "Retour"})

    catalogs = load_catalogs(tmp_path)

    assert catalogs.translate("Home", "fr") == "Home"
    assert catalogs.translate("Home", "jp") == "Home"


def test_r_a16_a_language_that_does_not_name_itself_is_called_by_its_code(tmp_path: Path) -> None:
    write(tmp_path, "fr", {"Back": "Retour"})

    assert load_catalogs(tmp_path).names["fr"] == "fr"


def test_a_translation_marked_unsure_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path, "fr", {"Back": "Dos"}, flag="#, fuzzy\n")

    assert load_catalogs(tmp_path).translate("Back", "fr") == "Back"


def test_what_is_said_is_translated_filled_and_written_for_a_phone(tmp_path: Path) -> None:
    write(tmp_path, "fr", {"Hello {name}!": "« Salut, {name} ! »"})

    catalogs = load_catalogs(tmp_path)

    assert catalogs.say("Hello {name}!", "fr", name="Zoë") == '" Salut, Zoe ! "'


def test_each_language_names_itself_in_its_own_words() -> None:
    assert CATALOGS.names["sw"] == CATALOGS.translate(OWN_NAME, "sw") == "Kiswahili"


@pytest.mark.parametrize("language", CATALOGS.languages)
@pytest.mark.parametrize(
    "text",
    [
        "{ref}: you sent {amount} to {name} {phone} on {when}. Fee 0. Balance {balance}.",
        "{ref}: you got {amount} from {name} {phone} on {when}. Balance {balance}.",
        "{org}: your PIN is locked until {until} after 3 wrong tries. Not you? Call {support}.",
        "{org}: your PIN was changed on {until}. Not you? Call {support} at once.",
        "{org}: we received your report. Ref {ref}. We will call you. Help: {support}.",
        "{name} wants to send you {token} at {org}. To join, dial {code}. It is free.",
        "Welcome to {org}, {name}! {amount} is yours to start with. Dial {code}. Terms: {terms}",
    ],
)
def test_r_a16_an_sms_costs_one_part_even_at_its_widest(text: str, language: str) -> None:
    widest = {
        "ref": "WWWWWWW",
        "amount": "9,999,999.99 WWWWWWWWWWWW",
        "balance": "9,999,999.99 WWWWWWWWWWWW",
        "name": "W" * 15,
        "phone": "0712345678",
        "when": "31/12 23:59",
        "until": "31/12 23:59",
        "org": "W" * 16,
        "support": "0800 724 724",
        "token": "W" * 12,
        "code": "*384*96000#",
        "terms": "https://example.org/terms-of-use",
    }

    said = CATALOGS.say(text, language, **widest)

    assert text in marked()
    assert sms_parts(said) == 1, septets(said)


def write(folder: Path, language: str, texts: dict[str, str], flag: str = "") -> None:
    (folder / language).mkdir()
    entries = [
        f"{flag}msgid {json.dumps(source)}\nmsgstr {json.dumps(said, ensure_ascii=False)}\n"
        for source, said in texts.items()
    ]
    (folder / language / "messages.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n' + "\n".join(entries)
    )
