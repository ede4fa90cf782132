"""Where a request comes from.

REMOTE_ADDR is the other end of the connection. Only a proxy named in TRUSTED_PROXIES may say otherwise: the web process
then puts the address it forwards there, and headers of anybody else change nothing.
"""

import ipaddress

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address as text; None when the connection has none (a local socket)."""
    try:
        return str(ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def throttled_address(request: HttpRequest) -> str | None:
    """What failed attempts are counted by: an IPv6 customer owns 2^64 addresses, so their network counts as one."""
    text = client_address(request)
    if text is None or ":" not in text:
        return text
    address = ipaddress.IPv6Address(text)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)
