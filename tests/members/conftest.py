import pytest

from tests.members.circle import Circle
from tests.members.lost import Lost
from tests.people import World


@pytest.fixture
def circle(world: World) -> Circle:
    return Circle(world)


@pytest.fixture
def lost(world: World) -> Lost:
    return Lost(world)
