"""What the company writes down; each record is the company's own and nobody else's word."""

import time
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Status = Literal["Open", "Success", "Incomplete", "Failed"]
CallbackKind = Literal["events", "delivery", "inbound", "optout", "sim_swap"]
CallbackState = Literal["waiting", "acknowledged", "given up", "dropped", "no address"]


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Attempt:
    """One try to reach the application."""

    at: datetime
    took_ms: int
    http_status: int | None
    error: str = ""


@dataclass(kw_only=True)
class Callback:
    """What the application is owed, as a form or as JSON, and every try to hand it over."""

    kind: CallbackKind
    fields: dict[str, str]
    state: CallbackState = "waiting"
    faults: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(kw_only=True)
class Hop:
    """One request to the application and its answer; `copy_of` says why it was sent once more."""

    number: int
    text: str
    sent_at: datetime
    copy_of: str = ""
    took_ms: int | None = None
    http_status: int | None = None
    answer: str | None = None
    label: str = ""
    screen: str = ""
    septets: int = 0
    too_long: bool = False
    outside_gsm: str = ""
    error: str = ""
    faults: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Session:
    """One call of a service code by one phone, from the dialling to its end."""

    id: str
    phone: str
    service_code: str
    network_code: str
    dialled: str
    inputs: list[str]
    started_at: datetime
    seconds: float
    status: Status = "Open"
    waiting: bool = False
    abandoned: bool = False
    screen: str = ""
    operator_error: str = ""
    error_message: str = ""
    ended_at: datetime | None = None
    hops: list[Hop] = field(default_factory=list)
    clock: float = field(default_factory=time.monotonic)

    @property
    def text(self) -> str:
        """Everything typed so far, as the application is told it."""
        return "*".join(self.inputs)

    @property
    def own_hops(self) -> list[Hop]:
        """The hops the caller made, without the copies that the network made of them."""
        return [hop for hop in self.hops if not hop.copy_of]

    @property
    def milliseconds(self) -> int:
        """How long ago it began."""
        return round((time.monotonic() - self.clock) * 1000)

    @property
    def seconds_left(self) -> float:
        """How long the operator still keeps the line."""
        return max(0.0, round(self.seconds - self.milliseconds / 1000, 1))


@dataclass(kw_only=True)
class Sms:
    """A message the company accepted from the application, and what became of it."""

    id: str
    to: str
    sender: str
    text: str
    parts: int
    cost: str
    accepted_at: datetime
    seq: int = 0
    outside_gsm: str = ""
    delivered_at: datetime | None = None
    faults: list[str] = field(default_factory=list)
    reports: list[Callback] = field(default_factory=list)


@dataclass(kw_only=True)
class RefusedSms:
    """A recipient the company answered with a no; nothing was sent and nothing charged."""

    to: str
    text: str
    status_code: int
    at: datetime


@dataclass(kw_only=True)
class Inbound:
    """A message from a phone to the short code."""

    id: str
    sender: str
    to: str
    text: str
    at: datetime
    callback: Callback


@dataclass(kw_only=True)
class SimCheck:
    """A question when a SIM was swapped last, and the notification that answers it."""

    id: str
    phone: str
    at: datetime
    callback: Callback


def plain(value: Any) -> Any:
    """Return the record as JSON knows it: dictionaries, lists, and moments in ISO 8601."""
    if is_dataclass(value):
        shown = (each.name for each in fields(value) if each.name != "clock")
        return {name: plain(getattr(value, name)) for name in shown}
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
