import pytest

from tests.messages.post import Post
from tests.people import World


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)
