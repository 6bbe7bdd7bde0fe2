"""Everything that is stored, as one text: no trace can hide in a table nobody thought of."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from tests.db.surgery import Surgeon
from tests.people import World


def stored(surgeon: Surgeon, world: World) -> dict[str, str]:
    """Each column of each table as text, bytes also as the letters they may be, and all of Redis."""
    found = {}
    for table, column, kind in surgeon.rows(
        """
        SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
            JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
        """
    ):
        shown = "encode({0}, 'escape')" if kind == "bytea" else "{0}::text"
        query = sql.SQL("SELECT string_agg(" + shown + ", E'\\n') FROM {1}")
        ready = query.format(sql.Identifier(column), sql.Identifier(table))
        ((text,),) = surgeon.connection.execute(ready).fetchall()
        found[f"{table}.{column}"] = text or ""
    for key in world.redis.scan_iter():
        kept = world.redis.dump(key)
        found[f"redis {key!r}"] = f"{key!r} {kept!r}"
    return found


def traces(surgeon: Surgeon, world: World, words: Iterable[str]) -> set[tuple[str, str]]:
    """Which of these words stand where, in any case."""
    return {
        (word, place)
        for place, text in stored(surgeon, world).items()
        for word in words
        if word.lower() in text.lower()
    }
