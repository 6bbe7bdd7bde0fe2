"""Sending tokens to another member."""

from collections.abc import Sequence
from typing import Literal

from menus.shared.payee import payee
from menus.shared.pin import Pin
from ussd_app.dialog import Ask, End, Flow, Menu, Return, Use, _, back_to, do
from ussd_app.errors import Conflict, Invalid, LimitReached, NotAllowed, NotEnough, NotFound
from ussd_app.messages.service import OptedOut
from ussd_app.services import Services
from ussd_app.transfers.payments import Order, PayeeLimit, Twin
from ussd_app.values import Amount, DayAndHour, Hidden, Hour, Phone, Quantity, Reference, Shown

Weighed = Literal[
    "fine",
    "spent",
    "unreadable",
    "limit",
    "limit_care",
    "payee_full",
    "payee_gone",
    "blocked",
    "twin",
]
Found = Literal["member", "careful", "gone", "stranger", "myself", "too_many"]
Sent = Literal["sent", "short", "limit", "payee_full", "payee_gone", "twin", "spent"]


class Transfer(Flow):
    """Send to a number: who and how much are shown, then the PIN, then it is done."""

    to: Phone
    name: Shown
    quantity: Quantity
    amount: Amount
    most: Amount
    at: Hour
    until: DayAndHour
    meant: Hidden
    quoted: Reference
    balance: Amount

    recipient = Ask(_("Send to which number?"), "to", then="find", back="left", offers="recent")

    def recent(self, app: Services) -> Sequence[tuple[str, Phone]]:
        payer = app.members.get(self.caller)
        found = app.recipients.recent(payer)
        return [(f"{friend.name}..{friend.phone[-3:]}", friend.phone) for friend in found]

    @do(
        member="how_much",
        careful="how_much_care",
        gone=back_to("recipient", _("{name} cannot receive.")),
        stranger="stranger",
        myself=back_to("recipient", _("That is your own number.")),
        too_many=back_to("recipient", _("Too many new numbers. Try tomorrow.")),
    )
    def find(self, app: Services) -> Found:
        payer = app.members.get(self.caller)
        try:
            payee = app.recipients.find(payer, self.to)
        except NotAllowed:
            return "myself"
        except LimitReached:
            return "too_many"
        except NotFound:
            return "stranger"
        self.name = Shown(payee.name)
        if not payee.is_active:
            return "gone"
        self.most = app.payments.room(payer.id, payee.id)
        if payer.careful_until is None or payer.careful_until <= app.clock.now():
            return "member"
        self.until = DayAndHour(app.local.day_and_hour(payer.careful_until))
        return "careful"

    stranger = Menu(
        _("{to} has not joined yet."),
        (_("Invite them by SMS, free"), "invite"),
        (_("Another number"), "recipient"),
        back="recipient",
    )

    @do(
        invited="invited",
        before="invited_before",
        joined="find",
        opted_out="uninvited",
        abroad=back_to("recipient", _("That country is not served yet.")),
    )
    def invite(
        self, app: Services
    ) -> Literal["invited", "before", "joined", "opted_out", "abroad"]:
        try:
            fresh = app.recipients.invite(app.members.get(self.caller), self.to)
        except OptedOut:
            return "opted_out"
        except NotAllowed:
            return "joined" if app.members.find(self.to) else "abroad"
        return "invited" if fresh else "before"

    invited = End(_("We invited {to} by SMS, free. When they have joined, dial {code} to send."))
    invited_before = End(_("{to} was invited today already. When they have joined, dial {code}."))

    uninvited = End(
        _("{to} stopped our SMS, so we may not invite them. To join, they dial {code}.")
    )

    how_much = Ask(
        _("How much for {name}?\nYour limit: {most}."),
        "quantity",
        then="weigh",
        back="recipient",
    )

    how_much_care = Ask(
        _("How much for {name}? After your lost PIN: up to {most} until {until}."),
        "quantity",
        then="weigh",
        back="recipient",
    )

    @do(
        fine="confirm",
        spent="became",
        unreadable=back_to("how_much", Quantity.too_fine),
        limit=back_to("how_much", _("That is above your limit.")),
        limit_care=back_to("how_much_care", _("That is above your limit.")),
        payee_full=back_to("how_much", _("{name} cannot hold that much.")),
        payee_gone=back_to("recipient", _("{name} cannot receive.")),
        blocked="blocked",
        twin="twin",
    )
    def weigh(self, app: Services) -> Weighed:
        payer = app.members.get(self.caller)
        try:
            self.amount = self.quantity.of(self.most.unit)
            app.payments.weigh(self._order(app, payer.id))
        except Invalid:
            return "unreadable"
        except PayeeLimit:
            return "payee_full"
        except LimitReached as no:
            self.most = Amount(no.remaining, self.most.unit)
            return "limit_care" if hasattr(self, "until") else "limit"
        except Twin as before:
            self.at = Hour(app.local.hour(before.at))
            return "twin"
        except Conflict:
            return "spent"
        except NotAllowed:
            return "payee_gone" if payer.is_active else "blocked"
        return "fine"

    twin = Menu(
        _("You sent {amount} to {name} at {at}. Send it once more?"),
        (_("Yes, once more"), "once_more"),
        (_("No"), "kept"),
        back="how_much",
        confirm=True,
    )

    @do(yes="confirm")
    def once_more(self, app: Services) -> Literal["yes"]:  # noqa: ARG002
        self.meant = self._payment()
        return "yes"

    confirm = Use(
        Pin,
        give={"about": _("Send {amount} to {name} {to}. Fee: 0.")},
        confirmed="send",
        cancelled="how_much",
    )

    @do(
        sent="sent",
        short=back_to("how_much", _("Not sent: you have only {balance}.")),
        limit=back_to("how_much", _("Not sent: that is above your limit.")),
        payee_full=back_to("how_much", _("Not sent: {name} cannot hold that much.")),
        payee_gone=back_to("recipient", _("Not sent: {name} cannot receive.")),
        twin="twin",
        spent="became",
    )
    def send(self, app: Services) -> Sent:
        payer = app.members.get(self.caller)
        try:
            receipt = app.payments.send(self._order(app, payer.id))
        except NotEnough as no:
            self.balance = Amount(no.available, self.amount.unit)
            return "short"
        except LimitReached as no:
            if isinstance(no, PayeeLimit):
                return "payee_full"
            self.most = Amount(no.remaining, self.most.unit)
            return "limit"
        except Conflict as no:
            if not isinstance(no, Twin):
                return "spent"
            self.at = Hour(app.local.hour(no.at))
            return "twin"
        except NotAllowed:
            return "payee_gone" if payer.is_active else "spent"
        self.quoted, self.balance = receipt.reference, receipt.balance
        return "sent"

    @do(made="made_before", given_up="late", blocked="blocked")
    def became(self, app: Services) -> Literal["made", "given_up", "blocked"]:
        payer = app.members.get(self.caller)
        receipt = app.payments.became(payer.id, self.ref)
        if receipt is None:
            return "given_up" if payer.is_active else "blocked"
        self.quoted, self.amount = receipt.reference, receipt.amount
        self.name, self.at = payee(app, receipt, self.language), Hour(app.local.hour(receipt.at))
        return "made"

    sent = End(_("Sent {amount} to {name}. Ref {quoted}. Fee 0. You have {balance}. SMS follows."))
    kept = End(_("Nothing more was sent. Dial {code} any time."))
    made_before = End(
        _(
            "Your last payment: {amount} went to {name} at {at}. Ref {quoted}."
            " Nothing more was sent."
        )
    )
    late = End(_("Nothing was sent. Please dial {code} and start again."))
    blocked = End(_("Nothing was sent. Your account is blocked. Call {support}."))
    left = Return()

    def _order(self, app: Services, payer: int) -> Order:
        payee = app.members.find(self.to)
        if payee is None:
            raise NotAllowed("payee")
        repeat = getattr(self, "meant", "") == self._payment()
        return Order(self.ref, payer, payee.id, self.amount, repeat=repeat)

    def _payment(self) -> Hidden:
        """What a yes is meant for: so much to this number, in this run of the dialog."""
        return Hidden(f"{self.ref} {self.to} {self.amount.units}")
