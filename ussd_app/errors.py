"""What can go wrong, and what the one who is told may conclude from it.

    Exception
    ├── Refusal                 an expected no: nothing happened, fit to show
    │   ├── Invalid             what was typed cannot be read; the message says how to mend it
    │   ├── NotFound
    │   ├── NotAllowed          not by this person, or not now
    │   ├── Conflict            the same key was used for something else
    │   ├── NotEnough           the balance does not cover it
    │   ├── LimitReached        a limit stands in the way; says what remains
    │   ├── TooMany             asked too often
    │   ├── PinWrong            says how many tries are left
    │   ├── PinLocked           says until when
    │   └── PinWeak             says why the PIN is easy to guess
    ├── GatewayError            an outside company
    │   ├── Unreachable         it never arrived: try again
    │   ├── Rejected            they said no: do not try again
    │   └── Unclear             sent, and no answer: ask before trying again
    └── Unavailable             a store of ours did not answer in time; a deed under way
        │                       may or may not have been done
        └── NotBegun            and this one was not even begun
    RuntimeError
    └── NotDurable              a store that could lose what it acknowledged: not to be used

Anything else is a bug: logged with a reference, the caller told to dial again.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ussd_app.text import Text


class Refusal(Exception):
    """An expected no: nothing happened, and the person may be told."""


class Invalid(Refusal):
    """What was typed cannot be read; `message` says how to put it right."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


class NotFound(Refusal):
    """There is no such thing."""


class NotAllowed(Refusal):
    """Not by this person, or not now."""


class Conflict(Refusal):
    """The same key was used before for something else."""


class NotEnough(Refusal):
    """The balance does not cover it; `available` is what does (smallest units)."""

    def __init__(self, available: int) -> None:
        super().__init__("not enough")
        self.available = available


class LimitReached(Refusal):
    """A limit stands in the way; `remaining` still fits under it (smallest units)."""

    def __init__(self, rule: str, remaining: int) -> None:
        super().__init__(rule)
        self.rule = rule
        self.remaining = remaining


class TooMany(Refusal):
    """Asked too often; later it may work."""


class PinWrong(Refusal):
    """The PIN did not match; `tries_left` until it is locked."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("wrong PIN")
        self.tries_left = tries_left


class PinLocked(Refusal):
    """The PIN is locked; `until` is None when only a recovery opens it."""

    def __init__(self, until: datetime | None) -> None:
        super().__init__("PIN locked")
        self.until = until


class PinWeak(Refusal):
    """The PIN is easy to guess; `why` names the rule it broke."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class GatewayError(Exception):
    """An outside company did not do what was asked, as far as is known."""


class Unreachable(GatewayError):
    """It never arrived there: trying again is safe."""


class Rejected(GatewayError):
    """They said no: trying again gives the same answer. `code` is theirs."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unclear(GatewayError):
    """Sent, and no answer read: ask before trying again."""


class Unavailable(Exception):
    """A store of ours did not answer in time; a deed under way may or may not be done."""


class NotBegun(Unavailable):
    """It cannot be done here and now, and nothing was done: later it may."""


class NotDurable(RuntimeError):
    """This server could lose an acknowledged payment: it is not to be used."""
