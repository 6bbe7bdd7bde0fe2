"""An agent's help with a lost PIN: the owner's identity card seen, and a code from their phone."""

from __future__ import annotations

from dataclasses import dataclass

from ussd_app.audit import service as audit
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotAllowed, NotFound
from ussd_app.members import recovery_texts
from ussd_app.members.kinds import Permission, may
from ussd_app.members.recovery_case import AGENT, PEOPLE, Progress, Rules, progress_of
from ussd_app.members.recovery_docket import Docket
from ussd_app.members.status import Status
from ussd_app.messages.codes import Codes
from ussd_app.messages.service import Draft
from ussd_app.values import Name, Phone

PURPOSE = "recovery"


@dataclass(frozen=True)
class Asker:
    """The agent who asks, and the short name that the owner is told."""

    id: int
    name: str


class InPerson:
    """Lets an agent stand in for guarantors, where there are too few."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        codes: Codes,
        docket: Docket,
        *,
        rules: Rules,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._codes = db, clock, codes
        self._docket, self._rules, self._signature = docket, rules, signature

    def vouch_in_person(self, agent: Phone, owner: Phone) -> int:
        """Begin to help the owner, who stands before the agent: sends a code to the owner's phone.

        Nothing else: their recovery is opened when that code was right. Asked again at once it is
        the same code. Returns its id. Raises NotFound (no such member), NotAllowed (no agent,
        oneself, blocked, or guarantors are to decide), LimitReached.
        """
        now = self._clock.now()
        with self._db.work() as work:
            asker = _agent(work, agent, owner)
            _refuse_guarantors(self._docket.path(work, owner, now))
            member, language = work.the_row(
                "SELECT id, language FROM member WHERE phone = %s", owner
            )
            draft = Draft(
                key=f"{PURPOSE}:{member}:code",
                kind="code",
                phone=owner,
                language=language,
                text=recovery_texts.CODE,
                values={**self._signature, "agent": asker.name},
                member=member,
            )
            return self._codes.send_beside(
                work, draft, purpose=PURPOSE, subject=member, asker=asker.id
            )

    def named(self, agent: Phone, owner: Phone, code: int) -> str:
        """The owner's short name, to be compared with the identity card, once the code was right.

        Raises NotFound, NotAllowed.
        """
        with self._db.reading() as reading:
            _agent(reading, agent, owner)
            if self._codes.right(reading, owner, PURPOSE) != code:
                raise NotFound("the code was not right")
            (name,) = reading.the_row("SELECT name FROM member WHERE phone = %s", owner)
        return Name(name).short

    def identified(self, agent: Phone, owner: Phone, code: int) -> Progress:
        """The agent has seen the owner's identity card, and the code was right: as good as approved.

        Opens their recovery if none is open; it stays open long enough for what follows. Again
        changes nothing. Raises NotFound, and NotAllowed and LimitReached as `vouch_in_person` does.
        """
        now = self._clock.now()
        with self._db.work() as work:
            asker = _agent(work, agent, owner)
            approver = f"{AGENT}{asker.id}"
            member = self._docket.owner(work, owner)
            case = self._docket.last(work, owner, lock=True)
            if case and case.is_open(now) and case.has_word_of(approver):
                return progress_of(case, now)
            _refuse_guarantors(self._docket.path(work, owner, now))
            self._codes.use(work, code, purpose=PURPOSE, subject=member)
            case = self._docket.open(work, owner, now)
            work.run(
                "UPDATE recovery SET expires_at = greatest(expires_at, %s) WHERE id = %s",
                now + self._rules.cooling_after_agent + self._rules.lasts,
                case.id,
            )
            by, why = audit.by_member(asker.id), "identity seen in person"
            case = self._docket.approve(
                work, case, approver, by=by, why=why, at=now, agent=asker.name
            )
            return progress_of(case, now)


def _agent(work: Work, agent: Phone, owner: Phone) -> Asker:
    """The agent, who may check the identity of others."""
    row = work.row("SELECT id, name, kind, status FROM member WHERE phone = %s", agent)
    if row is None:
        raise NotFound("no such member")
    member, name, kind, status = row
    if agent == owner or status != Status.ACTIVE or not may(kind, Permission.IDENTIFY):
        raise NotAllowed("no agent, or oneself")
    return Asker(member, Name(name).short)


def _refuse_guarantors(path: str) -> None:
    if path != PEOPLE:
        raise NotAllowed("guarantors are to decide")
