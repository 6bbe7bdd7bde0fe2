"""Whom a request is from, by the word of our own proxies alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ussd_app.parsers import Network

REMEMBERED_MOST = 1000  # strangers cannot fill the memory
IPV6_OF_ONE = 64  # bits: whoever has one address of these has all


class Addresses:
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


def source(environ: Mapping[str, Any], proxies: Addresses) -> str:
    """The address of the caller, as the first of our own proxies has seen it.

    A proxy adds whom it sees at the right of X-Forwarded-For, so only a trusted one's word is
    taken, from the right; what the caller wrote there itself stands to the left of that.
    """
    seen = str(environ.get("REMOTE_ADDR", ""))
    told = [one.strip() for one in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    while seen in proxies and any(told):
        seen = told.pop() or seen
    return seen


def household(address: str) -> str:
    """What is one caller's: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if mapped := getattr(parsed, "ipv4_mapped", None):
        return str(mapped)
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed, IPV6_OF_ONE), strict=False))
