"""Remove what has no use any more and end what is over, a batch of each kind at a time.

Never books, audit or payments.
"""

from __future__ import annotations

from functools import partial

from ussd_app.jobs.clock import Chore
from ussd_app.services import Services
from ussd_app.settings import Settings

EVERY_SECONDS = 600.0
SEAL_SECONDS = 2.0
SEAL_EVERYWHERE_SECONDS = 3600.0
VERIFY_SECONDS = 5.0
BATCH = 5000  # a fraction of a second, for which the relay waits
CALLS_AT_ONCE = 2000  # each with its screens
EXPIRED_AT_ONCE = 200  # each is several statements


def chores(services: Services, settings: Settings) -> list[Chore]:
    """One for each kind, so that one that fails keeps no other from being done."""
    forgetting = [
        Chore(name, EVERY_SECONDS, partial(forget, after_days=days, most=BATCH))
        for name, forget, days in (
            (
                "unfinished-registrations",
                services.joining.forget_unfinished,
                settings.registration_keep_days,
            ),
            ("old-lookups", services.members.forget_lookups, settings.lookup_keep_days),
            ("old-reports", services.delivery.forget_reports, settings.report_keep_days),
            ("old-words", services.messages.forget_words, settings.sms_keep_days),
            ("old-codes", services.codes.forget, settings.invitation_keep_days),
            ("old-lists", services.invitation_lists.forget, settings.invitation_keep_days),
        )
    ]
    old_calls = partial(
        services.calls.forget, after_days=settings.call_keep_days, most=CALLS_AT_ONCE
    )
    expire = partial(services.invitations.expire, most=EXPIRED_AT_ONCE)
    overdue = partial(services.approvals.expire, most=EXPIRED_AT_ONCE)
    return [
        *forgetting,
        Chore("old-calls", EVERY_SECONDS, old_calls),
        Chore("overdue-invitations", EVERY_SECONDS, expire),
        Chore("overdue-approvals", EVERY_SECONDS, overdue),
        Chore("idle-turnstiles", EVERY_SECONDS, partial(services.turnstile.forget, most=BATCH)),
    ]


def sealing(services: Services) -> list[Chore]:
    """What keeps the audit sealed, and verifies it."""
    chain = services.audit_chain
    return [
        Chore("seal", SEAL_SECONDS, chain.seal),
        Chore("seal-everywhere", SEAL_EVERYWHERE_SECONDS, partial(chain.seal, everywhere=True)),
        Chore("verify-audit", VERIFY_SECONDS, services.audit_rounds.turn),
    ]
