"""The connections to a server: enough of them, and not through a proxy where the server is on this machine."""

import ipaddress
import itertools
import urllib.request

import httpx

# Connections of one pool, about.
POOL = 16


def open_connections(base_url: str, key: str, timeout: httpx.Timeout, requests: int) -> httpx.AsyncClient:
    """Return an HTTP client for a server.

    Args:
        base_url: its address.
        key: sent with every request.
        timeout: of the parts of a request.
        requests: how many there will be at a time.
    """
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=timeout,
        # Without a transport httpx asks the proxy that the environment names.
        transport=None if _is_behind_proxy(httpx.URL(base_url)) else _Connections(requests),
        follow_redirects=True,
    )


class _Connections(httpx.AsyncBaseTransport):
    """Connections in several pools: for every request httpcore compares all connections of a pool with one another."""

    def __init__(self, requests: int) -> None:
        """Make pools for so many requests at a time."""
        limits, context = (
            httpx.Limits(max_connections=None, max_keepalive_connections=None),
            httpx.create_ssl_context(),
        )
        number = -(-requests // POOL)
        self.pools = [httpx.AsyncHTTPTransport(verify=context, limits=limits) for _ in range(number)]
        self._turn = itertools.cycle(self.pools)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by the next pool."""
        return await next(self._turn).handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self.pools:
            await pool.aclose()


def _is_behind_proxy(url: httpx.URL) -> bool:
    """Tell whether the environment names a proxy for an address; what runs on this machine is never behind one."""
    proxies = urllib.request.getproxies()
    named = url.scheme in proxies or "all" in proxies
    return named and not _is_here(url.host) and not urllib.request.proxy_bypass(url.host)


def _is_here(host: str) -> bool:
    """Tell whether a host's name or address is this machine's own."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
