"""Looking at one's own money: balance and statement."""

from collections.abc import Sequence
from typing import Literal

from menus.shared.pin import Pin
from ussd_app.dialog import End, Flow, Menu, Pick, Return, Use, _, do
from ussd_app.errors import LimitReached
from ussd_app.messages.service import OptedOut
from ussd_app.services import Services
from ussd_app.transfers.statements import signed
from ussd_app.values import Amount, Count, DayAndHour, Hidden, Reference, Shown

BY_SMS = _("Get it by SMS")


class Balance(Flow):
    """What the caller has."""

    balance: Amount

    pin = Use(Pin, give={"about": _("To see your balance:")}, confirmed="look", cancelled="left")

    @do(seen="shown")
    def look(self, app: Services) -> Literal["seen"]:
        member = app.members.get(self.caller)
        self.balance = app.statements.balance(member.id)
        return "seen"

    shown = Menu(_("You have {balance}."), back="left")
    left = Return()


class Statement(Flow):
    """What came and went; any line opens, and the whole comes by SMS."""

    line: Hidden
    quoted: Reference
    amount: Amount
    balance: Amount
    other: Shown
    at: DayAndHour
    left_today: Count

    pin = Use(Pin, give={"about": _("To see your statement:")}, confirmed="list", cancelled="left")
    list = Pick(
        _("Statement. Choose a line:"),
        "line",
        options="lines",
        then="open",
        back="left",
    )

    def lines(self, app: Services) -> Sequence[tuple[str, Hidden]]:
        found = app.statements.lines(app.members.get(self.caller))
        rows = [
            (f"{app.local.day(line.at)} {signed(line.amount)} {line.other}", line.reference)
            for line in found
        ]
        by_sms = app.catalogs.translate(BY_SMS, self.language)
        return [(by_sms, Hidden("sms")), *((label, Hidden(ref)) for label, ref in rows)]

    @do(by_sms="send", came="came", went="went", by_house="by_house")
    def open(self, app: Services) -> Literal["by_sms", "came", "went", "by_house"]:
        if self.line == "sms":
            return "by_sms"
        line = app.statements.line(app.members.get(self.caller), Reference(self.line))
        self.quoted, self.other = line.reference, Shown(line.other)
        self.amount = Amount(abs(line.amount.units), line.amount.unit)
        self.balance, self.at = line.balance, DayAndHour(app.local.day_and_hour(line.at))
        if line.is_by_house:
            self.amount = line.amount
            return "by_house"
        return "came" if line.amount.units > 0 else "went"

    came = Menu(
        _("{at}: {amount} from {other}. Ref {quoted}. Then you had {balance}."),
        back="list",
    )
    went = Menu(
        _("{at}: {amount} to {other}. Ref {quoted}. Then you had {balance}."),
        back="list",
    )
    by_house = Menu(
        _("{at}: {other}, {amount}. Ref {quoted}. Then you had {balance}."),
        back="list",
    )

    @do(promised="promised", used_up="used_up", opted_out="opted_out")
    def send(self, app: Services) -> Literal["promised", "used_up", "opted_out"]:
        try:
            left = app.statements.send_sms(app.members.get(self.caller), self.ref)
        except LimitReached:
            return "used_up"
        except OptedOut:
            return "opted_out"
        self.left_today = Count(left)
        return "promised"

    promised = End(_("Your statement is on its way by SMS, free. More today: {left_today}."))
    used_up = Menu(_("No more statements by SMS today. Try tomorrow."), back="list")
    opted_out = Menu(
        _("You stopped our SMS. To get them again, answer one of them with START."), back="list"
    )
    left = Return()
