"""`ussd-app`: every command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ussd_app import commands
from ussd_app.errors import NotDurable, Unavailable
from ussd_app.members.kinds import BECOMES, BORROWER, KINDS
from ussd_app.settings import SettingsFaulty


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Savings and transfers on any phone."""


@main.command("run")
def run_command() -> None:
    """Start everything on this machine, with simulated companies and phones."""
    commands.run.run()


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Everything, for programs.")
def where(*, as_json: bool) -> None:
    """Say where everything is that `run` has started."""
    state = commands.environment.running(commands.environment.environment())
    if state is None:
        raise click.ClickException("nothing runs from this folder; start it with `ussd-app run`")
    if as_json:
        click.echo(json.dumps({k: v for k, v in state.items() if k != "environment"}, indent=1))
        return
    for name, url in state["urls"].items():
        click.echo(f"{name:<10} {url}")
    for name, pid in state["processes"].items():
        click.echo(f"{name:<10} process {pid}")


@main.command()
@click.argument("phone")
@click.option("--code", help="What to dial, if not the service code alone.")
def dial(phone: str, code: str | None) -> None:
    """Dial as PHONE, through the simulator that `run` has started."""
    commands.dialling.dial(phone, code)


@main.group("menus")
def menus_group() -> None:
    """The menus themselves."""


@menus_group.command("verify")
def menus_verify() -> None:
    """Prove the menus: wiring, memory, secrets, and every screen's width in every language."""
    faults = commands.menus.faults()
    for fault in faults:
        click.echo(fault)
    sys.exit(1 if faults else 0)


@menus_group.command("graph")
@click.option("--check", is_flag=True, help="Say whether the drawing in the tree is current.")
def menus_graph(*, check: bool) -> None:
    """Draw the menus as Mermaid."""
    if check:
        sys.exit(0 if commands.menus.is_current() else "menus/graph.mmd is stale: run `make graph`")
    click.echo(commands.menus.drawing(), nl=False)


@main.command()
@click.option("--profile", type=click.Choice(["demo", "blackbox"]), default="demo")
@click.option("--seed", type=int, default=0, show_default=True, help="The same makes the same.")
@click.option("--json", "as_json", is_flag=True, help="Print the people as JSON.")
def seed(profile: str, seed: int, *, as_json: bool) -> None:
    """Let some people join, to try things with."""
    commands.tables.seed(profile, seed, as_json=as_json)


_WHY = click.option("--why", required=True, help="A few words for the audit, without digits.")


@main.command()
@click.argument("phone")
@_WHY
def block(phone: str, why: str) -> None:
    """Block the member with that PHONE at once: calls, PIN and money. They are told by SMS."""
    commands.standing.change(phone, blocked=True, why=why)


@main.command()
@click.argument("phone")
@_WHY
def unblock(phone: str, why: str) -> None:
    """Let the blocked member with that PHONE in again. They are told by SMS."""
    commands.standing.change(phone, blocked=False, why=why)


@main.command()
@click.argument("phone")
@_WHY
def unlock(phone: str, why: str) -> None:
    """Let the member with that PHONE try their PIN again: it stays as it is. They get an SMS."""
    commands.standing.unlock(phone, why=why)


@main.group("recoveries", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def recoveries_group(context: click.Context, *, as_json: bool) -> None:
    """List the lost PINs that wait for people of the organisation, or decide one."""
    if context.invoked_subcommand is None:
        commands.recoveries.show(as_json=as_json)


@recoveries_group.command("approve")
@click.argument("recovery", metavar="ID", type=int)
@click.option("--by", "named", help="You, by name or uid: refused if somebody else runs this.")
@_WHY
def recoveries_approve(recovery: int, named: str | None, why: str) -> None:
    """Let the recovery ID go on, once two users of this machine have approved it."""
    commands.recoveries.approve(recovery, named=named, why=why)


@recoveries_group.command("refuse")
@click.argument("recovery", metavar="ID", type=int)
@_WHY
def recoveries_refuse(recovery: int, why: str) -> None:
    """End the recovery ID. Its owner is told by SMS and keeps the PIN there is."""
    commands.recoveries.refuse(recovery, why=why)


@main.group()
def member() -> None:
    """What the organisation makes of members."""


@member.command()
@click.argument("phone")
@click.argument("kind", type=click.Choice(list(BECOMES)))
@_WHY
def kind(phone: str, kind: str, why: str) -> None:
    """Make the member with that PHONE an agent or a group, or take it back. An SMS tells them."""
    commands.standing.become(phone, kind, why=why)


@main.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
def doctor_command(*, as_json: bool) -> None:
    """Examine settings, durability, clocks and keys. Exit code: 0 well, 1 warnings, 2 ill."""
    sys.exit(commands.doctor.examine(as_json=as_json))


@main.command("reconcile")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
def reconcile_command(*, as_json: bool) -> None:
    """Check the books against themselves. Exit code: 0 clean, 1 warnings, 2 violated or unread."""
    sys.exit(commands.reconcile.reconcile(as_json=as_json))


@main.group("audit")
def audit_group() -> None:
    """Who did what to whom."""


@audit_group.command("verify")
@click.option("--anchor", metavar="SEQ:HASH", help="What --print-anchor said, and was kept.")
@click.option("--print-anchor", "prints_anchor", is_flag=True, help="Print what to keep elsewhere.")
def audit_verify(anchor: str | None, *, prints_anchor: bool) -> None:
    """Prove that no row was changed, taken out or put in. Exit code 1 says which was."""
    sys.exit(commands.audit.verify(anchor=anchor, prints_anchor=prints_anchor))


@main.command("invite")
@click.argument("phone", required=False)
@click.argument("name", required=False)
@click.option("--kind", type=click.Choice(list(KINDS)), default=BORROWER, show_default=True)
@click.option(
    "--language", help="en, sw or another of menus/translations; without it DEFAULT_LANGUAGE."
)
@click.option(
    "--csv",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A list; its first line names the columns: phone,name and, if wished, language,kind.",
)
@click.option("--again", is_flag=True, help="Send a new code also to whose code is still good.")
@click.option("--results", "batch", type=int, help="What became of a list.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def invite_command(
    *,
    phone: str | None,
    name: str | None,
    kind: str,
    language: str | None,
    path: Path | None,
    batch: int | None,
    again: bool,
    as_json: bool,
) -> None:
    """Invite PHONE, called NAME, or a list. Exit code: 1 if somebody is refused.

    Who was invited before gets a new code if they asked for one, or with --again.
    """
    if path and not (phone or batch):
        sys.exit(commands.invite.many(path, again=again, as_json=as_json))
    if batch is not None and not (phone or path):
        sys.exit(commands.invite.results(batch, as_json=as_json))
    if phone and name and not (path or batch):
        sys.exit(
            commands.invite.one(
                phone, name, language=language, kind=kind, again=again, as_json=as_json
            )
        )
    raise click.UsageError("give PHONE and NAME, or --csv, or --results")


@main.group("staff")
def staff_group() -> None:
    """Whoever signs in to the staff's pages."""


@staff_group.command("bootstrap")
@click.option("--email", required=True, help="Where the super admin reads letters.")
@click.option("--name", default="Super Admin", show_default=True)
def staff_bootstrap(email: str, name: str) -> None:
    """Make the one super admin, who invites everybody else. Again changes nothing."""
    commands.staff.bootstrap(email, name)


@main.group()
def db() -> None:
    """The tables."""


@db.command()
def upgrade() -> None:
    """Bring the tables up to date and make the first token. Repeatable."""
    with commands.environment.settings() as found:
        commands.tables.release(found)


@main.command()
def web() -> None:
    """Serve callers."""
    with commands.environment.settings() as found:
        commands.web.serve(found)


@main.command()
def worker() -> None:
    """Carry out errands."""
    with commands.environment.settings() as found:
        commands.errands.work(found)


@main.command()
def clock() -> None:
    """Hand errands to the queue, and keep house."""
    with commands.environment.settings() as found:
        commands.errands.tick(found)


def run_main() -> None:
    """Run a command; faults of the environment and of its stores are told without a traceback."""
    try:
        main(standalone_mode=True)
    except (SettingsFaulty, NotDurable) as refused:
        sys.exit(str(refused))
    except Unavailable as error:
        sys.exit(f"{error}. Is it running?")


if __name__ == "__main__":
    run_main()
