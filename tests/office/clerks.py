"""People of the staff, as actors."""

from __future__ import annotations

from tests.people import World
from ussd_app.audit.service import THE_SYSTEM, Actor
from ussd_app.users.permissions import Role


def clerk(world: World, role: Role = Role.ADMIN, name: str = "Wambui") -> Actor:
    """Somebody new with this role."""
    with world.db.work() as work:
        (count,) = work.the_row("SELECT count(*) FROM user_account")
        user = world.services.users.create(
            work,
            email=f"{count}@example.org",
            name=name,
            role=role,
            language="en",
            by=THE_SYSTEM,
        )
    return world.services.users.get(user).actor
