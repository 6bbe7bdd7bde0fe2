"""`ussd-app audit verify`: whether what was audited stands as it was sealed."""

from __future__ import annotations

import click

from ussd_app import bootstrap, log
from ussd_app.audit.chain import Anchor
from ussd_app.commands import environment
from ussd_app.errors import Invalid

SHOWN_MOST = 20


def verify(*, anchor: str | None, prints_anchor: bool) -> int:
    """Print what is wrong, or that nothing is; the exit code, 1 if something is."""
    log.configure("error")
    try:
        against = Anchor.parse(anchor) if anchor else None
    except Invalid as no:
        raise click.UsageError(str(no.message)) from None
    with environment.settings() as settings:
        built = bootstrap.build(settings, name="audit")
        try:
            chain, count = built.services.audit_chain, 0
            last = chain.last()
            for fault in chain.verify(anchor=against):
                count += 1
                if count <= SHOWN_MOST:
                    click.echo(f"row {fault.row} {fault.what}", err=True)
        finally:
            built.db.close()
    if count:
        click.echo(f"{count} faults; the first {min(count, SHOWN_MOST)} are shown", err=True)
        return 1
    click.echo(str(last) if prints_anchor else f"whole: {last.seq} rows")
    return 0
