"""Camera addresses: what may be opened, and how an address is shown without its secrets. Pure.

Whoever may add cameras, operators among them, enters addresses, so only what cameras use is opened: an address must not
turn the server into a window on its own files, its own services or a cloud's metadata service.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from crowdsite.errors import CrowdsiteError

Kind = Literal["rtsp", "http", "file", "webcam", "demo"]

MASK = "***"
MAX_LENGTH = 2048

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_HOST_NAME = re.compile(r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$")
_SECRET_PARAMETER = re.compile(
    r"(?i)([?&;](?:[a-z0-9_.-]*(?:passw(?:or)?d|pwd|token|secret|signature|credential)[a-z0-9_.-]*"
    r"|pass|psw|pw|auth|key|api-?key|access-?key|sig|user|username|usr|login)=)[^&;#\s'\"]*"
)
_USER_INFO_IN_TEXT = re.compile(r"(?i)\b((?:rtsps?|https?|tcp|tls)://)[^\s/'\"?#]+@")

_METADATA_NAMES = {
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
}
_METADATA_ADDRESSES = {
    ipaddress.ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")
}


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address. `url` is what a capture backend opens: a URL, an absolute path, or `/dev/videoN`."""

    kind: Kind
    url: str
    host: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the source sets the pace (a file does not)."""
        return self.kind != "file"


def parse(url: str, *, folders: Sequence[Path] = (), allow_loopback: bool = True) -> Address:
    """Check `url` and say what it is. Files are accepted only inside `folders`, links followed.

    allow_loopback: whether the machine's own services (127.0.0.0/8, ::1, localhost) may be opened.

    Raises CrowdsiteError with a sentence for the person who typed it, and nothing else whatever the text.
    """
    text = url.strip() if isinstance(url, str) else ""
    if not text:
        raise _refusal("Enter the address of the camera, for example rtsp://192.168.1.20/stream.")
    if len(text) > MAX_LENGTH:
        raise _refusal(f"The address is longer than {MAX_LENGTH} characters. Enter the camera's own address.")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise _refusal("The address contains a line break or another control character. Remove it.")
    if text.isdecimal() and text.isascii() and len(text) <= 3:
        return Address("webcam", f"/dev/video{int(text)}")
    if re.fullmatch(r"/dev/video\d{1,3}", text):
        return Address("webcam", text)
    scheme = found.group(1).lower() if (found := _SCHEME.match(text)) else ""
    match scheme:
        case "rtsp" | "rtsps":
            return _network("rtsp", text, allow_loopback)
        case "http" | "https":
            return _network("http", text, allow_loopback)
        case "demo":
            return Address("demo", text)
        case "file" | "":
            return _file(text, folders)
    raise _refusal(
        f"Addresses that begin with {scheme}: are not supported. "
        "Use rtsp, rtsps, http, https, a video file or a webcam."
    )


def mask(url: str) -> str:
    """`url` as it may be shown: user, password and secret parameters replaced. Any text is accepted."""
    scheme, separator, rest = url.partition("://")
    if separator:
        # An unescaped "/", "?" or "#" in a password ends the authority early, so everything up to the last "@" goes
        # where a ":" came before it; hiding too much is the lesser harm.
        before, at, after = rest.rpartition("@")
        if at and (":" in before or not re.search(r"[/?#]", before)):
            rest = f"{MASK}@{after}"
    return _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", f"{scheme}{separator}{rest}")


def mask_text(text: str, url: str) -> str:
    """`text` (an error line that quotes `url`, say) without the secrets of `url` or of any other address in it."""
    text = text.replace(url, mask(url))
    for secret in _secrets(url):
        text = text.replace(secret, MASK)
    text = _USER_INFO_IN_TEXT.sub(rf"\g<1>{MASK}@", text)
    return _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", text)


def unmask(url: str, stored: str) -> str:
    """The address to save when a form came back with `mask(stored)` in it, perhaps edited.

    The stored secrets are put back only while scheme, host and port stay the same, else they would be sent to another
    machine: then a CrowdsiteError asks for them again.
    """
    if MASK not in url:
        return url
    if url == mask(stored):
        return stored
    user_info = stored.partition("://")[2].rpartition("@")[0]
    new, old = _origin(url), _origin(stored)
    if user_info and new is not None and new == old and url.count(MASK) == 1 and f"://{MASK}@" in url:
        return url.replace(MASK, user_info, 1)
    raise _refusal("The address was changed and its password is hidden. Enter user name and password again.")


def _network(kind: Literal["rtsp", "http"], text: str, allow_loopback: bool) -> Address:
    parts = _split(text)
    host = parts.hostname or ""
    if not host:
        raise _refusal("The address names no camera. Write it as rtsp://192.168.1.20/stream.")
    if any(letter.isspace() for letter in text):
        raise _refusal("The address contains a space. Write it as %20.")
    address = _ip(host)
    if address is None and not _HOST_NAME.match(_ascii(host)):
        raise _refusal(f"{mask(host)} is not a host name or an IP address. Correct the address.")
    if host.lower().rstrip(".") in _METADATA_NAMES or (address is not None and _is_forbidden(address)):
        raise CrowdsiteError(
            "This address belongs to the machine or its network service, not to a camera. Enter the camera's address.",
            code="forbidden_address",
        )
    if not allow_loopback and _is_own(host, address):
        raise CrowdsiteError(
            "This address leads to the server itself. Enter the camera's address, "
            "or ask whoever runs the server to set CAMERA_ALLOW_LOOPBACK.",
            code="forbidden_address",
        )
    return Address(kind, text, host)


def is_forbidden_ip(text: str, *, allow_loopback: bool = True) -> bool:
    """Whether an IP address, perhaps one that a host name resolved to, is one that no camera has."""
    address = _ip(text)
    return address is None or _is_forbidden(address) or (address.is_loopback and not allow_loopback)


def _is_own(host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def _split(text: str) -> SplitResult:
    hint = "If the password contains / ? # or %, write them as %2F %3F %23 %25."
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _refusal(f"The address cannot be read: host or port is wrong. {hint}") from None
    if port == 0:
        raise _refusal(f"The port of an address is a number from 1 to 65535. {hint}")
    return parts


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a resolver would make of `host`, with all its spellings: 127.1, 0x7f000001, ::ffff:127.0.0.1."""
    bare = host.partition("%")[0]
    try:
        if ":" in bare:
            address = ipaddress.IPv6Address(bare)
            return address.ipv4_mapped or address.sixtofour or address
        return ipaddress.IPv4Address(socket.inet_aton(bare)) if bare.isascii() else None
    except (ValueError, OSError):
        return None


def _is_forbidden(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _METADATA_ADDRESSES
        or address == ipaddress.IPv4Address("255.255.255.255")
    )


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _file(text: str, folders: Sequence[Path]) -> Address:
    name = text
    if text[:5].lower() == "file:":
        name = text[5:]
        if name.startswith("//"):
            host, slash, path = name[2:].partition("/")
            if host not in ("", "localhost"):
                raise _refusal("A video file has to lie on this machine. Write it as file:///folder/video.mp4.")
            name = unquote(slash + path)
    if not name or "\0" in name:
        raise _refusal("The address names no file. Enter the path of a video file.")
    if not folders:
        raise _refusal("Video files are not allowed on this machine. Ask whoever runs it to set CAMERA_FILE_ROOTS.")
    try:
        roots = [folder.resolve() for folder in folders]
        candidates = [(root / name).resolve() for root in roots]
        inside = [path for path in candidates if any(path.is_relative_to(root) and path != root for root in roots)]
        chosen = next((path for path in inside if path.exists()), inside[0] if inside else None)
    except (OSError, RuntimeError, ValueError):
        raise _refusal("The address is not a path of a file. Correct it.") from None
    if chosen is None:
        allowed = ", ".join(str(folder) for folder in folders)
        raise CrowdsiteError(f"Video files may only lie in {allowed}. Move the file there.", code="forbidden_address")
    return Address("file", str(chosen))


def _secrets(url: str) -> list[str]:
    """The password and its decoded form, longest first, where long enough not to be part of ordinary words."""
    user_info = url.partition("://")[2].rpartition("@")[0]
    user, colon, password = user_info.partition(":")
    found = {user_info, password, unquote(password)} if colon else {user}
    return sorted((secret for secret in found if len(secret) >= 4), key=len, reverse=True)


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None


def _refusal(sentence: str) -> CrowdsiteError:
    return CrowdsiteError(sentence, code="invalid_address")
