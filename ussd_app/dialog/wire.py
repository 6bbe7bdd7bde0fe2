"""Redis, one command at a time and one connection for each thread: half the price of a client.

A caller waits for two scripts at every answer, so they are sent over a connection that is simply
kept. After any error the connection is dropped, for its next answer could belong to the last
question; and no question is asked twice, for the first may have been heard.
"""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import redis
from redis.connection import ConnectionInterface
from redis.exceptions import NoScriptError

from ussd_app.breaker import Breaker
from ussd_app.errors import Unavailable


class Wire:
    """Runs scripts in the Redis that `client` is configured for. Raises Unavailable."""

    def __init__(self, client: redis.Redis) -> None:
        self._pool = client.connection_pool
        self._breaker = Breaker()
        self._here = threading.local()

    def run(self, script: Script, keys: tuple[bytes, ...], args: tuple[Any, ...]) -> Any:
        """What the script returns."""
        with self._breaker:
            try:
                return self._ask("EVALSHA", script.digest, len(keys), *keys, *args)
            except NoScriptError:
                return self._ask("EVAL", script.text, len(keys), *keys, *args)

    def _ask(self, *words: Any) -> Any:
        try:
            connection = self._connection()
            connection.send_command(*words)
            return connection.read_response()
        except NoScriptError:
            raise
        except (redis.RedisError, OSError) as error:
            self._drop()
            raise Unavailable("Redis does not answer") from error

    def _connection(self) -> ConnectionInterface:
        connection: ConnectionInterface | None = getattr(self._here, "connection", None)
        if connection is not None and _is_stale(connection):
            self._drop()
            connection = None
        if connection is None:
            connection = self._pool.make_connection()
            connection.connect()
            self._here.connection = connection
        return connection

    def _drop(self) -> None:
        connection: ConnectionInterface | None = getattr(self._here, "connection", None)
        self._here.connection = None
        if connection is not None:
            connection.disconnect()


def _is_stale(connection: ConnectionInterface) -> bool:
    """Whether the server hung up while the connection lay idle; costs one system call."""
    try:
        return bool(connection.can_read(timeout=0))
    except (redis.RedisError, OSError):
        return True


class Script:
    """A Lua script, and the digest under which Redis keeps it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
