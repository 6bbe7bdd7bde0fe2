"""A toy menu tree with one of everything, and the service it calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ussd_app.dialog import Ask, End, Flow, Menu, Pick, Resume, Return, Use, _, back_to, do
from ussd_app.values import Hidden, Name, Phone, Quantity

RIGHT = "7306"


@dataclass
class Till:
    """What was done, with the ref it was done under."""

    sold: list[tuple[str, str, str]] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    friends: list[tuple[str, Phone]] = field(default_factory=list)
    swahili: bool = False


class Pin(Flow):
    about: Name

    enter = Ask(_("{about}\nPIN:"), then="check", back="cancelled", secret=True)

    @do(right="after", wrong=back_to("enter", _("Wrong.")))
    def check(self, app: Till) -> Literal["right", "wrong"]:
        app.typed.append(self.typed)
        return "right" if self.typed == RIGHT else "wrong"

    @do(done="confirmed")
    def after(self, app: Till) -> Literal["done"]:
        app.typed.append(self.typed)
        return "done"

    confirmed = Return()
    cancelled = Return()


class Buy(Flow):
    name: Name
    much: Quantity

    who = Ask(_("For whom?"), "name", then="how_much", back="left")
    how_much = Ask(_("How much for {name}?"), "much", then="weigh", back="who")

    @do(fine="sure", much=back_to("how_much", _("Too much.")))
    def weigh(self, app: Till) -> Literal["fine", "much"]:
        app.refs.append(self.ref)
        return "much" if len(self.much) > 3 else "fine"

    sure = Menu(_("{much} for {name}?"), (_("Yes"), "pin"), (_("No"), "left"), back="how_much", confirm=True)  # fmt: skip
    pin = Use(Pin, give={"about": _("{much} for {name}.")}, confirmed="sell", cancelled="how_much")

    @do(sold="sold")
    def sell(self, app: Till) -> Literal["sold"]:
        app.sold.append((self.ref, str(self.name), str(self.much)))
        return "sold"

    sold = End(_("Sold {much} to {name}."))
    left = Return()


class Call(Flow):
    to: Phone
    kind: Hidden

    whom = Ask(_("Call whom?"), "to", then="rung", back="left", offers="friends")

    def friends(self, app: Till) -> list[tuple[str, Phone]]:
        return app.friends

    kinds = Pick(_("Which kind?"), "kind", options="all_kinds", then="rung", back="left")

    def all_kinds(self, app: Till) -> list[tuple[str, str]]:
        return [(f"Kind {n}", f"{n}") for n in range(20)]

    rung = Menu(_("Ringing {to}."), (_("Kinds"), "kinds"), back="whom")
    left = Return()


class Shop(Flow):
    @do(english="top", cut="cut_off")
    def greet(self, app: Till) -> Literal["english", "cut"]:
        if app.swahili:
            self.language = "sw"
        return "cut" if self.cut and self.cut.resumable else "english"

    cut_off = Menu(_("Go on?"), (_("Continue"), "resume"), (_("Main menu"), "top"), back="bye", confirm=True)  # fmt: skip
    resume = Resume(none="top")
    top = Menu(_("Shop"), (_("Buy"), "buy"), (_("Call"), "call"), back="bye")
    buy = Use(Buy, left="top")
    call = Use(Call, left="top")
    bye = End(_("Goodbye!"))
