"""Run by Alembic: one connection, one transaction, no waiting behind long locks."""

from alembic import context
from sqlalchemy import NullPool, create_engine, text

config = context.config
engine = create_engine(config.attributes["url"], hide_parameters=True, poolclass=NullPool)

with engine.connect() as connection:
    connection.execute(text("SET lock_timeout = '2s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=config.attributes.get("metadata"),
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
