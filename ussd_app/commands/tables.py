"""The release step of the Procfile, and people to try things with."""

from __future__ import annotations

import json

import click

from ussd_app import bootstrap, log, seeding
from ussd_app.commands import environment
from ussd_app.commands.durability import refuse_forgetful
from ussd_app.db import migrate, version
from ussd_app.settings import Settings


def seed(profile: str, number: int, *, as_json: bool) -> None:
    """Let the people of a profile join, on tables that are made first where there are none."""
    wanted = seeding.people(profile, number)
    with environment.settings() as settings:
        log.configure("warning")
        built = bootstrap.build(settings, name="seed")
        with built.db.reading() as reading:
            at = version.at(reading)
        if at is None:
            release(settings)
        seeding.plant(built, wanted)
        built.db.close()
    if as_json:
        told = {"profile": profile, "seed": number, "people": [one.as_dict() for one in wanted]}
        click.echo(json.dumps(told, indent=1))
        return
    for person in wanted:
        click.echo(f"{person.name:<20} {person.phone}  PIN {person.pin}  {person.tokens} tokens")


def release(settings: Settings) -> None:
    """Bring the tables up to date, make the first token and the first organisation. Repeatable."""
    refuse_forgetful(settings)
    log.configure("warning")
    owner = settings.database_owner_url or settings.database_url
    migrate.upgrade(owner, settings.database_url)
    built = bootstrap.build(settings, name="release")
    bootstrap.found(settings, built.services)
    built.db.close()
