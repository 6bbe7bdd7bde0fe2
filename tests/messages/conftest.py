import pytest

from tests.db.line import company, line_to_company
from tests.db.surgery import database, surgeon, theatre
from tests.messages.post import Post
from tests.people import World

__all__ = ["company", "database", "line_to_company", "surgeon", "theatre"]


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)
