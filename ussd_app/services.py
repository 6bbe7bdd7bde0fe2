"""The one record that menus, admin, web and jobs are given."""

from __future__ import annotations

from dataclasses import dataclass

from ussd_app.audit.chain import Chain
from ussd_app.audit.rounds import Rounds
from ussd_app.calls.service import Calls
from ussd_app.clock import Clock, Local
from ussd_app.members.changing import Changing
from ussd_app.members.guarantors import Guarantors
from ussd_app.members.invitation_lists import InvitationLists
from ussd_app.members.invitations import Invitations
from ussd_app.members.invited import Invited
from ussd_app.members.joining import Joining
from ussd_app.members.pins import Pins
from ussd_app.members.recoveries import Recoveries
from ussd_app.members.recovery_desk import RecoveryDesk
from ussd_app.members.recovery_in_person import InPerson
from ussd_app.members.service import Members
from ussd_app.members.standing import Standing
from ussd_app.messages.codes import Codes
from ussd_app.messages.delivery import Delivery
from ussd_app.messages.mail import Mail
from ussd_app.messages.service import Messages
from ussd_app.office.approvals import Approvals
from ussd_app.office.audit_search import AuditSearch
from ussd_app.office.call_book import CallBook
from ussd_app.office.call_replay import CallReplay
from ussd_app.office.enrolling import Enrolling
from ussd_app.office.forgetting import Forgetting
from ussd_app.office.notebook import Notebook
from ussd_app.office.people import People
from ussd_app.office.person import Persons
from ussd_app.office.pin_desk import PinDesk
from ussd_app.office.reports import Reports
from ussd_app.office.reversal import Reversal
from ussd_app.office.sms_book import SmsBook
from ussd_app.office.sms_desk import SmsDesk
from ussd_app.office.staff import StaffBook
from ussd_app.office.today import Today
from ussd_app.office.transaction import TransactionBook
from ussd_app.office.transactions import Transactions
from ussd_app.tenants.service import Tenants
from ussd_app.text import Catalogs
from ussd_app.tokens.service import Tokens
from ussd_app.transfers.payments import Payments
from ussd_app.transfers.receipts import Receipts
from ussd_app.transfers.recipients import Recipients
from ussd_app.transfers.statements import Statements
from ussd_app.users.accepting import Accepting
from ussd_app.users.accounts import Accounts
from ussd_app.users.factors import Factors
from ussd_app.users.invitations import StaffInvitations
from ussd_app.users.passkeys import Passkeys
from ussd_app.users.service import Users
from ussd_app.users.sessions import Sessions
from ussd_app.users.tries import Tries
from ussd_app.users.turnstile import Turnstile


@dataclass(frozen=True)
class Services:
    """Everything the application can do, built once by `bootstrap`."""

    clock: Clock
    local: Local
    catalogs: Catalogs
    tokens: Tokens
    tenants: Tenants
    users: Users
    user_sessions: Sessions
    staff_invitations: StaffInvitations
    accepting: Accepting
    staff_book: StaffBook
    accounts: Accounts
    factors: Factors
    passkeys: Passkeys
    tries: Tries
    turnstile: Turnstile
    members: Members
    pins: Pins
    joining: Joining
    standing: Standing
    changing: Changing
    guarantors: Guarantors
    recoveries: Recoveries
    recoveries_in_person: InPerson
    recovery_desk: RecoveryDesk
    invitations: Invitations
    invited: Invited
    invitation_lists: InvitationLists
    people: People
    persons: Persons
    notebook: Notebook
    enrolling: Enrolling
    forgetting: Forgetting
    reports: Reports
    today: Today
    codes: Codes
    payments: Payments
    receipts: Receipts
    recipients: Recipients
    statements: Statements
    messages: Messages
    delivery: Delivery
    mail: Mail
    calls: Calls
    call_book: CallBook
    call_replay: CallReplay
    sms_book: SmsBook
    sms_desk: SmsDesk
    audit_chain: Chain
    audit_rounds: Rounds
    audit_search: AuditSearch
    pin_desk: PinDesk
    approvals: Approvals
    transactions: Transactions
    transaction_book: TransactionBook
    reversal: Reversal
    organisation: str
    home_code: str
    countries: tuple[str, ...]
    shows_balance: bool
