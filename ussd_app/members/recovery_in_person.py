"""An agent's help with a lost PIN: the owner's identity card seen, and a code from their phone."""

from __future__ import annotations

from ussd_app.audit import service as audit
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotAllowed, NotFound
from ussd_app.members import recovery_texts
from ussd_app.members.kinds import Permission, may
from ussd_app.members.recovery_case import AGENT, PEOPLE, Case, Progress, Rules, progress_of
from ussd_app.members.recovery_docket import Docket
from ussd_app.members.status import Status
from ussd_app.messages.codes import CONFIRMATION_LIFE, Codes
from ussd_app.messages.service import Draft
from ussd_app.values import Phone

PURPOSE = "recovery"


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

        Opens their recovery if none is open. Returns the id of the code, for the confirmation.
        Raises NotFound (no such member), NotAllowed (no agent, oneself, blocked, or guarantors are
        to decide), LimitReached.
        """
        now = self._clock.now()
        with self._db.work() as work:
            asker = _agent(work, agent, owner)
            case = self._docket.open(work, owner, now)
            _refuse_guarantors(case)
            (language,) = work.the_row("SELECT language FROM member WHERE id = %s", case.member)
            return self._codes.send(
                work,
                Draft(
                    key=f"recovery:{case.id}:code",
                    kind="code",
                    phone=owner,
                    language=language,
                    text=recovery_texts.CODE,
                    values=self._signature,
                    member=case.member,
                ),
                purpose=PURPOSE,
                subject=case.id,
                life=CONFIRMATION_LIFE,
                asker=asker,
            )

    def identified(self, agent: Phone, owner: Phone, code: int) -> Progress:
        """The agent has seen the owner's identity card, and the code was right: as good as approved.

        Stays open long enough for what follows. Again changes nothing. Raises NotFound, NotAllowed
        as `vouch_in_person` does.
        """
        now = self._clock.now()
        with self._db.work() as work:
            asker = _agent(work, agent, owner)
            self._docket.owner(work, owner)
            case = self._docket.last(work, owner, lock=True)
            if case is None or not case.is_open(now):
                raise NotFound("no open recovery")
            _refuse_guarantors(case)
            approver = f"{AGENT}{asker}"
            if not case.has_word_of(approver):
                self._codes.use(work, code, purpose=PURPOSE, subject=case.id)
                work.run(
                    "UPDATE recovery SET expires_at = greatest(expires_at, %s) WHERE id = %s",
                    now + self._rules.cooling_after_agent + self._rules.lasts,
                    case.id,
                )
                by, why = audit.by_member(asker), "identity seen in person"
                case = self._docket.approve(work, case, approver, by=by, why=why, at=now)
            return progress_of(case, now)


def _agent(work: Work, agent: Phone, owner: Phone) -> int:
    """The id of the agent, who may check the identity of others."""
    row = work.row("SELECT id, kind, status FROM member WHERE phone = %s", agent)
    if row is None:
        raise NotFound("no such member")
    member, kind, status = row
    if agent == owner or status != Status.ACTIVE or not may(kind, Permission.IDENTIFY):
        raise NotAllowed("no agent, or oneself")
    assert isinstance(member, int)
    return member


def _refuse_guarantors(case: Case) -> None:
    if case.path != PEOPLE:
        raise NotAllowed("guarantors are to decide")
