"""Settings in, the whole application out: the only place that builds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import redis

from ussd_app.audit.chain import Chain
from ussd_app.audit.rounds import Rounds
from ussd_app.calls.service import Calls
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database
from ussd_app.dialog.lines import Lines, Rates
from ussd_app.gateways.africastalking import AfricasTalkingSms
from ussd_app.gateways.mail import SmtpMailer
from ussd_app.gateways.sim_swaps import FixedSimSwaps, InsightsSimSwaps
from ussd_app.members.changing import Changing
from ussd_app.members.guarantor_policy import Policy
from ussd_app.members.guarantors import Guarantors
from ussd_app.members.invitation_lists import InvitationLists
from ussd_app.members.invitations import Invitations
from ussd_app.members.invited import Invited
from ussd_app.members.inviting import Inviting
from ussd_app.members.joining import Joining
from ussd_app.members.pin_vault import PinVault
from ussd_app.members.pins import Pins
from ussd_app.members.recoveries import Recoveries, Rules
from ussd_app.members.recovery_desk import RecoveryDesk
from ussd_app.members.recovery_docket import Docket
from ussd_app.members.recovery_in_person import InPerson
from ussd_app.members.recovery_texts import Teller
from ussd_app.members.service import Members
from ussd_app.members.sim_swaps import CLEAN, UNKNOWN, SimSwaps
from ussd_app.members.standing import Standing
from ussd_app.messages.codes import Caps, Codes
from ussd_app.messages.delivery import Budget, Delivery
from ussd_app.messages.mail import Mail
from ussd_app.messages.service import Messages
from ussd_app.messages.sms import Sms
from ussd_app.office.approvals import Approvals
from ussd_app.office.audit_search import AuditSearch
from ussd_app.office.call_book import CallBook
from ussd_app.office.call_replay import CallReplay
from ussd_app.office.enrolling import Enrolling
from ussd_app.office.erasure import Erasure
from ussd_app.office.factor_reset import FactorReset
from ussd_app.office.forgetting import Forgetting
from ussd_app.office.notebook import Notebook
from ussd_app.office.people import People
from ussd_app.office.person import Persons
from ussd_app.office.phone_change import PhoneChange
from ussd_app.office.pin_desk import PinDesk
from ussd_app.office.reports import Reports
from ussd_app.office.reversal import Reversal
from ussd_app.office.sms_book import SmsBook
from ussd_app.office.sms_desk import SmsDesk
from ussd_app.office.staff import StaffBook
from ussd_app.office.today import Today
from ussd_app.office.transaction import TransactionBook
from ussd_app.office.transactions import Transactions
from ussd_app.seal import Sealer
from ussd_app.services import Services
from ussd_app.settings import TEST, Settings, SettingsFaulty
from ussd_app.tenants.service import Tenants
from ussd_app.text import Catalogs, load_catalogs
from ussd_app.tokens.service import Tokens
from ussd_app.transfers.grants import WelcomeGrant
from ussd_app.transfers.payments import Payments
from ussd_app.transfers.receipts import Receipts
from ussd_app.transfers.recipients import Recipients
from ussd_app.transfers.statements import Statements
from ussd_app.users.accepting import Accepting
from ussd_app.users.accounts import Accounts
from ussd_app.users.factors import Factors
from ussd_app.users.invitation_letters import InvitationLetters
from ussd_app.users.invitations import StaffInvitations
from ussd_app.users.passkeys import Passkeys
from ussd_app.users.service import Users
from ussd_app.users.sessions import Sessions
from ussd_app.users.tries import Tries
from ussd_app.users.turnstile import Turnstile

TRANSLATIONS = Path(__file__).parent.parent / "menus" / "translations"
STATEMENT_SECONDS = 3.5  # while a caller waits
REDIS_CONNECT_SECONDS, REDIS_ANSWER_SECONDS = 0.2, 0.5


@dataclass(frozen=True)
class Built:
    """What one process works with."""

    settings: Settings
    services: Services
    db: Database
    redis: redis.Redis
    clock: Clock


def build(settings: Settings, *, name: str, threads: int = 2, waits: bool = False) -> Built:
    """Build for a process called `name`; `waits` says that a caller waits for its answers."""
    clock = clock_of(settings)
    db = Database(
        settings.database_url,
        name=f"ussd-app {name}",
        pool_size=threads + 1,
        statement_seconds=STATEMENT_SECONDS if waits else 30.0,
    )
    client = redis_of(settings, waits=waits)
    slots = hashing_slots(settings) if waits else cores()
    services = services_of(
        settings,
        db=db,
        clock=clock,
        sms=sms_of(settings),
        lines=lines_of(settings, client),
        slots=slots,
    )
    return Built(settings, services, db, client, clock)


def services_of(
    settings: Settings, *, db: Database, clock: Clock, sms: Sms, lines: Lines, slots: int
) -> Services:
    """Wire the features together."""
    local = Local(settings.time_zone)
    signature, home_code = constants_of(settings), f"+{settings.countries[0]}"
    texts = catalogs()
    if settings.default_language not in texts.languages:
        raise SettingsFaulty([f"DEFAULT_LANGUAGE must be one of {', '.join(texts.languages)}"])
    tokens, tenants = Tokens(db, clock), Tenants(db, clock)
    sealer = Sealer(data_key=settings.message_key, index_key=settings.code_key)
    messages = Messages(db, clock, texts, sealer)
    mail = Mail(db, clock, texts, sealer, mailer_of(settings), signature=signature)
    codes = Codes(db, clock, messages, sealer, caps=Caps(asker_a_day=settings.invitations_a_day))
    delivery = Delivery(
        db,
        clock,
        sms,
        sealer=sealer,
        budget=Budget(settings.sms_daily_spend * 100, settings.sms_price, local),
        unclear_seconds=settings.sms_unclear_seconds,
    )
    vault = PinVault(settings.pin_peppers, slots=slots)
    pins = Pins(db, clock, vault, messages, local=local, signature=signature)
    grant = WelcomeGrant(clock, tokens, whole_tokens=settings.grant)
    joining = Joining(
        db,
        clock,
        pins,
        messages,
        grant,
        tenants=tenants,
        countries=settings.countries,
        signature=signature,
    )
    members = Members(
        db, clock, messages, local=local, lookups_a_day=settings.lookups_a_day, signature=signature
    )
    guarantors = Guarantors(
        db, clock, members, messages, policy=policy_of(settings), local=local, signature=signature
    )
    rules, tell = rules_of(settings), Teller(messages, signature=signature)
    docket = Docket(guarantors, tell, rules=rules, local=local)
    recoveries = Recoveries(
        db,
        clock,
        pins,
        docket,
        tell,
        sim_swaps=sim_swaps_of(settings),
        rules=rules,
        local=local,
    )
    desk = RecoveryDesk(db, clock, docket)
    phone_change = PhoneChange(clock, messages, careful=rules.careful, signature=signature)
    reversal = Reversal(db, clock, tokens, messages, local=local, signature=signature)
    people = People(db, clock, tokens, local=local)
    inviting = Inviting(clock, codes, countries=settings.countries, signature=signature)
    invitations = Invitations(
        db, clock, codes, inviting, messages=messages, tenants=tenants, signature=signature
    )
    invited = Invited(
        db,
        clock,
        pins,
        codes,
        inviting,
        messages=messages,
        welcome=grant,
        tenants=tenants,
        local=local,
        signature=signature,
    )
    standing = Standing(db, clock, messages, lines, signature=signature)
    changing = Changing(db, clock, standing)
    notebook = Notebook(db, clock)
    erasure = Erasure(clock, messages, signature=signature)
    payments = Payments(db, clock, tokens, local=local)
    recipients = Recipients(
        db,
        clock,
        tokens,
        members,
        messages,
        local=local,
        countries=settings.countries,
        signature=signature,
    )
    statements = Statements(
        db,
        clock,
        tokens,
        messages,
        texts,
        local=local,
        a_day=settings.statements_a_day,
        signature=signature,
    )
    users = Users(db, clock, tenant=lambda: tenants.first.id)
    return Services(
        clock=clock,
        local=local,
        catalogs=texts,
        tokens=tokens,
        tenants=tenants,
        users=users,
        user_sessions=Sessions(db, clock),
        staff_invitations=StaffInvitations(
            db,
            clock,
            InvitationLetters(
                clock,
                mail,
                local,
                site=f"{settings.admin_url}/admin/invitation/",
            ),
            key=settings.factor_key,
            languages=languages_of(settings),
        ),
        accepting=Accepting(db, clock, users, key=settings.factor_key),
        staff_book=StaffBook(db, clock),
        accounts=Accounts(db, clock, mail),
        factors=Factors(db, clock, mail, key=settings.factor_key),
        passkeys=Passkeys(db, clock, mail),
        tries=Tries(db, clock),
        turnstile=Turnstile(db, clock, key=settings.factor_key),
        members=members,
        pins=pins,
        joining=joining,
        standing=standing,
        changing=changing,
        guarantors=guarantors,
        recoveries=recoveries,
        recoveries_in_person=InPerson(db, clock, codes, docket, rules=rules, signature=signature),
        recovery_desk=desk,
        invitations=invitations,
        invited=invited,
        invitation_lists=InvitationLists(
            db,
            clock,
            invitations,
            languages=texts.languages,
            countries=settings.countries,
            organisation=settings.organisation,
            local=local,
        ),
        people=people,
        persons=Persons(db, clock, tokens, local=local),
        notebook=notebook,
        enrolling=Enrolling(db, invitations, changing, notebook),
        forgetting=Forgetting(db, clock, lines),
        reports=Reports(db, clock),
        today=Today(db, clock, desk, local=local),
        codes=codes,
        payments=payments,
        receipts=Receipts(db, tokens, messages, local),
        recipients=recipients,
        statements=statements,
        messages=messages,
        delivery=delivery,
        mail=mail,
        calls=Calls(db, clock, lines.traces),
        call_book=CallBook(db, clock, local=local, near=home_code),
        call_replay=CallReplay(db, clock, lines, simulator=settings.simulator_url),
        sms_book=SmsBook(db, clock, local=local, near=home_code),
        sms_desk=SmsDesk(db, clock, messages, local=local, organisation=settings.organisation),
        audit_chain=Chain(db, clock),
        audit_rounds=Rounds(db, clock),
        audit_search=AuditSearch(db, clock),
        pin_desk=PinDesk(db, clock, members, pins, recoveries, desk=desk),
        approvals=Approvals(db, clock, [phone_change, reversal, erasure, FactorReset(clock, mail)]),
        transactions=Transactions(db, clock, tokens, people, local=local),
        transaction_book=TransactionBook(db, tokens, local=local),
        reversal=reversal,
        organisation=settings.organisation,
        home_code=home_code,
        countries=settings.countries,
        shows_balance=settings.show_balance,
    )


def found(settings: Settings, services: Services) -> None:
    """Make the first token and the first organisation, unless they are there. Repeatable."""
    services.tokens.ensure_first(settings.token_code, settings.token_name, settings.token_decimals)
    services.tenants.ensure_first(
        settings.organisation,
        time_zone=str(settings.time_zone),
        language=settings.default_language,
        service_code=settings.service_code,
    )


def sms_of(settings: Settings) -> AfricasTalkingSms:
    """Who carries SMS."""
    return AfricasTalkingSms(
        settings.at_base_url, settings.at_username, settings.at_api_key, settings.at_sender_id
    )


def mailer_of(settings: Settings) -> SmtpMailer:
    """Who carries e-mail."""
    return SmtpMailer(settings.mail_url, settings.mail_from)


def sim_swaps_of(settings: Settings) -> SimSwaps:
    """Who knows when a SIM was swapped."""
    if settings.sim_swap_check != "insights":
        return FixedSimSwaps(CLEAN if settings.sim_swap_check == "clean" else UNKNOWN)
    return InsightsSimSwaps(settings.at_insights_url, settings.at_username, settings.at_api_key)


def policy_of(settings: Settings) -> Policy:
    """What is demanded of guarantors."""
    return Policy(
        least=settings.guarantors_least,
        most=settings.guarantors_most,
        quorum=settings.guarantors_quorum,
        wards_most=settings.wards_most,
        age=timedelta(hours=settings.guarantor_age_hours),
        ring=settings.guarantor_ring,
    )


def rules_of(settings: Settings) -> Rules:
    """How long recoveries take."""
    return Rules(
        lasts=timedelta(hours=settings.recovery_hours),
        cooling=timedelta(minutes=settings.recovery_cooling_minutes),
        careful=timedelta(hours=settings.recovery_careful_hours),
        a_week=settings.recoveries_a_week,
    )


def lines_of(settings: Settings, client: redis.Redis) -> Lines:
    """Where callers are."""
    return Lines(
        client,
        call_sealer_of(settings),
        rates_of(settings),
        plays_again=bool(settings.simulator_url),
    )


def rates_of(settings: Settings) -> Rates:
    """How often a phone may ask."""
    return Rates(per_second=settings.phone_per_second, burst=settings.phone_burst)


def call_sealer_of(settings: Settings) -> Sealer:
    """What keeps calls secret."""
    return Sealer(data_key=settings.session_data_key, index_key=settings.session_index_key)


def languages_of(settings: Settings) -> list[str]:
    """Every language, the organisation's own first."""
    return sorted(catalogs().languages, key=lambda one: one != settings.default_language)


@cache
def catalogs() -> Catalogs:
    """Every language there is; read once."""
    return load_catalogs(TRANSLATIONS)


def constants_of(settings: Settings) -> dict[str, str]:
    """What every screen and SMS may show."""
    return {
        "org": settings.organisation,
        "code": settings.service_code,
        "support": settings.support_phone,
        "terms": settings.terms_url,
    }


def clock_of(settings: Settings) -> Clock:
    """The clock; only a test's may be ahead."""
    return Clock(settings.test_clock_offset if settings.app_env == TEST else 0)


def redis_of(settings: Settings, *, waits: bool) -> redis.Redis:
    """A client that gives up early where a caller waits."""
    if not waits:
        return redis.Redis.from_url(settings.redis_url)
    return redis.Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=REDIS_CONNECT_SECONDS,
        socket_timeout=REDIS_ANSWER_SECONDS,
        retry=None,
    )


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def web_processes(settings: Settings) -> int:
    """How many web processes there are: one for each core, unless fewer are set."""
    return min(settings.web_processes or cores(), cores())


def hashing_slots(settings: Settings) -> int:
    """How many PINs one web process may hash at once: all of them no more than there are cores."""
    return cores() // web_processes(settings)
