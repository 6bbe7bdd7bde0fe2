"""Agents in the field, and the people they invite."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.people import AMINA, BARAKA, PIN, ZAWADI, World
from ussd_app import bootstrap
from ussd_app.members.invitations import PURPOSE, Invitations, Onboarding
from ussd_app.members.invited import Invited
from ussd_app.members.kinds import AGENT
from ussd_app.services import Services
from ussd_app.values import Name, Phone

NAME = Name("Zawadi Njeri")
STEPS = ("judge", "prove", "set_pin", "accept")


@dataclass
class Field:
    """Amina is an agent; Zawadi is whom she invites."""

    world: World
    services: Services
    digits: str = ""

    @classmethod
    def of(cls, world: World) -> Field:
        made = cls(world, world.services)
        made.agent(AMINA, "Amina Wanjiru")
        return made

    @property
    def invitations(self) -> Invitations:
        return self.services.invitations

    @property
    def invited(self) -> Invited:
        return self.services.invited

    def agent(self, phone: Phone, name: str, *, kind: str = AGENT) -> int:
        """A member of this kind."""
        member = self.world.join(phone, name)
        with self.world.db.work() as work:
            work.run("UPDATE member SET kind = %s WHERE id = %s", kind, member)
        self.world.sms(phone)
        return member

    def restart(self) -> None:
        """Go on in another process."""
        world = self.world
        sms = bootstrap.sms_of(world.settings)
        self.services = bootstrap.services_of(
            world.settings, db=world.db, clock=world.clock, sms=sms, lines=world.lines, slots=2
        )

    def invite(self, phone: Phone = ZAWADI, *, agent: Phone = AMINA, language: str = "en") -> str:
        """Somebody is invited; what their SMS says, whose code is kept."""
        self.invitations.invite(agent, phone, NAME, language)
        return self.read(phone)

    def invite_in_person(self, phone: Phone = ZAWADI, *, agent: Phone = AMINA) -> int:
        code = self.invitations.invite_in_person(agent, phone, NAME, "en")
        self.read(phone)
        return code

    def read(self, phone: Phone = ZAWADI) -> str:
        """The SMS that came last, and its code."""
        *_, text = self.world.sms(phone)
        (self.digits,) = re.findall(r"(?<!\d)\d{6}(?!\d)", text)
        return text

    def code(self, phone: Phone = ZAWADI) -> int:
        """The code that may be typed."""
        code = self.services.codes.live(phone, PURPOSE)
        assert code
        return code

    def take(self, step: str, phone: Phone = ZAWADI) -> None:
        """One step of whoever was invited, as the menus take it."""
        match step:
            case "judge":
                self.services.codes.judge(self.code(phone), self.digits, by=phone)
            case "prove":
                self.invited.prove(phone, self.last_code(phone))
            case "set_pin":
                candidate = self.services.pins.candidate(phone, PIN)
                self.invited.set_pin(phone, candidate)
            case _:
                self.invited.accept(phone)

    def take_all(self, phone: Phone = ZAWADI) -> None:
        for step in STEPS:
            self.take(step, phone)

    def last_code(self, phone: Phone = ZAWADI) -> int:
        """Whatever became of it."""
        query = "SELECT max(id) FROM one_time_code WHERE phone = %s AND purpose = %s"
        return int(str(self.one(query, phone, PURPOSE) or 0))

    def step(self, phone: Phone = ZAWADI) -> str | None:
        waiting = self.invited.waiting(phone)
        return waiting.step if waiting else None

    def own(self, agent: Phone = AMINA) -> Onboarding:
        """The agent's newest invitation."""
        return self.invitations.of_agent(agent)[0]

    def status(self, phone: Phone = ZAWADI) -> tuple[object, ...]:
        """Status, kind and tier."""
        query = "SELECT status, kind, tier FROM member WHERE phone = %s"
        with self.world.db.reading() as reading:
            return reading.the_row(query, phone)

    def one(self, query: str, *values: object) -> object:
        with self.world.db.reading() as reading:
            return reading.the_row(query, *values)[0]

    def second_agent(self) -> None:
        self.agent(BARAKA, "Baraka Otieno")
