"""Text for small screens: lazy translation, plain placeholders, GSM-7 arithmetic.

A screen is counted in septets of the GSM 7-bit default alphabet (3GPP TS 23.038): characters of
the extension table cost two, and one character outside both would turn the whole screen to UCS-2.
So nothing outside the alphabet ever leaves: `to_gsm7` writes it with letters a phone can show.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from anyascii import anyascii
from babel.messages.pofile import read_po

SOURCE_LANGUAGE = "en"
SMS_SEPTETS = 160  # one SMS; a longer one is sent in parts of 153
SMS_PART_SEPTETS = 153

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")

_OUTSIDE = re.compile(f"[^{re.escape(''.join(sorted(BASIC | EXTENSION)))}]")
_EXTENDED = re.compile(f"[{re.escape(''.join(sorted(EXTENSION)))}]")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

_NEAREST = {
    "\u00a0": " ", "\u2007": " ", "\u202f": " ", "\t": " ",
    "‘": "'", "’": "'", "‚": ",", "‛": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
    "…": "...", "•": "-", "×": "x", "⁄": "/", "₮": "T", "₦": "N", "©": "(c)", "®": "(r)", "™": "(tm)",
}  # fmt: skip


class Text(str):
    """An English source string, translated when it is shown and not when it is read."""

    __slots__ = ()


def _(source: str) -> Text:
    """Mark `source` for translation; `pybabel extract` finds it by this name."""
    return Text(source)


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str, ...]:
    """Split into literals (even places) and placeholder names (odd places)."""
    return tuple(_PLACEHOLDER.split(text))


@lru_cache(maxsize=4096)
def placeholders(text: str) -> frozenset[str]:
    """The names that `fill` would replace."""
    return frozenset(_parts(text)[1::2])


def fill(text: str, values: Mapping[str, object]) -> str:
    """Put values in, by plain names only: tenants and translators write these texts.

    `str.format` would let `{name.__class__}` run. Raises KeyError for a name without a value.
    """
    parts = _parts(text)
    if len(parts) == 1:
        return text
    return "".join(str(values[p]) if i % 2 else p for i, p in enumerate(parts))


def to_gsm7(text: str) -> str:
    """Write `text` with GSM-7 letters only; what has no likeness is dropped."""
    if _OUTSIDE.search(text) is None:
        return text
    return _OUTSIDE.sub(lambda m: _nearest(m[0]), unicodedata.normalize("NFC", text))


@lru_cache(maxsize=4096)
def _nearest(letter: str) -> str:
    if letter in _NEAREST:
        return _NEAREST[letter]
    bare = (_NEAREST.get(c, c) for c in unicodedata.normalize("NFKD", letter))
    kept = "".join(c for c in bare if _OUTSIDE.search(c) is None)
    if kept or not letter.isalpha():
        return kept
    return "".join(c for c in anyascii(letter) if c in BASIC)


def septets(text: str) -> int:
    """Length of GSM-7 `text` as the network counts it.

    Raises ValueError for a character outside the alphabet: such a text was not `to_gsm7`-ed.
    """
    if outside := _OUTSIDE.search(text):
        raise ValueError(f"{outside[0]!r} is not in GSM-7")
    return len(text) + len(_EXTENDED.findall(text))


def sms_parts(text: str) -> int:
    """How many SMS a text is sent, and paid for, as."""
    size = septets(to_gsm7(text))
    return 1 if size <= SMS_SEPTETS else -(-size // SMS_PART_SEPTETS)


def shorten(text: str, most: int) -> str:
    """At most `most` septets of `text`, ending in '..' if something had to go."""
    if septets(text) <= most:
        return text
    kept = text[: most - 2]
    while septets(kept) > most - 2:
        kept = kept[:-1]
    return kept.rstrip() + ".."


@dataclass(frozen=True)
class Catalogs:
    """Every language the callers may choose: its name for itself and its texts."""

    names: Mapping[str, str] = field(default_factory=lambda: {SOURCE_LANGUAGE: "English"})
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.names)

    def translate(self, source: str, language: str) -> str:
        """`source` in `language`; an untranslated text is shown in English, never as a key."""
        texts = self.texts.get(language)
        return source if texts is None else texts.get(source, source)

    def say(self, source: str, language: str, **values: object) -> str:
        """Translate, fill and write in GSM-7."""
        return to_gsm7(fill(self.translate(source, language), values))


OWN_NAME = _("English")
"""The name of a language in itself, for whoever chooses it: 'Kiswahili' in Kiswahili."""


def load_catalogs(folder: Path) -> Catalogs:
    """Read `<folder>/<language>/messages.po`, one folder for each language besides English."""
    names = {SOURCE_LANGUAGE: str(OWN_NAME)}
    texts: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*/messages.po")):
        language = path.parent.name
        with path.open("rb") as source:
            catalog = read_po(source, locale=language)
        texts[language] = {
            str(m.id): str(m.string) for m in catalog if m.id and m.string and not m.fuzzy
        }
        names[language] = texts[language].get(OWN_NAME, language)
    return Catalogs(names, texts)
