"""The people of the stories, and the application they live in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx
import redis

from menus.home import Home
from ussd_app import bootstrap
from ussd_app.clock import Clock
from ussd_app.db import Database, outbox
from ussd_app.db.connection import within
from ussd_app.dialog.lines import Lines, Rates
from ussd_app.dialog.machine import Machine
from ussd_app.dialog.switchboard import Hop, Switchboard
from ussd_app.dialog.turn import Watch
from ussd_app.jobs.carrier import Carrier
from ussd_app.ledger import service as ledger
from ussd_app.seal import Sealer
from ussd_app.services import Services
from ussd_app.settings import Settings, read
from ussd_app.values import Name, Phone
from ussd_app.worker import handlers_of

AMINA = Phone("+254700000001")
BARAKA = Phone("+254700000002")
CHEBET = Phone("+254700000003")
ZAWADI = Phone("+254700000009")  # whom nobody knows yet
PIN = "7306"
AT_USERNAME, AT_API_KEY = "tests", "simulated-key"
PEPPERS = f"k1:{secrets.token_hex(32)}"

MANY = Rates(per_second=10_000, burst=100_000)
_line = httpx.Client(trust_env=False)  # which stays open: making one takes longer than using it
_candidates: dict[tuple[str, bytes, int, str], str] = {}


@dataclass(frozen=True)
class Letter:
    """An e-mail as it arrived."""

    subject: str
    text: str
    identity: str


@dataclass
class Company:
    """Africa's Talking, played by the simulator; what arrived at a phone is read from its books."""

    address: str
    seen: dict[str, int] = field(default_factory=dict)

    def sms(self, phone: str) -> list[str]:
        """The SMS this phone got since last asked, oldest first."""
        since = self.seen.get(phone, 0)
        told = self._get("/control/sms", to=phone, since=since)
        self.seen[phone] = told["last"]
        return [one["text"] for one in told["sms"]]

    def letters(self, to: str = "") -> list[Letter]:
        """The letters this address got, oldest first."""
        told = self._get("/mail/letters", to=to)
        return [Letter(one["subject"], one["text"], one["message_id"]) for one in told["letters"]]

    @property
    def mail_url(self) -> str:
        """Where letters are taken."""
        return f"smtp://127.0.0.1:{self._get('/mail/letters')['port']}"

    def books(self) -> dict[str, Any]:
        """Everything the company knows."""
        return self._get("/control/books")

    def fault(self, *faults: dict[str, Any]) -> None:
        """Switch these faults on, and every other off."""
        body = {"faults": list(faults)}
        _line.put(f"{self.address}/control/faults", json=body).raise_for_status()

    def reset(self) -> None:
        """Forget everything."""
        _line.delete(f"{self.address}/mail/letters").raise_for_status()
        _line.post(f"{self.address}/control/reset").raise_for_status()

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = _line.get(f"{self.address}{path}", params=query)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


def settings_for(**environ: str) -> Settings:
    """Settings as a test environment gives them, with keys of its own."""
    return read(
        {
            "APP_ENV": "test",
            "CALLBACK_SECRETS": "test-secret-of-28-letters-ab",
            "PIN_PEPPERS": PEPPERS,
            "SESSION_DATA_KEY": secrets.token_hex(32),
            "SESSION_INDEX_KEY": secrets.token_hex(32),
            "MESSAGE_KEY": secrets.token_hex(32),
            "CODE_KEY": secrets.token_hex(32),
            "COOKIE_KEY": secrets.token_hex(32),
            "FACTOR_KEY": secrets.token_hex(32),
            "PASSWORD_PEPPER": secrets.token_hex(32),
            "PASSWORD_HASH_KIB": "8",  # the real cost has a test of its own
            "PASSWORD_HASH_ROUNDS": "1",
            "AT_USERNAME": AT_USERNAME,
            "AT_API_KEY": AT_API_KEY,
            "SIM_SWAP_CHECK": "clean",
            **environ,
        }
    )


@dataclass
class World:
    """The whole application in one process."""

    settings: Settings
    db: Database
    redis: redis.Redis
    clock: Clock
    services: Services
    company: Company
    sealer: Sealer
    lines: Lines

    @classmethod
    def build(cls, company: Company, **environ: str) -> World:
        settings = settings_for(
            AT_BASE_URL=company.address,
            AT_INSIGHTS_URL=company.address,
            MAIL_URL=company.mail_url,
            **environ,
        )
        clock = Clock()
        db = Database(settings.database_url, name="test", pool_size=20)
        client = redis.Redis.from_url(settings.redis_url)
        sealer = bootstrap.call_sealer_of(settings)
        lines = Lines(client, sealer, MANY, plays_again=bool(settings.simulator_url))
        lines.start()
        sms = bootstrap.sms_of(settings)
        services = bootstrap.services_of(
            settings, db=db, clock=clock, sms=sms, lines=lines, slots=2
        )
        bootstrap.found(settings, services)
        return cls(settings, db, client, clock, services, company, sealer, lines)

    def machine(self, watch: Watch | None = None) -> Machine:
        return Machine(
            Home,
            self.services,
            self.services.catalogs,
            constants=bootstrap.constants_of(self.settings),
            language=self.settings.default_language,
            watch=watch,
        )

    def switchboard(self, watch: Watch | None = None) -> Switchboard:
        return Switchboard(self.machine(watch), self.lines, self.sealer, within)

    def run_errands(self) -> int:
        """Carry out every errand that is due, here and now; how many there were."""
        carrier = Carrier(self.db, self.clock, handlers_of(self.services))
        count = 0
        while True:
            with self.db.work() as work:
                handed = outbox.hand_over(work, now=self.clock.now(), most=100)
            if not handed:
                return count
            for errand in handed:
                count += carrier.carry(errand.id, errand.fence)

    def sms(self, phone: str) -> list[str]:
        """The SMS this phone got since last asked, oldest first, after all errands that are due."""
        self.run_errands()
        return self.company.sms(phone)

    def letters(self, to: str = "") -> list[Letter]:
        """The letters this address got, oldest first, after all errands that are due."""
        self.run_errands()
        return self.company.letters(to)

    def join(
        self,
        phone: Phone,
        name: str,
        *,
        tokens: int = 50,
        pin: str = PIN,
        language: str = "en",
        tier: int = 2,
    ) -> int:
        """A member with so many tokens."""
        joining = self.services.joining
        joining.speak(phone, language)
        joining.agree(phone)
        joining.call_me(phone, Name(name))
        joining.finish(phone, self._candidate(phone, pin))
        member = self.services.members.get(phone).id
        token = self.services.tokens.first
        now = self.clock.now()
        with self.db.work() as work:
            work.run("UPDATE member SET tier = %s WHERE id = %s", tier, member)
            wallet = ledger.open_account(work, token.id, member, at=now)
            house = ledger.house_account(work, token.id, ledger.GRANTS, at=now)
            more = token.whole(tokens).units - ledger.funds(work, token.id, member).balance
            if more > 0:
                ledger.move(work, "grant", source=house, target=wallet, amount=more, at=now)
            elif more < 0:
                ledger.move(work, "grant", source=wallet, target=house, amount=-more, at=now)
        return member

    def _candidate(self, phone: Phone, pin: str) -> str:
        """A verifier of this PIN, made once: the same people join in most tests."""
        with self.db.reading() as reading:
            (member,) = reading.the_row("SELECT id FROM registration WHERE phone = %s", phone)
        key = (*next(iter(self.settings.pin_peppers.items())), member, pin)
        if key not in _candidates:
            _candidates[key] = self.services.pins.candidate(phone, pin)
        return _candidates[key]

    def balance(self, phone: Phone) -> int:
        return self.services.statements.balance(self.services.members.get(phone).id).units

    def close(self) -> None:
        self.db.close()
        self.redis.close()


@dataclass
class Handset:
    """A phone in the hands of somebody who dials by hand: one call after another."""

    board: Switchboard
    phone: Phone
    code: str = "*384*96#"
    call: str = ""
    text: str = ""

    def dial(self, tail: str = "") -> str:
        self.call, self.text = secrets.token_hex(8), tail
        return self.hop()

    def say(self, *answers: str) -> str:
        said = ""
        for typed in answers:
            self.text = f"{self.text}*{typed}" if self.text else typed
            said = self.hop()
        return said

    def cut_off(self) -> None:
        """The network tells that the call was cut."""
        self.board.cut_off(call=self.call, phone=self.phone, service_code=self.code)

    def hop(self) -> str:
        return self.board.answer(Hop(self.call, self.phone, self.code, self.text)).body
