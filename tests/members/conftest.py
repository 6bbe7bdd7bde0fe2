import pytest

from tests.db.line import company, line_to_company
from tests.db.surgery import database, surgeon, theatre
from tests.members.circle import Circle
from tests.members.lost import Lost
from tests.people import World

__all__ = ["company", "database", "line_to_company", "surgeon", "theatre"]


@pytest.fixture
def circle(world: World) -> Circle:
    return Circle(world)


@pytest.fixture
def lost(world: World) -> Lost:
    return Lost(world)
