import pytest

from tests.admin.desk import Desk
from tests.people import World


@pytest.fixture
def desk(world: World) -> Desk:
    """The staff's pages, nobody signed in."""
    return Desk.of(world)
