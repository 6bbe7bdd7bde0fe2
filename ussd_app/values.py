"""Values a person can type and a screen can show: parsed once at the door, trusted inside.

Each type says how it is read (`parse`), what its parser may complain of (`complaints`, so that the
menu verifier can leave room for the longest), and the widest it can be on a screen (`widest`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Self

import phonenumbers

from ussd_app.digits import typed_digits, without_pins
from ussd_app.errors import Invalid
from ussd_app.text import Text, _, septets, shorten, to_gsm7

NAME_LETTERS = 20
NAME_LETTERS_LEAST = 2
SHORT_NAME_LETTERS = 15
REMARK_LETTERS = 150
REMARK_LETTERS_LEAST = 3
REASON_LETTERS, REASON_LETTERS_LEAST = 120, 3
QUANTITY_DIGITS = 9
UNITS_MOST = 999_999_999  # of an amount that a screen must show: 9,999,999.99 has 12 septets

_SPACES = re.compile(r"\s+")


class Country(NamedTuple):
    """What a country's numbers have in common; all empty where there is no such country."""

    calling_code: str = ""
    region: str = ""
    trunk: str = ""
    """What its own people dial before a national number: '0'."""


@lru_cache(maxsize=1024)
def _country(first_digits: str) -> Country:
    """The country whose numbers begin so: ('254', 'KE', '0') for '254'."""
    for length in (1, 2, 3):
        code = first_digits[:length]
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code or 0))
        if regions:
            metadata = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None)
            trunk = metadata.national_prefix if metadata else None
            return Country(code, regions[0], trunk or "")
    return Country()


class Phone(str):
    """A mobile number in international form, `+254712345678` (ITU-T E.164)."""

    __slots__ = ()
    widest: ClassVar[str] = "0" * 15  # what E.164 allows
    is_open: ClassVar[bool] = True  # staff may see what was typed
    unreadable: ClassVar[Text] = _("Type a phone number, like 0712345678.")
    complaints: ClassVar[tuple[Text, ...]] = (unreadable,)

    _DIGITS = re.compile(r"[+\d\s()./-]+")
    _MOBILE = frozenset(
        {
            phonenumbers.PhoneNumberType.MOBILE,
            phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        }
    )

    @classmethod
    def parse(cls, typed: str, near: str = "") -> Self:
        """Read a number as people write it; a national one belongs to the country of `near`.

        A letter is a mistake: `phonenumbers` would take '0712FLOWER' for a number, and leave out
        an extension.
        """
        digits = typed_digits(typed)
        if not cls._DIGITS.fullmatch(digits):
            raise Invalid(cls.unreadable)
        if digits.startswith("00"):
            digits = "+" + digits.removeprefix("00")
        try:
            number = phonenumbers.parse(digits, _country(near[1:4]).region or None)
        except phonenumbers.NumberParseException:
            raise Invalid(cls.unreadable) from None
        if phonenumbers.number_type(number) not in cls._MOBILE:
            raise Invalid(cls.unreadable)
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @classmethod
    def trust(cls, number: str) -> Self:
        """A number in international form from a network; raises Invalid for anything else."""
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
            raise Invalid(cls.unreadable)
        return cls(number)

    @property
    def country_code(self) -> int:
        """The calling code: 254 for Kenya; 0 where no country has such numbers."""
        return int(_country(self[1:4]).calling_code or 0)

    @property
    def masked(self) -> str:
        """Enough to recognise one's own friend by, too little to harvest: '0712***678'."""
        national = self.national
        return f"{national[:4]}***{national[-3:]}"

    @property
    def national(self) -> str:
        """As its owner's neighbours would dial it: '0712345678'."""
        country = _country(self[1:4])
        return country.trunk + self[1 + len(country.calling_code) :]


class Name(str):
    """A person's name as a small screen can show it."""

    __slots__ = ()
    widest: ClassVar[str] = "W" * NAME_LETTERS
    is_open: ClassVar[bool] = True
    unreadable: ClassVar[Text] = _("Please type your name with letters.")
    too_long: ClassVar[Text] = _("That name is too long. Type a shorter one.")
    complaints: ClassVar[tuple[Text, ...]] = (unreadable, too_long)

    @classmethod
    def parse(cls, typed: str, near: str = "") -> Self:
        """Letters of any script, with what stands between them: spaces, ' - . and a stray *."""
        del near
        name = _SPACES.sub(" ", unicodedata.normalize("NFC", typed)).strip()
        allowed = all(unicodedata.category(c)[0] in "LM" or c in " '’-.*" for c in name)
        shown = to_gsm7(name)
        if not allowed or sum(c.isalpha() for c in shown) < NAME_LETTERS_LEAST:
            raise Invalid(cls.unreadable)
        if septets(shown) > NAME_LETTERS:
            raise Invalid(cls.too_long)
        return cls(name)

    @property
    def first(self) -> Name:
        """The first name, 'Amina', as a phone can show it."""
        return Name(to_gsm7(self).split()[0])

    @property
    def short(self) -> str:
        """First name and initial, 'Amina W': what others may see, in at most 15 letters."""
        first, *rest = to_gsm7(self).split()  # a word that no phone can show is gone by then
        initial = f" {rest[-1][0]}" if rest else ""
        return shorten(first, SHORT_NAME_LETTERS - len(initial)) + initial


class Shown(str):
    """A short name or state that the application words and a screen shows."""

    __slots__ = ()
    widest: ClassVar[str] = "W" * SHORT_NAME_LETTERS


class Line(Shown):
    """A whole line that the application words, or nothing: an empty line is left out."""

    __slots__ = ()
    widest: ClassVar[str] = "W" * 35


class Hour(Shown):
    """An hour of the day."""

    __slots__ = ()
    widest: ClassVar[str] = "23:59"


class DayAndHour(Shown):
    """A day of the year and its hour."""

    __slots__ = ()
    widest: ClassVar[str] = "31/12 23:59"


class Span(Shown):
    """A length of time in words: '40 minutes'."""

    __slots__ = ()
    widest: ClassVar[str] = "W" * 12


class Reference(Shown):
    """Seven letters and digits by which people quote a numbered thing: '6JZY8N0'.

    Neighbouring numbers look unlike each other, and no two letters look alike (Crockford's base
    32), for it is read out over the telephone.
    """

    __slots__ = ()
    widest: ClassVar[str] = "WWWWWWW"

    _LETTERS: ClassVar[str] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    _LENGTH: ClassVar[int] = 7
    _RANGE: ClassVar[int] = len(_LETTERS) ** _LENGTH
    _FACTOR: ClassVar[int] = 0x2C5F9A3D1  # any odd factor has an inverse in the range
    _MASK: ClassVar[int] = 0x5A17C39E4
    _INVERSE: ClassVar[int] = pow(_FACTOR, -1, _RANGE)

    @classmethod
    def of(cls, number: int) -> Self:
        """The reference of a numbered thing, like a posting."""
        scrambled = number * cls._FACTOR % cls._RANGE ^ cls._MASK
        letters = []
        for _place in range(cls._LENGTH):
            scrambled, letter = divmod(scrambled, len(cls._LETTERS))
            letters.append(cls._LETTERS[letter])
        return cls("".join(letters))

    @classmethod
    def of_report(cls, number: int) -> Self:
        """The reference of a member's report: counted down, so that no transaction has the same."""
        return cls.of(-number)

    @property
    def number(self) -> int:
        """The number it was made of."""
        scrambled = 0
        for letter in reversed(self):
            scrambled = scrambled * len(self._LETTERS) + self._LETTERS.index(letter)
        return (scrambled ^ self._MASK) * self._INVERSE % self._RANGE


class Remark(str):
    """Free text in a caller's own words; four digits may be a PIN, and are not kept."""

    __slots__ = ()
    widest: ClassVar[str] = ""
    too_short: ClassVar[Text] = _("Please say a little more.")
    complaints: ClassVar[tuple[Text, ...]] = (too_short,)

    @classmethod
    def parse(cls, typed: str, near: str = "") -> Self:
        """Anything printable, cut to what is kept."""
        del near
        printable = "".join(c if c.isprintable() else " " for c in typed)
        remark = _SPACES.sub(" ", unicodedata.normalize("NFC", printable)).strip()
        if len(remark) < REMARK_LETTERS_LEAST:
            raise Invalid(cls.too_short)
        return cls(without_pins(remark)[:REMARK_LETTERS])


class Reason(str):
    """Why somebody of the organisation did something: a few words, which the audit keeps for ever."""

    __slots__ = ()
    widest: ClassVar[str] = ""
    has_digits: ClassVar[Text] = _("Say why without digits: no number, PIN or amount.")
    too_short: ClassVar[Text] = _("Say why in a few words.")
    too_long: ClassVar[Text] = _("Say why in fewer words.")
    unprintable: ClassVar[Text] = _("Say why in letters that can be printed.")
    complaints: ClassVar[tuple[Text, ...]] = (has_digits, too_short, too_long, unprintable)

    @classmethod
    def parse(cls, typed: str, near: str = "") -> Self:
        """Printable words without digits: a number, a PIN or an amount does not belong there."""
        del near
        words = _SPACES.sub(" ", unicodedata.normalize("NFC", typed)).strip()
        if any(unicodedata.category(c).startswith("N") for c in words):
            raise Invalid(cls.has_digits)
        if not words.isprintable():
            raise Invalid(cls.unprintable)
        if len(words) < REASON_LETTERS_LEAST:
            raise Invalid(cls.too_short)
        if len(words) > REASON_LETTERS:
            raise Invalid(cls.too_long)
        return cls(words)


class Count(int):
    """A small number shown on a screen."""

    widest: ClassVar[str] = "99"


class Hidden(str):
    """What a dialog carries and never shows: a verifier, an id."""

    __slots__ = ()
    widest: ClassVar[str] = ""


class Proof(Hidden):
    """A verifier of a PIN that was just chosen: nobody else goes on from where it is carried."""

    __slots__ = ()
    is_secret: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Unit:
    """What an amount is counted in: a token's code and how many decimals it has."""

    code: str
    decimals: int


class Quantity(str):
    """A positive decimal number as typed, exact: '12.5'. `of` makes it an amount."""

    __slots__ = ()
    widest: ClassVar[str] = "9999999.99"
    is_open: ClassVar[bool] = True
    unreadable: ClassVar[Text] = _("Type the amount in digits, like 50.")
    too_fine: ClassVar[Text] = _("Too many digits after the point.")
    complaints: ClassVar[tuple[Text, ...]] = (unreadable, too_fine)

    _PLAIN = re.compile(rf"\d{{1,{QUANTITY_DIGITS}}}(\.\d{{0,18}})?")
    _GROUPED = re.compile(r"[1-9]\d{0,2}([, ]\d{3})+(\.\d{0,18})?")

    @classmethod
    def parse(cls, typed: str, near: str = "") -> Self:
        """Digits with at most one point; thousands may be grouped by commas or spaces."""
        del near
        digits = typed_digits(typed)
        if cls._GROUPED.fullmatch(digits):
            digits = digits.replace(",", "").replace(" ", "")
        if not cls._PLAIN.fullmatch(digits):
            raise Invalid(cls.unreadable)
        whole, _point, part = digits.partition(".")
        whole, part = whole.lstrip("0") or "0", part.rstrip("0")
        if whole == "0" and not part:
            raise Invalid(cls.unreadable)
        return cls(f"{whole}.{part}" if part else whole)

    def of(self, unit: Unit) -> Amount:
        """This many of `unit`; Invalid if it is finer than the unit's smallest part."""
        whole, _point, part = self.partition(".")
        if len(part) > unit.decimals:
            raise Invalid(self.too_fine)
        return Amount(int(whole + part.ljust(unit.decimals, "0")), unit)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of a token's smallest units; never a float, never mixed with another token."""

    units: int
    unit: Unit
    widest: ClassVar[str] = "9,999,999.99 WWWWWWWWWWWW"

    def __str__(self) -> str:
        """'1,250.50 UMOJA'; whole numbers without decimals: '20 UMOJA'."""
        return f"{self.number} {self.unit.code}"

    @property
    def number(self) -> str:
        """The number alone: '1,250.50'."""
        scale: int = 10**self.unit.decimals
        whole, part = divmod(abs(self.units), scale)
        sign = "-" if self.units < 0 else ""
        decimals = f".{part:0{self.unit.decimals}}" if part else ""
        return f"{sign}{whole:,}{decimals}"

    def dump(self) -> list[Any]:
        """What a session keeps of it."""
        return [self.units, self.unit.code, self.unit.decimals]

    @classmethod
    def load(cls, kept: list[Any]) -> Self:
        """The opposite of `dump`."""
        units, code, decimals = kept
        return cls(units, Unit(code, decimals))
