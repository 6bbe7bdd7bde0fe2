"""A lost PIN: asking for a new one."""

from datetime import timedelta
from math import ceil
from typing import Literal, assert_never

from menus.shared.new_pin import NewPin
from ussd_app.dialog import Ask, End, Flow, Menu, Return, Use, _, back_to, do
from ussd_app.errors import Invalid, LimitReached, NotAllowed, NotFound, PinLocked, PinWrong
from ussd_app.members.recoveries import NotReady, Progress, Stage
from ussd_app.services import Services
from ussd_app.text import Text
from ussd_app.values import Amount, Count, Hidden, Line, Proof, Span

MINUTE, MINUTES, HOURS = _("1 minute"), _("{count} minutes"), _("{count} hours")
HOURS_FROM = timedelta(hours=2)

Outlook = Literal[
    "vouching", "stuck", "people", "staff", "swapped", "cooling", "agreed", "checking", "ready"
]  # fmt: skip
Looked = Literal[
    "none", "vouching", "stuck", "people", "staff", "swapped", "cooling", "agreed", "checking",
    "ready", "over",
]  # fmt: skip
Tried = Literal["right", "wrong", "unreadable", "used_up", "moved"]

STOP, ONWARD = _("It was not me: stop it"), _("{onward}")


def _standing(text: Text) -> Menu:
    """How an open recovery stands, and how to stop it; a cut call begins here anyway."""
    return Menu(text, (ONWARD, "left"), (STOP, "stop"), back="left", confirm=True)


class Forgot(Flow):
    """The caller's own recovery: begin it, see how it stands, stop it, choose the new PIN.

    It may be reached from a locked PIN, so it asks for the old one by itself. `onward` says where
    those get who leave it as it is.
    """

    onward: Line
    seen: Hidden
    vouched: Count
    asked: Count
    quorum: Count
    span: Span
    most: Amount
    tries_left: Count
    proof: Proof

    @do(
        none="weigh",
        vouching="vouching",
        stuck="stuck",
        people="people",
        staff="staff",
        swapped="swapped",
        cooling="cooling",
        agreed="agreed",
        checking="checking",
        ready="ready",
        over="over",
    )
    def look(self, app: Services) -> Looked:
        progress = app.recoveries.progress(self.caller)
        if progress is None:
            return "over" if hasattr(self, "seen") else "none"
        self.seen = Hidden(progress.id)
        self.vouched, self.asked = Count(progress.vouched), Count(progress.asked)
        self.quorum = Count(progress.quorum)
        self.span = to_go(app, progress, self.language)
        return outlook(progress)

    @do(trusted="begin", alone="begin_alone")
    def weigh(self, app: Services) -> Literal["trusted", "alone"]:
        policy = app.guarantors.policy
        self.quorum = Count(policy.quorum)
        self.span = worded(app, app.recoveries.rules.cooling, self.language)
        counting = sum(one.counts for one in app.guarantors.of(self.caller))
        return "trusted" if counting >= policy.needed else "alone"

    begin = Menu(
        _(
            "We ask your guarantors. When {quorum} say yes, wait {span}, then choose a new PIN."
            " Free."
        ),
        (_("Ask them"), "open"),
        back="left",
        confirm=True,
    )
    begin_alone = Menu(
        _("Nobody can vouch for you yet. Show an agent your ID card, or call {support}. Free."),
        (_("Ask for a new PIN"), "open"),
        back="left",
        confirm=True,
    )

    @do(asked="just_asked", opened="look", blocked="blocked", too_many="too_many")
    def open(self, app: Services) -> Literal["asked", "opened", "blocked", "too_many"]:
        try:
            progress = app.recoveries.open(self.caller)
        except NotAllowed:
            return "blocked"
        except LimitReached:
            return "too_many"
        self.seen, self.asked = Hidden(progress.id), Count(progress.asked)
        self.quorum = Count(progress.quorum)
        return "asked" if outlook(progress) == "vouching" else "opened"

    just_asked = _standing(
        _("We asked them by SMS. Call them too! {quorum} of {asked} must say that it is you."),
    )

    too_many = End(
        _("Not asked: it was asked for too often this week. To get a new PIN, call {support}.")
    )

    vouching = _standing(
        _("New PIN asked for: {vouched} of {asked} have vouched, {quorum} are needed. Call them!"),
    )
    stuck = _standing(
        _("Too few can say yes now. Ask who said no to dial, or call {support}."),
    )
    people = _standing(
        _("New PIN asked for: show an agent your ID card, or call {support}."),
    )
    staff = _standing(_("New PIN asked for. We do not know your SIM well enough: call {support}."))
    swapped = _standing(_("New PIN: your SIM was changed a short while ago, so call {support}."))
    cooling = _standing(
        _("New PIN asked for: {vouched} of {asked} have vouched, {span} to go."),
    )
    agreed = _standing(
        _("New PIN asked for and agreed to, {span} to go."),
    )
    checking = _standing(
        _("New PIN: we check your SIM. SMS follows, or dial again in a minute."),
    )
    ready = Menu(
        _("You may choose a new PIN."),
        (_("Choose a new PIN"), "prepare"),
        (_("I remember my PIN"), "remember"),
        (ONWARD, "left"),
        (STOP, "stop"),
        back="left",
        confirm=True,
    )

    stop = Ask(_("To stop it, type the PIN you have:"), then="veto", back="look", secret=True)

    @do(
        right="stopped",
        tried_out="tried_out",
        wrong=back_to("stop", _("Wrong PIN. Tries left: {tries_left}")),
        unreadable=back_to("stop", _("A PIN is 4 digits.")),
        moved="look",
    )
    def veto(self, app: Services) -> Literal["right", "tried_out", "wrong", "unreadable", "moved"]:
        try:
            was_right = app.recoveries.veto(self.caller, self.typed)
        except Invalid:
            return "unreadable"
        except PinWrong as no:
            self.tries_left = Count(no.tries_left)
            return "wrong"
        except NotFound:
            return "moved"
        return "right" if was_right else "tried_out"

    tried_out = End(
        _(
            "Too many wrong PINs, so the request is stopped. Your PIN is as it was. It was free."
            " Not you who asked? Call {support}."
        )
    )
    stopped = End(
        _("Stopped. Your PIN is as it was. It was free. Did you not ask for it? Tell {support}.")
    )
    used_up = End(
        _("Nothing was done: too many wrong PINs. Not you who asked? Call {support} now.")
    )

    @do(ready="new_pin", blocked="blocked", moved="look")
    def prepare(self, app: Services) -> Literal["ready", "blocked", "moved"]:
        try:
            app.recoveries.prepare(self.caller)
        except NotReady:
            return "moved"
        except NotAllowed:
            return "blocked"
        return "ready"

    new_pin = Use(NewPin, take={"proof": "proof"}, chosen="finish", left="look")

    @do(finished="finished", blocked="blocked", moved="look")
    def finish(self, app: Services) -> Literal["finished", "blocked", "moved"]:
        try:
            app.recoveries.finish(self.caller, self.proof)
        except NotReady:
            return "moved"
        except NotAllowed:
            return "blocked"
        self.most, self.span = self._care(app)
        return "finished"

    finished = End(
        _(
            "Your new PIN works. For {span} you can send up to {most}. Tell it to nobody, not even"
            " us. Free. SMS follows."
        )
    )

    remember = Ask(_("Type the PIN you remember:"), then="unlock", back="look", secret=True)

    @do(
        right="unlocked",
        wrong=back_to("remember", _("Wrong PIN. Tries left: {tries_left}")),
        unreadable=back_to("remember", _("A PIN is 4 digits.")),
        used_up="used_up",
        moved="look",
    )
    def unlock(self, app: Services) -> Tried:
        try:
            app.recoveries.unlock(self.caller, self.typed)
        except Invalid:
            return "unreadable"
        except PinWrong as no:
            self.tries_left = Count(no.tries_left)
            return "wrong"
        except PinLocked:
            return "used_up"
        except (NotFound, NotReady):
            return "moved"
        self.most, self.span = self._care(app)
        return "right"

    unlocked = End(
        _("Right. Your PIN works again. For {span} you can send up to {most}. It was free.")
    )

    blocked = End(_("Nothing was done. Your account is blocked. Call {support}."))
    over = End(_("That request is over already. Nothing was done now. Not you? Call {support}."))
    left = Return()

    def _care(self, app: Services) -> tuple[Amount, Span]:
        """How much may be sent for now, and how long no more than that."""
        me = app.members.get(self.caller).id
        span = worded(app, app.recoveries.rules.careful, self.language)
        return app.payments.room(me, me), span


def outlook(progress: Progress) -> Outlook:
    """How an open recovery stands, in the words that owner and guarantors are told it with."""
    have_vouched = 0 < progress.quorum <= progress.vouched
    match progress.stage:
        case Stage.VOUCHING:
            return "stuck" if progress.is_stuck else "vouching"
        case Stage.PEOPLE:
            if not progress.waits_for_sim:
                return "people"
            return "swapped" if progress.is_swapped else "staff"
        case Stage.COOLING:
            return "cooling" if have_vouched else "agreed"
        case Stage.CHECKING:
            return "checking"
        case Stage.READY:
            return "ready"
        case _:
            assert_never(progress.stage)


def to_go(app: Services, progress: Progress, language: str) -> Span:
    """How long until a new PIN may be chosen, as far as is known."""
    if progress.ready_at is None:
        return Span()
    return worded(app, progress.ready_at - app.clock.now(), language)


def worded(app: Services, span: timedelta, language: str) -> Span:
    """A time to go in words, never too short: '40 minutes', '24 hours'."""
    if span >= HOURS_FROM:
        return Span(app.catalogs.say(HOURS, language, count=ceil(span / timedelta(hours=1))))
    count = max(1, ceil(span / timedelta(minutes=1)))
    return Span(app.catalogs.say(MINUTE if count == 1 else MINUTES, language, count=count))
