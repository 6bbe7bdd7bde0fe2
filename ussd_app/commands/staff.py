"""`ussd-app staff`: whoever runs the service signs in for the first time."""

from __future__ import annotations

import secrets
from datetime import timedelta

import click
from flask_security import hash_password

from admin import app as admin
from ussd_app.commands.operators import at_work, operator
from ussd_app.errors import Conflict

LASTS = timedelta(hours=24)
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GROUPS, GROUP = 5, 4  # 99 bits


def bootstrap(email: str, name: str) -> None:
    """Make the super admin and tell the first password, once; nothing if there is one."""
    with at_work("staff") as built:
        password = "-".join(_letters() for _ in range(GROUPS))
        with admin.create(built.settings, built.services).app_context():
            hashed = hash_password(password)
        try:
            made = built.services.users.create_first(
                email=email,
                name=name,
                password=hashed,
                password_until=built.clock.now() + LASTS,
                by=operator(),
            )
        except Conflict as no:
            raise click.ClickException(str(no)) from None
        address = f"{built.settings.admin_url.rstrip('/')}/admin/sa/sign-in"
    if made is None:
        click.echo("nothing changed: there is a super admin")
        return
    click.echo(f"sign in within 24 hours at {address}")
    click.echo(f"e-mail    {email}")
    click.echo(f"password  {password}")
    click.echo(
        "It is not shown again. If it runs out: 'I have forgotten my password' on that page."
    )


def _letters() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(GROUP))
