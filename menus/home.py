"""Where every call begins."""

from datetime import timedelta
from typing import Literal

from menus.account import Account
from menus.agent import Agent
from menus.asked import Asked
from menus.help import Help
from menus.money import Balance, Statement
from menus.onboarding import Onboard
from menus.recovery import Forgot
from menus.registration import Register
from menus.shared.payee import payee
from menus.transfer import Transfer
from menus.vouching import Plea, Watch
from ussd_app.dialog import End, Flow, Menu, Resume, Use, _, do
from ussd_app.members.kinds import Permission, may
from ussd_app.members.recoveries import News
from ussd_app.members.service import MemberView
from ussd_app.services import Services
from ussd_app.transfers.payments import Receipt
from ussd_app.values import Amount, Hidden, Hour, Line, Name, Reference, Shown

LATELY = timedelta(minutes=5)
BALANCE = _("Balance: {balance}")
MAIN_MENU = _("Main menu")

Greeted = Literal[
    "stranger", "invited", "blocked", "blocked_paid", "blocked_unpaid", "paid", "unpaid", "asked",
    "cut", "member",
]  # fmt: skip


class Home(Flow):
    """Greet a member, let a new number join; first tell what became of a call that was cut."""

    kind: Hidden
    name: Name
    line: Line
    quoted: Reference
    amount: Amount
    other: Shown
    at: Hour
    told: Hidden

    @do(
        stranger="register",
        invited="onboard",
        blocked="blocked",
        blocked_paid="blocked_paid",
        blocked_unpaid="blocked_unpaid",
        paid="paid",
        unpaid="unpaid",
        asked="asked_first",
        cut="cut_off",
        member="news",
    )
    def greet(self, app: Services) -> Greeted:
        member = app.members.find(self.caller)
        if member is None:
            return "invited" if app.invited.waiting(self.caller) else "stranger"
        self.language = member.language
        if not member.is_active:
            return self._blocked(app, member)
        self.kind, self.name = Hidden(member.kind), member.name.first
        self.line = Line(self._line(app, member))
        if self.cut is None:
            return "member"
        if self._was_paid(app, member, lately=self.cut.forgotten):
            return "paid"
        if Transfer.__name__ in self.cut.refs:
            return "unpaid"
        if not self.cut.resumable:
            return "member"
        return "asked" if app.recoveries.plea(self.caller) else "cut"

    def _blocked(
        self, app: Services, member: MemberView
    ) -> Literal["blocked", "blocked_paid", "blocked_unpaid"]:
        """In the middle of a call they are told first what became of what they were doing."""
        cut = self.cut
        if cut is None or not (cut.midway or cut.forgotten or cut.refs):
            return "blocked"
        return "blocked_paid" if self._was_paid(app, member, lately=True) else "blocked_unpaid"

    def _was_paid(self, app: Services, member: MemberView, *, lately: bool) -> bool:
        """Whether the payment that was cut off was made, or else, if so asked, one was lately."""
        key = self.cut.refs.get(Transfer.__name__) if self.cut else None
        receipt: Receipt | None = None
        if key:
            receipt = app.payments.became(member.id, key)
        elif lately:
            receipt = app.payments.last(member.id, within=LATELY)
        if receipt is None:
            return False
        self.quoted, self.amount = receipt.reference, receipt.amount
        self.other, self.at = payee(app, receipt, self.language), Hour(app.local.hour(receipt.at))
        return True

    def _line(self, app: Services, member: MemberView) -> str:
        """The organisation's name, or the balance where it may be shown without a PIN."""
        if not app.shows_balance:
            return app.organisation
        balance = app.statements.balance(member.id)
        return app.catalogs.say(BALANCE, self.language, balance=balance)

    paid = Menu(
        _("Your last payment: {amount} went to {other} at {at}. Ref {quoted}."),
        (MAIN_MENU, "news"),
        back="bye",
        confirm=True,
    )
    unpaid = Menu(
        _("You were cut off. Your payment was NOT sent, nothing was taken."),
        (_("Continue"), "resume"),
        (MAIN_MENU, "news"),
        back="bye",
        confirm=True,
    )
    cut_off = Menu(
        _("You were cut off. Go on where you were?"),
        (_("Continue"), "resume"),
        (MAIN_MENU, "news"),
        back="bye",
        confirm=True,
    )
    resume = Resume(none="news")
    asked_first = Use(Plea, left="cut_off")

    @do(recovering="forgot", plea="plea", watched="watch", asked="asked", none="main")
    def news(self, app: Services) -> News:
        found = app.recoveries.news(self.caller, told=hasattr(self, "told"))
        if found == "watched":
            self.told = Hidden(found)
        return found

    forgot = Use(Forgot, give={"onward": MAIN_MENU}, left="main")
    plea = Use(Plea, left="main")
    watch = Use(Watch, left="news")
    asked = Use(Asked, left="main")

    @do(member="menu", agent="agent_menu")
    def main(self, app: Services) -> Literal["member", "agent"]:  # noqa: ARG002
        return "agent" if may(self.kind, Permission.INVITE) else "member"

    menu = Menu(
        _("{line}\nHello {name}!"),
        (_("Send"), "send"),
        (_("Balance"), "balance_menu"),
        (_("Statement"), "statement"),
        (_("My account"), "account"),
        (_("Help"), "help"),
        back="bye",
    )
    agent_menu = Menu(
        _("Hello {name}!"),
        (_("Send"), "send"),
        (_("Balance"), "balance_menu"),
        (_("Statement"), "statement"),
        (_("My account"), "account"),
        (_("Help"), "help"),
        (_("People I invite"), "agent"),
        back="bye",
    )
    send = Use(Transfer, left="main")
    balance_menu = Use(Balance, left="main")
    statement = Use(Statement, left="main")
    account = Use(Account, left="greet")
    help = Use(Help, left="main")
    agent = Use(Agent, left="main")
    onboard = Use(Onboard, onward="greet", alone="register", left="bye_invited")
    register = Use(Register)

    blocked = End(_("Your account is blocked. Call {support}."))
    blocked_paid = End(
        _(
            "Last payment: {amount} went to {other} at {at}. Ref {quoted}."
            " Your account is blocked. Call {support}."
        )
    )
    blocked_unpaid = End(_("Nothing was sent. Your account is blocked. Call {support}."))
    bye_invited = End(_("Goodbye. You have not joined yet. When you are ready, dial {code}."))
    bye = End(_("Goodbye! Dial {code} any time."))
