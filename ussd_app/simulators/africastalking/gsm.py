"""The GSM 7-bit alphabet: what a character costs on the air, and where a telco cuts."""

from collections.abc import Iterable

SCREEN_SEPTETS = 182
SCREEN_UNITS = 80
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


def septets(text: str) -> int:
    """Count the 7-bit places the text takes; a character outside the alphabet counts as one."""
    return sum(2 if character in _EXTENDED else 1 for character in text)


def outside(text: str) -> str:
    """Return the characters no GSM-7 phone shows, each once, in the order they appear."""
    strange = (each for each in text if each not in _BASIC and each not in _EXTENDED)
    return "".join(dict.fromkeys(strange))


def cut(text: str) -> str:
    """Return as much as one USSD screen carries: 182 septets, or 80 units once a character is outside."""
    limit = SCREEN_UNITS if outside(text) else SCREEN_SEPTETS
    used = 0
    for place, size in enumerate(_sizes(text)):
        used += size
        if used > limit:
            return text[:place]
    return text


def parts(text: str) -> int:
    """Count the SMS the text is sent and charged as: 160 or 153 each, 70 or 67 outside the alphabet."""
    whole, piece = (70, 67) if outside(text) else (160, 153)
    sizes = list(_sizes(text))
    if sum(sizes) <= whole:
        return 1
    return _filled(sizes, piece)


def _sizes(text: str) -> Iterable[int]:
    if outside(text):
        return (len(character.encode("utf-16-be", "surrogatepass")) // 2 for character in text)
    return (septets(character) for character in text)


def _filled(sizes: Iterable[int], piece: int) -> int:
    count, used = 1, 0
    for size in sizes:
        if used + size > piece:
            count, used = count + 1, 0
        used += size
    return count
