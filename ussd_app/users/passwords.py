"""Which passwords are too easy to guess. Nothing here asks a store, or anybody on the network.

Two judges must both be content: zxcvbn, which knows leaked passwords, names, keyboards and dates,
and ours, which knows the words of this organisation, of the person and of the country.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from zxcvbn import zxcvbn

LEAST, MOST = 12, 128
SCORE_LEAST = 3  # of zxcvbn's 0 to 4: more than ten to the eighth guesses
LOOKED_AT = (
    64  # letters: what is hard to guess so far stays so, and looking takes longer and longer
)
LETTERS_LEFT = 6
LETTERS_APART = 5
WORD_LEAST = 3

COMMON = (
    "password", "passwort", "nenosiri", "siri", "qwerty", "asdfgh", "zxcvbn", "letmein", "welcome",
    "karibu", "admin", "superadmin", "secret", "iloveyou", "nakupenda", "kenya", "nairobi",
    "mombasa", "safaricom", "mpesa", "umoja", "harambee", "chama", "sacco", "jambo", "mungu",
    "yesu", "jesus", "baraka", "football", "arsenal", "chelsea", "monkey", "dragon", "sunshine",
    "princess", "summer", "winter", "january", "december", "company", "login", "changeme",
)  # fmt: skip
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_RUN = 3
_REPEATED = re.compile(r"(.{1,4}?)\1{1,}")


def is_guessable(password: str, words: Iterable[str]) -> bool:
    """Whether somebody who knows these `words` would find it soon."""
    known = list(words)
    return _is_bare_without(known, password) or _is_soon_guessed(known, password[:LOOKED_AT])


def _is_soon_guessed(words: list[str], password: str) -> bool:
    told = zxcvbn(password, user_inputs=[*words, *COMMON])
    return bool(told["score"] < SCORE_LEAST)


def _is_bare_without(words: list[str], password: str) -> bool:
    """Whether too little is left without the common words, these, runs and repetitions."""
    left = password.casefold()
    for word in sorted({w.casefold() for w in words} | set(COMMON), key=len, reverse=True):
        if len(word) >= WORD_LEAST:
            left = left.replace(word, " ")
    left = _without_runs(left)
    left = _REPEATED.sub(r"\1", left)
    left = re.sub(r"\s+", "", left)
    return len(left) < LETTERS_LEFT or len(set(left)) < LETTERS_APART


def _without_runs(text: str) -> str:
    """Leave one letter of each run along the alphabet or the keyboard, either way."""
    kept: list[str] = []
    for letter in text:
        pair = "".join(kept[-(_RUN - 1) :]) + letter
        if len(pair) == _RUN and any(pair in run or pair in run[::-1] for run in _RUNS):
            kept[-1] = letter
            kept.pop(-2)
            continue
        kept.append(letter)
    return "".join(kept)
