"""The commands, as an operator runs them on the server."""

from __future__ import annotations

from click.testing import CliRunner, Result

from tests.people import World
from ussd_app.cli import main


def run(world: World, *words: str) -> Result:
    """A command in the environment of this world."""
    settings = world.settings
    peppers = ",".join(f"{name}:{key.hex()}" for name, key in settings.pin_peppers.items())
    return CliRunner().invoke(
        main,
        words,
        env={
            "APP_ENV": "test",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "CALLBACK_SECRETS": settings.callback_secrets[0],
            "PIN_PEPPERS": peppers,
            "SESSION_DATA_KEY": settings.session_data_key.hex(),
            "SESSION_INDEX_KEY": settings.session_index_key.hex(),
            "MESSAGE_KEY": settings.message_key.hex(),
            "CODE_KEY": settings.code_key.hex(),
            "COOKIE_KEY": settings.cookie_key.hex(),
            "FACTOR_KEY": settings.factor_key.hex(),
            "PASSWORD_PEPPER": settings.password_pepper.hex(),
        },
    )
