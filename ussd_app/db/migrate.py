"""Bring the tables up to date, and give the role that serves no more than it needs."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy.engine import make_url

# Only functions write the books; what is audited is only added to.
READ_ONLY = ("account", "posting", "entry", "hold")
ADD_ONLY = ("audit", "audit_seal")


def configuration(url: str) -> Config:
    """What Alembic needs to know; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = driver_url(url)
    return config


def driver_url(url: str) -> str:
    """`url` with the driver that is installed, whatever spelling it came in."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


def upgrade(owner_url: str, app_url: str) -> None:
    """Run every migration as the owner, then grant the serving role its rights. Repeatable."""
    command.upgrade(configuration(owner_url), "head")
    role = make_url(app_url).username or ""
    if role == make_url(owner_url).username:
        return
    with psycopg.connect(owner_url) as owner:
        owner.execute(
            sql.SQL("""
                REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
                GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
                GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role};
                REVOKE INSERT, UPDATE, DELETE ON {read_only} FROM {role};
                REVOKE UPDATE, DELETE ON {add_only} FROM {role};
                REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role};
            """).format(
                role=sql.Identifier(role),
                read_only=sql.SQL(", ").join(map(sql.Identifier, READ_ONLY)),
                add_only=sql.SQL(", ").join(map(sql.Identifier, ADD_ONLY)),
            )
        )
