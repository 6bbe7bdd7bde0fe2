"""The edge: which requests are a company's callbacks at all. Everything else is a 404 like any."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from ussd_app.parsers import Network
from ussd_app.settings import Settings
from ussd_app.sources import Addresses, source


class Edge:
    """Knows the live secrets, the networks callbacks come from, and whose word on that counts."""

    def __init__(
        self,
        secrets: Sequence[str],
        sources: Sequence[Network],
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._sources, self._proxies = Addresses(sources), Addresses(trusted_proxies)

    @classmethod
    def of(cls, settings: Settings) -> Edge:
        return cls(settings.callback_secrets, settings.callback_sources, settings.trusted_proxies)

    def admits(self, secret: str, environ: Mapping[str, Any]) -> bool:
        """Whether the request knows a secret and comes from where callbacks come from."""
        return self._is_secret(secret) & (source(environ, self._proxies) in self._sources)

    def _is_secret(self, secret: str) -> bool:
        given = secret.encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(given, live) for live in self._secrets]
        return any(matches)
