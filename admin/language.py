"""The words of the pages: English in the templates, Swahili from the catalogue beside them."""

from __future__ import annotations

from functools import cache, cached_property, lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain
from flask_babel.speaklater import LazyString
from markupsafe import Markup

from ussd_app.services import Services

LANGUAGES = ("en", "sw")
CATALOGUES = Path(__file__).parent / "translations"
WORDS_KEPT = 4096  # more than the texts of all templates in every language


class Words(Domain):
    """The catalogues as they are written, `.po`: nothing is compiled, and nothing can be stale."""

    def __init__(self) -> None:
        super().__init__()
        self._read = {language: _read(language) for language in LANGUAGES}

    def get_translations(self) -> NullTranslations:
        return self._read[chosen()]


class Languages(Babel):
    """Flask-Babel with those words."""

    @cached_property
    def domain_instance(self) -> Words:
        return Words()


def install(app: Flask, services: Services) -> None:
    """Choose a language for each request: the user's own, else one the browser asks for."""
    app.jinja_env.globals["get_locale"] = chosen
    Languages(app, locale_selector=chosen, timezone_selector=lambda: str(services.local.zone))
    app.jinja_env.globals["_"] = said


def chosen() -> str:
    staff = g.get("staff")
    if staff and staff.language in LANGUAGES:
        return str(staff.language)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def said(text: str, /, **values: object) -> Markup:
    """A text of a template in the language of whoever looks; what is filled in is escaped."""
    words = _words(chosen(), text)
    return words % values if values else words


def lazy_gettext(text: str) -> LazyString:
    """A text that is not yet in a language: whoever it is shown to chooses that, nobody English."""
    return LazyString(_spoken, text)


def _spoken(text: str) -> str:
    return str(_read(chosen()).gettext(text)) if has_request_context() else text


@lru_cache(maxsize=WORDS_KEPT)
def _words(language: str, text: str) -> Markup:
    return Markup(_read(language).gettext(text))  # noqa: S704 - ours, not what people typed


@cache
def _read(language: str) -> NullTranslations:
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():  # English stands in the templates
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
