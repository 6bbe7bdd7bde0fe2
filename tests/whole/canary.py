"""What may stand nowhere: every disguise it may wear, and every place where something is kept."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import psycopg.sql
import redis

from tests.whole.system import System, ask

OWN_STORES = ("postgres", "redis")  # looked at through their servers
KEPT_FOR_THE_OWNER = ("secrets.json", "running.json")
CLEAR, REVERSED = "clear", "reversed"
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")
SHIFTS = range(3)

Place = tuple[str, bytes]


@dataclass(frozen=True)
class Canary:
    """Something that may stand nowhere in any form, except as it is in the columns of `homes`.

    `written` is how it may stand within more, `whole` how somebody may have hashed it. A `short`
    one counts only where no letter or digit touches it: any long number holds any four digits.
    """

    name: str
    written: tuple[bytes, ...]
    whole: tuple[bytes, ...]
    short: bool = False
    homes: frozenset[str] = frozenset()

    @classmethod
    def pin(cls, pin: str) -> Canary:
        """A PIN; one that begins and ends with 0 is not a number that anything else may show."""
        apart = (" ".join(pin), "-".join(pin), f"{pin[:2]} {pin[2:]}", f"{pin[:2]}-{pin[2:]}")
        clear = pin.encode()
        return cls("PIN", (clear, *(one.encode() for one in apart)), (clear,), short=True)

    @classmethod
    def code(cls, code: str) -> Canary:
        """A one-time code: six digits, which any long number may hold."""
        clear = code.encode()
        return cls(f"code {code}", (clear, f"{code[:3]} {code[3:]}".encode()), (clear,), short=True)

    @classmethod
    def phone(cls, number: str, homes: frozenset[str]) -> Canary:
        """A number, whatever stands for its country."""
        own = number.removeprefix("+254")
        spellings = (number, number.removeprefix("+"), f"0{own}", own)
        return cls(
            f"phone {number}", (own.encode(),), tuple(s.encode() for s in spellings), homes=homes
        )

    @classmethod
    def secret(cls, name: str, written: str) -> Canary:
        """A key or a password, as it is written and as the bytes that it may stand for."""
        both = {written.encode()}
        with suppress(ValueError):
            both.add(bytes.fromhex(written))
        return cls(name, tuple(both), tuple(both))

    @cached_property
    def disguises(self) -> list[tuple[str, bytes]]:
        """Every form, by its name."""
        found = [form for clear in self.written for form in _disguised(clear)]
        return found + [form for clear in self.whole for form in _hashed(clear)]

    def forms_in(self, place: str, content: bytes) -> Iterator[str]:
        """The forms in which it stands in the content of a place."""
        for name, form in self.disguises:
            at_home = name == CLEAR and place in self.homes
            if not at_home and form in content and self._is_apart(name, form, content):
                yield name

    def _is_apart(self, name: str, form: bytes, content: bytes) -> bool:
        if not self.short or name not in (CLEAR, REVERSED):
            return True
        return bool(re.search(rb"(?<![0-9A-Za-z.,])%s(?![0-9A-Za-z])" % re.escape(form), content))


def _disguised(clear: bytes) -> Iterator[tuple[str, bytes]]:
    yield CLEAR, clear
    yield REVERSED, clear[::-1]
    yield "hex", clear.hex().encode()
    yield "hex", clear.hex().upper().encode()
    yield "url", f"%2A{quote_plus(clear)}".encode()  # after the * of a transcript
    yield "url", "".join(f"%{byte:02X}" for byte in clear).encode()
    for shift in SHIFTS:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield "base64", _lasting(encode(bytes(shift) + clear + bytes(3)), shift, len(clear))


def _lasting(encoded: bytes, shift: int, length: int) -> bytes:
    """The letters that stay the same, whatever `shift` bytes stand before and others after it."""
    first, last = -(-shift * 8 // 6), (shift + length) * 8 // 6
    return encoded[first:last]


def _hashed(clear: bytes) -> Iterator[tuple[str, bytes]]:
    for name in HASHES:
        digest = hashlib.new(name, clear).digest()
        yield name, digest
        yield name, digest.hex().encode()
        yield name, base64.b64encode(digest).rstrip(b"=")


def traces(canaries: Iterable[Canary], places: Iterable[Place]) -> set[str]:
    """Where a canary stands, and in which form."""
    canaries = list(canaries)
    return {
        f"{canary.name} in {place}: {form}"
        for place, content in places
        for canary in canaries
        for form in canary.forms_in(place, content)
    }


def everywhere(system: System) -> Iterator[Place]:
    """Every place where the system keeps or tells something."""
    yield from in_files(system)
    yield from in_tables(system)
    yield from in_redis(system)
    yield from on_pages(system)
    yield from in_reports(system)
    yield from in_process_lists(system)


def in_files(system: System) -> Iterator[Place]:
    """Logs, metrics, and whatever else lies in its folder; not what `run` keeps for its owner."""
    for path in sorted(system.folder.rglob("*")):
        within = path.relative_to(system.folder)
        stores = [system.var / name for name in OWN_STORES]
        kept = path.parent == system.var and path.name in KEPT_FOR_THE_OWNER
        if path.is_file() and not kept and not any(map(path.is_relative_to, stores)):
            yield f"file {within}", path.read_bytes().rstrip(b"\0")


def in_tables(system: System) -> Iterator[Place]:
    """Every column of every table as text, and what PostgreSQL tells of its sessions."""
    with system.database() as database:
        columns = database.execute(
            """
            SELECT table_schema, table_name, array_agg(column_name::text)
            FROM information_schema.columns JOIN information_schema.tables
                USING (table_schema, table_name)
            WHERE table_type = 'BASE TABLE'
                AND table_schema NOT IN ('pg_catalog', 'information_schema')
            GROUP BY 1, 2
            """
        ).fetchall()
        for schema, table, names in [*columns, ("pg_catalog", "pg_stat_activity", ["query"])]:
            query = psycopg.sql.SQL("SELECT {} FROM {}").format(
                psycopg.sql.SQL(", ").join(
                    psycopg.sql.SQL("string_agg({}::text, E'\\n')").format(
                        psycopg.sql.Identifier(name)
                    )
                    for name in names
                ),
                psycopg.sql.Identifier(schema, table),
            )
            row = database.execute(query).fetchone() or ()
            for name, content in zip(names, row, strict=True):
                yield f"{table}.{name}", (content or "").encode()


def in_redis(system: System) -> Iterator[Place]:
    """Every key and value in every database, compressed ones opened, and the slow log."""
    url = system.state["stores"]["redis"]
    with redis.Redis.from_url(url) as server:
        yield "Redis slow log", repr(server.slowlog_get(1000)).encode()
        numbers = [name.removeprefix("db") for name in server.info("keyspace")]
    for number in numbers:
        with redis.Redis.from_url(url.replace("db=0", f"db={number}")) as client:
            for key in client.scan_iter(count=1000):
                yield "Redis key", key
                yield from _in_value(client, key)


def _in_value(client: redis.Redis, key: bytes) -> Iterator[Place]:
    told: Any = client.type(key)
    kept: Any
    match kind := told.decode():
        case "string":
            kept = client.get(key)
        case "hash":
            kept = client.hgetall(key)
        case "list":
            kept = client.lrange(key, 0, -1)
        case "set":
            kept = client.smembers(key)
        case "zset":
            kept = client.zrange(key, 0, -1)
        case "stream":
            kept = client.xrange(key)
        case _:
            kept = None  # gone meanwhile
    for content in _leaves(kept):
        yield f"Redis {kind}", content
        with suppress(zlib.error):
            yield f"Redis {kind}, compressed", zlib.decompress(content)


def _leaves(value: Any) -> Iterator[bytes]:
    match value:
        case bytes():
            yield value
        case dict():
            yield from _leaves([*value, *value.values()])
        case list() | tuple() | set():
            for one in value:
                yield from _leaves(one)


def on_pages(system: System) -> Iterator[Place]:
    """What it tells to whoever asks."""
    for name in ("health", "ready", "metrics", "web"):
        answer = ask(system.urls[name])
        yield f"page {name}", answer.content + repr(answer.headers).encode()


def in_reports(system: System) -> Iterator[Place]:
    """What it tells to who runs it."""
    for name in ("doctor", "reconcile"):
        told = system.command(name, "--json")
        yield f"report of {name}", (told.out + told.err).encode()


def in_process_lists(system: System) -> Iterator[Place]:
    """What everybody on the machine sees of its processes."""
    for pid in system.processes():
        with suppress(OSError):
            yield "process list", Path(f"/proc/{pid}/cmdline").read_bytes()


def secrets_of(system: System) -> list[Canary]:
    """Every secret that `run` has made."""
    kept: dict[str, str] = json.loads((system.var / "secrets.json").read_text())
    return [Canary.secret(name, value.rpartition(":")[2]) for name, value in kept.items()]
