import pytest

from tests.ledger.books import Books
from tests.people import World


@pytest.fixture
def books(world: World) -> Books:
    return Books(world)
