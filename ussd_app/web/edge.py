"""The edge: which requests are a company's callbacks at all. Everything else is a 404 like any."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ussd_app.parsers import Network
from ussd_app.settings import Settings

REMEMBERED_MOST = 1000  # strangers cannot fill the memory


class Edge:
    """Knows the live secrets, the networks callbacks come from, and whose word on that counts."""

    def __init__(
        self,
        secrets: Sequence[str],
        sources: Sequence[Network],
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._sources, self._proxies = _Addresses(sources), _Addresses(trusted_proxies)

    @classmethod
    def of(cls, settings: Settings) -> Edge:
        return cls(settings.callback_secrets, settings.callback_sources, settings.trusted_proxies)

    def admits(self, secret: str, environ: Mapping[str, Any]) -> bool:
        """Whether the request knows a secret and comes from where callbacks come from."""
        return self._is_secret(secret) & (self.source(environ) in self._sources)

    def source(self, environ: Mapping[str, Any]) -> str:
        """The address of the caller, as the first of our own proxies has seen it.

        A proxy adds whom it sees at the right of X-Forwarded-For, so only a trusted one's word is
        taken, from the right; what the caller wrote there itself stands to the left of that.
        """
        seen = str(environ.get("REMOTE_ADDR", ""))
        told = [one.strip() for one in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        while seen in self._proxies and any(told):
            seen = told.pop() or seen
        return seen

    def _is_secret(self, secret: str) -> bool:
        given = secret.encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(given, live) for live in self._secrets]
        return any(matches)


class _Addresses:
    """All addresses of some networks. What was looked up is remembered: parsing costs more."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._known: dict[str, bool] = {}

    def __contains__(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            known = self._look(address)
            if len(self._known) < REMEMBERED_MOST:
                self._known[address] = known
        return known

    def _look(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(mapped in network for network in self._networks)
