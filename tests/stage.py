"""Where `.dial` scripts are played: the whole application in this process, and its phones."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from tests.people import PIN, Handset, World
from ussd_app import bootstrap
from ussd_app.audit.service import SHELL, Actor
from ussd_app.dialog.lines import LINE_SECONDS
from ussd_app.dialog.turn import Watch
from ussd_app.members.inviting import Inviter
from ussd_app.members.kinds import AGENT
from ussd_app.messages.service import Draft
from ussd_app.text import Text
from ussd_app.transfers.payments import Order
from ussd_app.values import Name, Phone

OPERATOR = Actor("operator", 1000, SHELL)
LANGUAGES = {"English": "en", "Swahili": "sw"}


@dataclass
class Telephones:
    """One handset for each number that a script speaks of."""

    world: World
    watch: Watch
    handsets: dict[str, Handset] = field(default_factory=dict)
    earlier: dict[str, tuple[str, str]] = field(default_factory=dict)
    last: tuple[Handset, str, dict[bytes, bytes]] | None = None
    """Who answered last, and what they had typed and Redis had kept before."""

    def given(self, what: str) -> None:
        for pattern, see_to_it in _GIVEN.items():
            if found := re.fullmatch(pattern, what):
                see_to_it(self, **found.groupdict())
                return
        raise AssertionError(f"nobody knows how to see to it that {what!r}")

    def dial(self, phone: str, code: str) -> str:
        head = self.world.settings.service_code.removesuffix("#")
        tail = code.removeprefix(head).strip("*#")
        handset = self._handset(phone)
        self.earlier[phone] = (handset.call, handset.text)
        return handset.dial(tail)

    def say(self, phone: str, typed: str) -> str:
        handset, redis = self._handset(phone), self.world.redis
        lines = {line: redis.dump(line) or b"" for line in redis.scan_iter("ussd:line:*")}
        self.last = (handset, handset.text, lines)
        return handset.say(typed)

    def switch(self, phone: str) -> None:
        handset = self._handset(phone)
        now = (handset.call, handset.text)
        handset.call, handset.text = self.earlier[phone]
        self.earlier[phone] = now

    def repeat(self, phone: str) -> str:
        return self._handset(phone).hop()

    def hang_up(self, phone: str) -> None:
        self._handset(phone).cut_off()

    def wait(self, count: int, span: str) -> None:
        self.world.clock.advance(**{span: count})
        seconds = count * {"minutes": 60, "hours": 3600, "days": 86400}[span]
        if seconds >= LINE_SECONDS:  # Redis has a clock of its own, which forgets lines by then
            for line in self.world.redis.scan_iter("ussd:line:*"):
                self.world.redis.delete(line)

    def flush(self) -> None:
        self.world.redis.flushall()

    def sms(self, phone: str) -> list[str]:
        return self.world.sms(phone)

    def _person(
        self,
        *,
        name: str,
        phone: str,
        tokens: str | None,
        pin: str | None,
        language: str | None,
        tier: str | None,
        agent: str | None,
    ) -> None:
        self.world.join(
            Phone(phone),
            name,
            tokens=int(tokens or 50),
            pin=pin or PIN,
            language=LANGUAGES[language or "English"],
            tier=int(tier or 2),
        )
        self.sms(phone)
        if agent:
            self._kind(phone, AGENT)

    def _kind(self, phone: str, kind: str) -> None:
        with self.world.db.work() as work:
            work.run("UPDATE member SET kind = %s WHERE phone = %s", kind, phone)

    def _status(self, phone: str, status: str) -> None:
        with self.world.db.work() as work:
            work.run("UPDATE member SET status = %s WHERE phone = %s", status, phone)

    def _blocked(self, phone: str) -> None:
        self.world.services.standing.block(Phone(phone), by=OPERATOR, why="asked by police")

    def _unblocked(self, phone: str) -> None:
        self.world.services.standing.unblock(Phone(phone), by=OPERATOR, why="it is settled")

    def _tier(self, phone: str, tier: str) -> None:
        with self.world.db.work() as work:
            work.run("UPDATE member SET tier = %s WHERE phone = %s", int(tier), phone)

    def _lookups(self, phone: str, count: str) -> None:
        member = self.world.services.members.get(Phone(phone)).id
        for _ in range(int(count)):
            self.world.services.members.count_lookup(member)

    def _payments(self, payer: str, payee: str, tokens: str) -> None:
        services = self.world.services
        ours, theirs = (services.members.get(Phone(phone)).id for phone in (payer, payee))
        for whole in tokens.split(", "):
            amount = services.tokens.first.whole(int(whole))
            services.payments.send(Order(secrets.token_hex(16), ours, theirs, amount))

    def _text(self, phone: str, body: str) -> None:
        self.world.services.messages.take_in(secrets.token_hex(8), phone=phone, body=body)

    def _trusts(self, ward: str, others: str) -> None:
        """Asked and accepted; what they are told of it is read already."""
        for other in others.split(", "):
            self._guaranty(ward, "asks", other)
            self._guaranty(ward, "is accepted by", other)
            self.sms(other)
        self.sms(ward)

    def _approve(self, count: str, phone: str) -> None:
        recovery, _reference = self._recovery(phone)
        for staff in range(1, {"one": 1, "two": 2}[count] + 1):
            self.world.services.recovery_desk.approve(
                recovery, by=Actor("staff", staff, SHELL), why="seen in person"
            )

    def _refuse(self, phone: str) -> None:
        recovery, _reference = self._recovery(phone)
        self.world.services.recovery_desk.refuse(
            recovery, by=Actor("staff", 1, SHELL), why="nobody knows them"
        )

    def _sim(self, phone: str, verdict: str) -> None:
        """As the company notifies us of it."""
        self.world.run_errands()
        _recovery, reference = self._recovery(phone)
        self.world.services.recoveries.sim_known(reference, verdict=verdict)

    def _recovery(self, phone: str) -> tuple[int, str]:
        """The open one, and under which reference its SIM was asked about."""
        with self.world.db.reading() as reading:
            recovery, reference = reading.the_row(
                """
                SELECT r.id, r.sim_reference FROM recovery r JOIN member m ON m.id = r.member
                WHERE r.state = 'open' AND m.phone = %s
                """,
                phone,
            )
        return recovery, reference

    def _invited(self, agent: str, name: str, phone: str, language: str | None) -> None:
        invitations = self.world.services.invitations
        code = LANGUAGES[language or "English"]
        invitations.invite(Phone(agent), Phone(phone), Name(name), code)

    def _recruited(self, name: str, phone: str) -> None:
        """By the organisation itself."""
        inviter = Inviter(None, self.world.services.organisation, OPERATOR)
        with self.world.db.work() as work:
            self.world.services.invitations.invite_for(
                work, inviter, Phone(phone), Name(name), "en", kind=AGENT
            )

    def _declines(self, phone: str) -> None:
        """As by another call of theirs."""
        self.world.services.invited.decline(Phone(phone))

    def _codes(self, phone: str, count: str, minutes: str) -> None:
        """The last of them so long ago."""
        world = self.world
        for number in range(int(count)):
            draft = Draft(f"story:{number}", "code", phone, "en", Text("{code}"))
            with world.db.work() as work:
                world.services.codes.send(
                    work, draft, purpose="story", subject=1, life=timedelta(hours=1), asker=None
                )
            world.clock.advance(minutes=int(minutes))

    def _codes_a_day(self, count: str) -> None:
        """For whoever dials from now on."""
        self._rebuild(invitations_a_day=int(count))
        self.handsets.clear()

    def _guaranty(self, ward: str, deed: str, guarantor: str) -> None:
        trust, owner, other = self.world.services.guarantors, Phone(ward), Phone(guarantor)
        if deed == "asks":
            trust.ask(owner, other)
            return
        (guaranty,) = (one.id for one in trust.of(owner) if one.phone == other)
        match deed:
            case "is accepted by" | "is declined by":
                trust.answer(other, guaranty, accepts=deed == "is accepted by")
            case "is left by":
                trust.leave(other, guaranty)
            case "removes":
                trust.remove(owner, guaranty)

    def _others(self, phone: str, count: str, deed: str) -> None:
        """As many guaranties as that with people who have nothing else to do here."""
        now, number = self.world.clock.now(), int(phone[-2:])
        with self.world.db.work() as work:
            (member,) = work.the_row("SELECT id FROM member WHERE phone = %s", phone)
            for other in range(int(count)):
                (stranger,) = work.the_row(
                    """
                    INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)
                    VALUES (nextval('member_id'), %s, 'Njeri Kamau', 'en', 'ACTIVE', 2, %s, %s) RETURNING id
                    """,
                    f"+2547009{number:02}{other:03}",
                    now,
                    now,
                )
                work.run(
                    """
                    INSERT INTO guarantor (ward, guarantor, state, asked_at, accepted_at)
                    VALUES (%s, %s, 'accepted', %s, %s)
                    """,
                    *((stranger, member) if deed == "vouches for" else (member, stranger)),
                    now,
                    now,
                )

    def _careful(self, phone: str, hours: str) -> None:
        until = self.world.clock.now() + timedelta(hours=int(hours))
        with self.world.db.work() as work:
            work.run("UPDATE member SET careful_until = %s WHERE phone = %s", until, phone)

    def _gift(self, tokens: str) -> None:
        self._rebuild(grant=int(tokens))

    def _insights(self) -> None:
        self._rebuild(sim_swap_check="insights")

    def _rebuild(self, **changed: Any) -> None:
        """As the same house with another setting."""
        was = self.world
        settings = replace(was.settings, **changed)
        services = bootstrap.services_of(
            settings,
            db=was.db,
            clock=was.clock,
            sms=bootstrap.sms_of(settings),
            lines=was.lines,
            slots=2,
        )
        self.world = replace(was, settings=settings, services=services)
        self.handsets.clear()

    def _lost_answer(self) -> None:
        """As when a process dies between a deed and its answer."""
        assert self.last
        handset, text, lines = self.last
        handset.text = text
        for line, kept in lines.items():
            self.world.redis.restore(line, LINE_SECONDS * 1000, kept, replace=True)

    def _handset(self, phone: str) -> Handset:
        if phone not in self.handsets:
            board = self.world.switchboard(self.watch)
            self.handsets[phone] = Handset(board, Phone(phone))
        return self.handsets[phone]


_GIVEN: dict[str, Callable[..., None]] = {
    r"(?P<agent>agent )?(?P<name>[A-Z]\w+(?: \w+)*) (?P<phone>\+\d+)"
    r"(?: with (?P<tokens>\d+))?(?:, PIN (?P<pin>\d{4}))?(?:, in (?P<language>\w+))?"
    r"(?:, tier (?P<tier>\d))?": Telephones._person,
    r"(?P<phone>\+\d+) is of the kind (?P<kind>\w+)": Telephones._kind,
    r"(?P<phone>\+\d+) is (?P<status>\w+)": Telephones._status,
    r"(?P<phone>\+\d+) is blocked by the organisation": Telephones._blocked,
    r"(?P<phone>\+\d+) is unblocked by the organisation": Telephones._unblocked,
    r"(?P<phone>\+\d+) has tier (?P<tier>\d)": Telephones._tier,
    r"(?P<phone>\+\d+) looked up (?P<count>\d+) strangers today": Telephones._lookups,
    r"(?P<payer>\+\d+) has paid (?P<payee>\+\d+) (?P<tokens>[\d, ]+)": Telephones._payments,
    r"(?P<phone>\+\d+) texts (?P<body>\w+)": Telephones._text,
    r"(?P<agent>\+\d+) has invited (?P<name>[A-Z]\w+ \w+) (?P<phone>\+\d+)"
    r"(?:, in (?P<language>\w+))?": Telephones._invited,
    r"the organisation has invited (?P<name>[A-Z]\w+ \w+) (?P<phone>\+\d+) as an agent": (
        Telephones._recruited
    ),
    r"(?P<phone>\+\d+) joins without the code in another call": Telephones._declines,
    r"(?P<phone>\+\d+) has got (?P<count>\d+) codes, one every (?P<minutes>\d+) minutes": Telephones._codes,
    r"an agent may send (?P<count>\d+) codes? a day": Telephones._codes_a_day,
    r"(?P<ward>\+\d+) (?P<deed>asks|removes|is (?:accepted|declined|left) by) (?P<guarantor>\+\d+)": (
        Telephones._guaranty
    ),
    r"(?P<phone>\+\d+) (?P<deed>vouches for|is vouched for by) (?P<count>\d+) others": (
        Telephones._others
    ),
    r"(?P<phone>\+\d+) had a recovery, careful for (?P<hours>\d+) hours": Telephones._careful,
    r"a gift of (?P<tokens>\d+) for whoever joins": Telephones._gift,
    r"a company that is asked when SIMs were swapped": Telephones._insights,
    r"(?P<ward>\+\d+) trusts (?P<others>\+\d+(?:, \+\d+)*)": Telephones._trusts,
    r"(?P<count>one|two) of the staff approves? the new PIN of (?P<phone>\+\d+)": Telephones._approve,
    r"the staff refuses the new PIN of (?P<phone>\+\d+)": Telephones._refuse,
    r"the SIM of (?P<phone>\+\d+) is found (?P<verdict>clean|swapped|unknown)": Telephones._sim,
    r"the last answer was neither kept nor shown": Telephones._lost_answer,
}
"""What a script may be given, and who sees to it."""
