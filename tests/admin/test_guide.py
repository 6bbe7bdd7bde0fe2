"""docs/admin.md tells of each role what the code lets it do, and is short enough to be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from admin.roles import NAMES
from ussd_app.users.permissions import INVITES, NEED_TWO_FACTORS, PERMISSIONS, Permission, Role

GUIDE = Path(__file__).parents[2] / "docs" / "admin.md"
WORDS_MOST = 900
SAID = {
    Permission.SEE_FIGURES: "see the figures of the day",
    Permission.SEE_TRANSACTIONS: "see transactions",
    Permission.SEE_PEOPLE: "see people, masked",
    Permission.SEE_PRIVATE: "search names, and see what is private, with a reason",
    Permission.EXPORT: "take lists out as CSV",
    Permission.ADD_PEOPLE: "invite members",
    Permission.EDIT_PEOPLE: "change details, ask for another number",
    Permission.EMPOWER: "make agents",
    Permission.NOTE: "write notes and tags, answer reports",
    Permission.BLOCK_PEOPLE: "block and unblock",
    Permission.REMOVE_PEOPLE: "take invitations back, ask for a deletion",
    Permission.HELP_WITH_PINS: "unlock PINs, start and decide recoveries",
    Permission.SEE_CALLS: "see USSD sessions",
    Permission.SEND_SMS: "write an SMS to a member, send one again",
    Permission.ASK_REVERSAL: "ask to take a transaction back",
    Permission.DECIDE: "be the second person",
    Permission.SEE_STAFF: "see the staff and what they did",
    Permission.INVITE_STAFF: "invite staff",
    Permission.MANAGE_STAFF: "change roles, suspend, sign out, ask for new second factors",
    Permission.SEE_AUDIT: "see the audit",
}


def table() -> Iterator[str]:
    """Who may what, as it stands in the guide."""
    yield f"| may | {' | '.join(str(NAMES[role]) for role in Role)} |"
    yield "|---|" + ":-:|" * len(Role)
    for permission in Permission:
        yield _row(SAID[permission], [permission in PERMISSIONS[role] for role in Role])
    yield _row("needs a second factor", [role in NEED_TWO_FACTORS for role in Role])


def _row(words: str, ticks: list[bool]) -> str:
    return f"| {words} | {' | '.join('x' if tick else '' for tick in ticks)} |".replace(
        "|  |", "| |"
    )


def test_the_table_of_roles_is_what_the_code_says() -> None:
    made = "\n".join(table())

    assert made in GUIDE.read_text(), f"docs/admin.md should have:\n{made}"


def test_the_guide_says_whom_each_role_invites() -> None:
    for role, invited in INVITES.items():
        names = (
            "everybody"
            if invited == set(Role)
            else ", ".join(str(NAMES[one]) for one in Role if one in invited)
        )
        assert f"{NAMES[role]}: {names}" in GUIDE.read_text()


def test_the_guide_is_read_in_five_minutes() -> None:
    words = [word for word in GUIDE.read_text().split() if word not in ("|", "x")]

    assert len(words) <= WORDS_MOST
