import pytest

from tests.people import World
from tests.transfers.town import Town


@pytest.fixture
def town(world: World) -> Town:
    made = Town(world)
    made.settle()
    return made
