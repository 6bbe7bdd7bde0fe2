import pytest

from tests.db.line import company, line_to_company
from tests.db.surgery import database, surgeon, theatre
from tests.people import World
from tests.transfers.town import Town

__all__ = ["company", "database", "line_to_company", "surgeon", "theatre"]


@pytest.fixture
def town(world: World) -> Town:
    made = Town(world)
    made.settle()
    return made
