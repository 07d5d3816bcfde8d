"""Whom a request comes from, as far as a limit needs to know: a network, kept as a keyed hash for a while, never written down.

`X-Forwarded-For` is believed only where a proxy of ours (TRUSTED_PROXIES) wrote it, and only its last stranger: what stands
further left anybody may have invented.
"""

import hashlib
import ipaddress
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from fastapi import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# One household has an address of the old kind, or a whole network of the new one.
IPV6_PREFIX = 64
WINDOW = timedelta(hours=1)
# So many networks are remembered at a time; the one that was quiet longest is forgotten first.
MOST_NETWORKS = 50_000


class Visitors:
    """Counts what comes from each network within the last hour. One instance serves all threads."""

    def __init__(self, proxies: Sequence[Network], most: int) -> None:
        self._proxies = tuple(proxies)
        self._most = most
        # Made anew with each process: what is in memory tells nobody's address, and nothing outlives it.
        self._key = os.urandom(16)
        self._seen: OrderedDict[bytes, list[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def may_come(self, request: Request, now: datetime) -> bool:
        """Count one more from this network; False where the limit is reached."""
        name = self._name(self._origin(request))
        with self._lock:
            lately = [at for at in self._seen.pop(name, []) if now - at < WINDOW]
            allowed = len(lately) < self._most
            self._seen[name] = [*lately, now] if allowed else lately
            while len(self._seen) > MOST_NETWORKS:
                self._seen.popitem(last=False)
        return allowed

    def _name(self, origin: str) -> bytes:
        return hashlib.blake2b(origin.encode(), key=self._key, digest_size=16).digest()

    def _origin(self, request: Request) -> str:
        """The network of the last stranger on the way to us."""
        nearest = request.client.host if request.client else ""
        forwarded = [each.strip() for each in request.headers.get("x-forwarded-for", "").split(",") if each.strip()]
        while self._is_ours(nearest) and forwarded:
            nearest = forwarded.pop()
        return _network(nearest)

    def _is_ours(self, address: str) -> bool:
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._proxies if network.version == known.version)


def _network(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((known, IPV6_PREFIX), strict=False))
    return str(known)


def read_proxies(text: str) -> tuple[Network, ...]:
    """The networks of TRUSTED_PROXIES; `ValueError` where one is none."""
    return tuple(ipaddress.ip_network(word.strip(), strict=False) for word in text.split(",") if word.strip())
