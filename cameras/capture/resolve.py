"""A second look at a camera's host name: what it resolves to now.

`cameras.address` refuses forbidden addresses as they are written; a name may lead to one all the same, or be changed to
do so later. (A name that answers differently a moment later still gets through: only a firewall stops that.)
"""

import socket
import threading

from cameras.address import Address, is_forbidden_ip
from cameras.capture.errors import CaptureError

RESOLVE_SECS = 5.0
_LOOK_SECS = 0.05


def refuse_forbidden_host(address: Address, stop: threading.Event, *, allow_loopback: bool = True) -> None:
    """Raises CaptureError when the host resolves to an address that no camera has.

    A name that cannot be resolved is left to the capture program, which says so. Waits at most five seconds or until
    `stop` is set: a resolver without an answer must not hold up closing.
    """
    if not address.host:
        return
    found: list[str] = []
    resolver = threading.Thread(target=_resolve, args=(address.host, found), name="resolve", daemon=True)
    resolver.start()
    for _ in range(round(RESOLVE_SECS / _LOOK_SECS)):
        resolver.join(_LOOK_SECS)
        if not resolver.is_alive() or stop.is_set():
            break
    if any(is_forbidden_ip(ip, allow_loopback=allow_loopback) for ip in list(found)):
        raise CaptureError(
            "forbidden_address",
            "The camera's name leads to the server itself or its network's own service. Enter the camera's address.",
            permanent=True,
        )


def _resolve(host: str, found: list[str]) -> None:
    try:
        found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return
