"""The edge: which requests are a company's callbacks at all. Everything else is a 404 like any."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ussd_app.settings import Network, Settings


class Edge:
    """Knows the live secrets, the networks callbacks come from, and whose word on that counts."""

    def __init__(
        self, secrets: Sequence[str], sources: Sequence[Network], trusted_proxies: int
    ) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._sources, self._trusted_proxies = sources, trusted_proxies
        self._known: dict[str, bool] = {}

    @classmethod
    def of(cls, settings: Settings) -> Edge:
        return cls(settings.callback_secrets, settings.callback_sources, settings.trusted_proxies)

    def admits(self, secret: str, environ: Mapping[str, Any]) -> bool:
        """Whether the request knows a secret and comes from where callbacks come from."""
        return self._is_secret(secret) & self._is_source(self.source(environ))

    def source(self, environ: Mapping[str, Any]) -> str:
        """The address of the caller, as the nearest proxies that are ours have seen it.

        What the caller wrote into X-Forwarded-For itself stands to the left of what they added.
        """
        peer = str(environ.get("REMOTE_ADDR", ""))
        if not self._trusted_proxies:
            return peer
        told = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        seen = [address.strip() for address in told if address.strip()]
        return seen[-self._trusted_proxies] if len(seen) >= self._trusted_proxies else ""

    def _is_secret(self, secret: str) -> bool:
        given = secret.encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(given, live) for live in self._secrets]
        return any(matches)

    def _is_source(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            known = _within(address, self._sources)
            if len(self._known) < 1000:  # noqa: PLR2004 - strangers cannot fill the memory
                self._known[address] = known
        return known


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(mapped in network for network in networks)
