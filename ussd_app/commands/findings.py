"""What an examination found, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click

OK, WARNING, VIOLATED = 0, 1, 2
_WORDS = {OK: "ok", WARNING: "warning", VIOLATED: "VIOLATED"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how grave it is (0 ok, 1 warning, 2 violated), and what was seen."""

    name: str
    grave: int
    seen: str = ""


def tell(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print the findings; the exit code is the gravest."""
    gravest = max((finding.grave for finding in findings), default=OK)
    if as_json:
        told = [{**asdict(finding), "state": _WORDS[finding.grave]} for finding in findings]
        click.echo(json.dumps({"state": _WORDS[gravest], "findings": told}, indent=1))
        return gravest
    for finding in findings:
        click.echo(f"{_WORDS[finding.grave]:<9} {finding.name}  {finding.seen}".rstrip())
    return gravest
