"""What of a person is shown before somebody asks for more: enough to tell people apart."""

from __future__ import annotations

from ussd_app.values import Phone

STARS = "***"


def mask_name(name: str) -> str:
    """Initials: 'A*** W***'."""
    return " ".join(word[0] + STARS for word in name.split())


def mask_phone(phone: str) -> str:
    """The last three digits: '*** 678'."""
    return f"{STARS} {Phone(phone)[-3:]}"
