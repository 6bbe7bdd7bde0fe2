"""People one trusts: guarantors, and those for whom one is a guarantor."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal

from menus.shared.pin import Pin
from menus.vouching import Plea
from ussd_app.dialog import Ask, End, Flow, Menu, Pick, Return, Use, _, back_to, do
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotFound, Refusal
from ussd_app.members.guarantor_policy import Careful, Ring
from ussd_app.members.guarantors import Guaranty
from ussd_app.messages.service import OptedOut
from ussd_app.services import Services
from ussd_app.values import Count, DayAndHour, Hidden, Line, Phone, Shown

ASKED, ASKED_UNTIL = _("asked"), _("Asked, can answer until {until}.")
SOON, COUNTS_FROM = _("from {day}"), _("Active from {until}.")
COUNTS, COUNTS_NOW = _("active"), _("Active.")
IDLE, IDLE_NOW = _("not active"), _("Not active now.")

Found = Literal[
    "found", "myself", "stranger", "gone", "silent", "known",
    "ring", "busy", "full", "tomorrow", "careful", "blocked",
]  # fmt: skip
LIMITS: Mapping[str, Found] = {"guarantors": "full", "wards": "busy"}


def standing(app: Services, language: str, one: Guaranty) -> tuple[str, str]:
    """How a guaranty stands: in a word, and in a sentence."""
    say, local = app.catalogs.say, app.local
    if one.counts_from is None:
        until = local.day_and_hour(one.answer_by)
        return say(ASKED, language), say(ASKED_UNTIL, language, until=until)
    if one.counts:
        return say(COUNTS, language), say(COUNTS_NOW, language)
    if one.counts_from <= app.clock.now():
        return say(IDLE, language), say(IDLE_NOW, language)
    day, until = local.day(one.counts_from), local.day_and_hour(one.counts_from)
    return say(SOON, language, day=day), say(COUNTS_FROM, language, until=until)


def days_to_count(app: Services) -> Count:
    """After how many days, begun ones too, a new guarantor counts."""
    return Count(-(-app.guarantors.policy.age // timedelta(days=1)))


class Guarantors(Flow):
    """Whom the caller trusts, and who trusts the caller."""

    counting: Count
    needed: Count
    quorum: Count
    days: Count
    to: Phone
    name: Shown
    phone: Shown
    which: Hidden
    request: Hidden
    standing: Line
    until: DayAndHour

    @do(seen="menu")
    def look(self, app: Services) -> Literal["seen"]:
        policy = app.guarantors.policy
        self.quorum, self.needed = Count(policy.quorum), Count(policy.needed)
        self.counting = Count(sum(one.counts for one in app.guarantors.of(self.caller)))
        self.days = days_to_count(app)
        return "seen"

    menu = Menu(
        _("Your guarantors: {counting} active, {needed} are needed."),
        (_("Ask somebody"), "may_ask"),
        (_("My guarantors"), "mine"),
        (_("People I vouch for"), "wards"),
        back="left",
    )

    @do(free="who", careful="careful")
    def may_ask(self, app: Services) -> Literal["free", "careful"]:
        if until := self._careful_until(app):
            self.until = until
            return "careful"
        return "free"

    who = Ask(
        _("If you forget your PIN, {quorum} guarantors can say it is really you.\nWhose number?"),
        "to",
        then="find",
        back="look",
    )

    @do(
        found="confirm",
        myself=back_to("who", _("That is your own number.")),
        stranger=back_to("who", _("{to} has not joined yet.")),
        gone=back_to("who", _("{to} cannot be asked now.")),
        silent=back_to("who", _("{to} stopped our SMS.")),
        known=back_to("who", _("You have asked them before.")),
        ring=back_to("who", _("You may not vouch for each other.")),
        busy=back_to("who", _("They vouch for enough people.")),
        full=back_to("who", _("You have enough. First remove one.")),
        tomorrow=back_to("who", _("Too many today. Try tomorrow.")),
        careful="careful",
        blocked="blocked",
    )
    def find(self, app: Services) -> Found:
        try:
            self.name = Shown(app.guarantors.find(self.caller, self.to))
        except Careful as no:
            self.until = DayAndHour(app.local.day_and_hour(no.until))
            return "careful"
        except OptedOut:
            return "silent"
        except NotAllowed:
            if self.to == self.caller:
                return "myself"
            return "gone" if app.members.get(self.caller).is_active else "blocked"
        except Conflict as no:
            return "ring" if isinstance(no, Ring) else "known"
        except LimitReached as no:
            return LIMITS.get(no.rule, "tomorrow")
        except NotFound:
            return "stranger"
        return "found"

    confirm = Use(
        Pin,
        give={
            "about": _(
                "Ask {name} {to}. Free. They have 3 days to answer and can vouch {days} days later."
            )
        },
        confirmed="ask",
        cancelled="who",
    )

    @do(asked="asked", refused="find")
    def ask(self, app: Services) -> Literal["asked", "refused"]:
        try:
            until = app.guarantors.ask(self.caller, self.to)
        except Refusal:
            return "refused"
        self.until = DayAndHour(app.local.day_and_hour(until))
        return "asked"

    asked = End(
        _(
            "We asked {name} by SMS, free. They can answer until {until}."
            " You get an SMS when they do."
        )
    )

    mine = Pick(
        _("Your guarantors:"),
        "which",
        options="guarantors",
        then="open",
        none="nobody",
        back="look",
    )

    def guarantors(self, app: Services) -> Sequence[tuple[str, Hidden]]:
        return self._rows(app, app.guarantors.of(self.caller))

    nobody = Menu(
        _(
            "You have no guarantors yet. If you forget your PIN,"
            " {quorum} of them can say it is really you."
        ),
        back="look",
    )

    @do(opened="guarantor", gone="changed")
    def open(self, app: Services) -> Literal["opened", "gone"]:
        found = self._chosen(app, app.guarantors.of(self.caller))
        if found is None:
            return "gone"
        self.name, self.phone, self.standing = found
        return "opened"

    guarantor = Menu(_("{name} {phone}\n{standing}"), (_("Remove"), "may_remove"), back="mine")

    @do(free="remove_pin", careful="careful")
    def may_remove(self, app: Services) -> Literal["free", "careful"]:
        if until := self._careful_until(app):
            self.until = until
            return "careful"
        return "free"

    remove_pin = Use(
        Pin,
        give={"about": _("Not to have {name} as your guarantor:")},
        confirmed="remove",
        cancelled="guarantor",
    )

    @do(removed="removed", withdrawn="withdrawn", gone="changed", careful="careful")
    def remove(self, app: Services) -> Literal["removed", "withdrawn", "gone", "careful"]:
        try:
            was_asked = app.guarantors.remove(self.caller, int(self.which))
        except Careful as no:
            self.until = DayAndHour(app.local.day_and_hour(no.until))
            return "careful"
        except (NotAllowed, NotFound):
            return "gone"
        return "withdrawn" if was_asked else "removed"

    removed = End(_("{name} is your guarantor no more. It cost nothing. You both get an SMS."))

    withdrawn = End(
        _("Your request to {name} is taken back. It cost nothing. You both get an SMS.")
    )

    wards = Pick(
        _("You vouch for:"),
        "which",
        options="vouched",
        then="open_ward",
        none="no_ward",
        back="look",
    )

    def vouched(self, app: Services) -> Sequence[tuple[str, Hidden]]:
        return self._rows(app, app.guarantors.wards(self.caller))

    no_ward = Menu(
        _("You vouch for nobody yet. If somebody asks you, you get an SMS."), back="look"
    )

    @do(opened="ward", lost="ward_lost", gone="changed")
    def open_ward(self, app: Services) -> Literal["opened", "lost", "gone"]:
        wards = app.guarantors.wards(self.caller)
        found = self._chosen(app, wards)
        if found is None:
            return "gone"
        self.name, self.phone, self.standing = found
        (ward,) = (one for one in wards if str(one.id) == self.which)
        plea = app.recoveries.plea_of(self.caller, ward.phone)
        if plea is None:
            return "opened"
        self.request = Hidden(plea.id)
        return "lost"

    ward = Menu(
        _("You vouch for {name} {phone}\n{standing}"), (_("Stop"), "leave_pin"), back="wards"
    )
    ward_lost = Menu(
        _("{name} {phone} lost the PIN and waits for your answer."),
        (_("Answer"), "plea"),
        (_("Stop"), "leave_pin"),
        back="wards",
    )
    plea = Use(Plea, give={"request": _("{request}")}, left="wards")
    leave_pin = Use(
        Pin,
        give={"about": _("To vouch for {name} no more:")},
        confirmed="leave",
        cancelled="open_ward",
    )

    @do(done="stopped", gone="changed")
    def leave(self, app: Services) -> Literal["done", "gone"]:
        try:
            app.guarantors.leave(self.caller, int(self.which))
        except (NotAllowed, NotFound):
            return "gone"
        return "done"

    stopped = End(_("You vouch for {name} no more. It cost nothing. You both get an SMS."))

    careful = Menu(
        _(
            "You got your PIN back a short while ago. To keep you safe,"
            " nobody is asked or removed until {until}."
        ),
        back="look",
    )
    changed = Menu(_("That has changed meanwhile. Nothing was done."), back="look")
    blocked = End(_("Nothing was done. Your account is blocked. Call {support}."))
    left = Return()

    def _careful_until(self, app: Services) -> DayAndHour | None:
        """Until when it is the day of care after a recovery, if it is."""
        until = app.members.get(self.caller).careful_until
        if until is None or until <= app.clock.now():
            return None
        return DayAndHour(app.local.day_and_hour(until))

    def _rows(self, app: Services, found: Sequence[Guaranty]) -> Sequence[tuple[str, Hidden]]:
        return [
            (f"{one.other}: {standing(app, self.language, one)[0]}", Hidden(one.id))
            for one in found
        ]

    def _chosen(self, app: Services, found: Sequence[Guaranty]) -> tuple[Shown, Shown, Line] | None:
        """Name, number and standing of the one that was chosen, if it still stands."""
        for one in found:
            if str(one.id) == self.which:
                _word, sentence = standing(app, self.language, one)
                return Shown(one.other), Shown(one.phone.masked), Line(sentence)
        return None
