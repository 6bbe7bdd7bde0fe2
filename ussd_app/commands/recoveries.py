"""`ussd-app recoveries`: who waits for the organisation to get a new PIN, and its word on it."""

from __future__ import annotations

import json
from typing import Any

import click

from ussd_app.bootstrap import Built
from ussd_app.commands.operators import at_work, operator, refuse_another
from ussd_app.errors import NotFound
from ussd_app.members.recovery_desk import Waiting
from ussd_app.values import Reason


def show(*, as_json: bool) -> None:
    """Print the open recoveries that wait for people of the organisation, oldest first."""
    with at_work("recoveries") as built:
        found = [_as_shown(built, one) for one in built.services.recovery_desk.waiting()]
        if as_json:
            click.echo(json.dumps(found, indent=1, default=str))
            return
        local = built.services.local
        for one in found:
            opened, expires = (local.day_and_hour(one[at]) for at in ("opened_at", "expires_at"))
            click.echo(
                f"{one['id']:>6}  {one['name']} {one['phone']}  {one['path']}  SIM {one['sim']}"
                f"  vouched {one['vouched']} of {one['quorum']}"
                f"  approved {one['approvals']} of {one['approvals_needed']}"
                f"  opened {opened}  expires {expires}"
            )
    if not found:
        click.echo("none waits for the organisation")


def approve(recovery: int, *, named: str | None, why: str) -> None:
    """Let it go on, as far as this one person may; ClickException says why that cannot be."""
    if named is not None:
        refuse_another(named)
    with at_work("recoveries") as built:
        desk, reason = built.services.recovery_desk, Reason.parse(why)
        try:
            again = desk.has_approved(recovery, operator())
            count = desk.approve(recovery, by=operator(), why=reason)
        except NotFound:
            raise _over(recovery) from None
        needed = built.services.recoveries.rules.approvals
        waits = any(one.id == recovery for one in desk.waiting())
    had = "you had approved already; " if again else ""
    click.echo(f"{had}approved by {count} of {needed}: {_then(needed - count, waits=waits)}")


def refuse(recovery: int, *, why: str) -> None:
    """End it; ClickException says why that cannot be."""
    with at_work("recoveries") as built:
        try:
            built.services.recovery_desk.refuse(recovery, by=operator(), why=Reason.parse(why))
        except NotFound:
            raise _over(recovery) from None
    click.echo("refused; an SMS tells them")


def _then(missing: int, *, waits: bool) -> str:
    """What it needs next, besides the approvals there are."""
    if missing > 0:
        return "one more person must" if missing == 1 else f"{missing} more people must"
    return (
        "their guarantors must vouch too" if waits else "after the cooling time they choose a PIN"
    )


def _as_shown(built: Built, one: Waiting) -> dict[str, Any]:
    """What tells one from another, and nothing by which to reach or to cheat anybody."""
    member = built.services.members.with_id(one.member)
    return {
        "id": one.id,
        "member": one.member,
        "name": member.name.short,
        "phone": member.phone.masked,
        "path": one.path,
        "sim": one.sim,
        "vouched": one.vouched,
        "quorum": one.quorum,
        "approvals": one.approvals,
        "approvals_needed": built.services.recoveries.rules.approvals,
        "opened_at": one.opened_at,
        "expires_at": one.expires_at,
    }


def _over(recovery: int) -> click.ClickException:
    return click.ClickException(f"no open recovery has the id {recovery}")
