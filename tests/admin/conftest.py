import pytest

from tests.admin.desk import Desk
from tests.admin.visitor import Visitor
from tests.people import World


@pytest.fixture
def desk(world: World) -> Desk:
    """The staff's pages, nobody signed in."""
    return Desk.of(world)


@pytest.fixture
def visitor(world: World) -> Visitor:
    """Somebody at a browser who has no account yet."""
    return Visitor.of(world)
