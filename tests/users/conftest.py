from collections.abc import Callable

import pytest

from tests.people import World
from tests.users.office import Office
from ussd_app.audit.service import THE_SYSTEM
from ussd_app.users.permissions import Role
from ussd_app.users.service import Staff


@pytest.fixture
def office(world: World) -> Office:
    """The organisation's people, and the letters to those it invites."""
    return Office(world)


@pytest.fixture
def hire(world: World) -> Callable[[Role], Staff]:
    """Somebody of the staff, with a role."""

    def make(role: Role, email: str = "") -> Staff:
        with world.db.work() as work:
            user = world.services.users.create(
                work,
                email=email or f"{role}@example.org",
                name="Wambui Njoroge",
                role=role,
                language="en",
                by=THE_SYSTEM,
            )
        return world.services.users.get(user)

    return make
