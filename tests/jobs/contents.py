"""Everything that is written in Redis."""

from __future__ import annotations

import zlib

import redis


def contents(client: redis.Redis) -> list[bytes]:
    """Every key, field and value there is; what is packed comes unpacked too."""
    found: list[object] = []
    for key in client.scan_iter("*"):
        found.append(key)
        match client.type(key):
            case b"string":
                found.append(client.get(key))
            case b"hash":
                found += [part for pair in client.hgetall(key).items() for part in pair]
            case b"list":
                found += client.lrange(key, 0, -1)
            case b"stream":
                for _id, fields in client.xrange(key) or ():
                    found += [part for pair in (fields or {}).items() for part in pair]
            case b"set":
                found += client.smembers(key)
            case _:
                found.append(client.dump(key))
    plain = [one if isinstance(one, bytes) else str(one).encode() for one in found]
    return plain + [unpacked for one in plain if (unpacked := _unpacked(one))]


def _unpacked(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return b""
