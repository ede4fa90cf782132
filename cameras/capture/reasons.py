"""From what ffmpeg printed to a sentence for the person who looks after the camera."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cameras.address import Address
from cameras.capture.errors import CaptureError


@dataclass(frozen=True, slots=True)
class Reason:
    """pattern: sought in each line. kinds: the address kinds it holds for, empty = all."""

    pattern: re.Pattern[str]
    code: str
    message: str
    permanent: bool = False
    kinds: tuple[str, ...] = ()


def _reason(pattern: str, code: str, message: str, *, permanent: bool = False, kinds: tuple[str, ...] = ()) -> Reason:
    return Reason(re.compile(pattern, re.IGNORECASE), code, message, permanent, kinds)


_NETWORK = ("rtsp", "http")
_LOCAL = ("file", "webcam")
_INCOMPLETE = "moov atom not found"
NO_PICTURE = "no_picture"
NOT_VIDEO = "This is not a video. Enter the address of a video stream or file."
# The boxes an MP4 or QuickTime file may begin with, after four bytes of length.
_FILM_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"moof", b"styp", b"free", b"skip", b"wide", b"pnot", b"uuid"})

# The first that fits wins, whatever the order of the lines: what the camera answered says more than what became of it.
REASONS = (
    _reason(
        r"\b401\b.{0,3}unauthorized|returned 401|not authorized|\bUnauthorized\b",
        "unauthorized",
        "The camera refused the password. Enter it again.",
        permanent=True,
        kinds=_NETWORK,
    ),
    _reason(
        r"\b403\b.{0,3}forbidden|returned 403|\bForbidden\b",
        "forbidden",
        "The camera refused access: the account may be locked or may not see the video. Check its users.",
        permanent=True,
        kinds=_NETWORK,
    ),
    _reason(
        r"\b404\b.{0,3}not found|returned 404|\bNot Found\b \(404\)",
        "not_found",
        "The camera answers, but has no stream under this path. Check the part of the address after the host.",
        kinds=_NETWORK,
    ),
    _reason(
        r"\b453\b|not enough bandwidth",
        "too_many_readers",
        "The camera serves too many viewers already. Close other viewers or use its sub-stream.",
        kinds=_NETWORK,
    ),
    _reason(
        r"\b461\b|unsupported transport|nonmatching transport",
        "transport",
        "The camera does not offer this transport. Switch between TCP and UDP in the camera's settings.",
        kinds=_NETWORK,
    ),
    _reason(
        r"(returned|failed:) 5\d\d|5XX Server Error",
        "camera_error",
        "The camera reports a fault of its own. Connecting again; restart the camera if this stays.",
        kinds=_NETWORK,
    ),
    _reason(
        r"failed to resolve hostname|name or service not known|temporary failure in name resolution|Error resolving",
        "unknown_host",
        "The camera's name is not known in this network. Check its spelling or enter the IP address.",
        kinds=_NETWORK,
    ),
    _reason(
        r"connection refused|failed to connect\. \(generic error\)",
        "refused",
        "Nothing answers at the camera's address and port. The camera may be starting, or the port is wrong.",
        kinds=_NETWORK,
    ),
    _reason(
        r"no route to host|network is unreachable|host is unreachable|host is down",
        "no_route",
        "The camera cannot be reached. Check its power, its cable and the network.",
        kinds=_NETWORK,
    ),
    _reason(
        r"timed out|timeout",
        "timeout",
        "The camera does not answer. Check its power, its cable and the address.",
        kinds=_NETWORK,
    ),
    _reason(
        r"no such file or directory|no such device|Cannot identify device",
        "missing_file",
        "The file or webcam does not exist on this machine. Check the address.",
        permanent=True,
        kinds=_LOCAL,
    ),
    _reason(
        r"permission denied|operation not permitted",
        "no_permission",
        "The file or webcam may not be read. Give the service's user the right to read it.",
        permanent=True,
        kinds=_LOCAL,
    ),
    _reason(
        r"device or resource busy|Device '.*' is busy",
        "busy",
        "Another program is using the webcam. Close it.",
        kinds=("webcam",),
    ),
    _reason(
        r"option not found|unrecognized option|error parsing opt|invalid argument.*option|unable to parse option",
        "bad_flags",
        "The FFmpeg options of this camera cannot be used. Correct them in the camera's settings.",
        permanent=True,
    ),
    _reason(
        _INCOMPLETE,
        "not_video",
        "The video file is incomplete. Copy it again.",
        permanent=True,
        kinds=("file",),
    ),
    _reason(
        r"matches no streams|does not contain any stream|no video stream",
        "no_video",
        "The address leads to sound or data without pictures. Enter the video stream's address.",
        permanent=True,
    ),
    _reason(
        r"decoder .*not found|missing decoder|unknown decoder|unsupported codec|decoding requested, but no"
        r"|could not find codec parameters.*\(video: .*unknown codec",
        "unsupported_codec",
        "This machine cannot decode the video's format. Set the camera to H.264.",
        permanent=True,
    ),
    _reason(
        r"connection reset|broken pipe|failed reading rtsp data: end of file",
        "closed",
        "The camera closed the connection. Connecting again.",
        kinds=_NETWORK,
    ),
    # Said of any stream that ends before its first key picture: by a camera that restarts, by one that sends it rarely.
    _reason(
        r"could not find codec parameters.*\(video:",
        NO_PICTURE,
        "The camera sent no complete picture. Connecting again; set the camera to H.264 if this stays.",
        kinds=(*_NETWORK, "webcam"),
    ),
    _reason(
        r"could not find codec parameters.*\(video:",
        NO_PICTURE,
        "The video file holds no complete picture. Copy it again.",
        kinds=("file",),
    ),
    _reason(
        r"not on whitelist|invalid data found|could not determine type of stream|format .*detected only with low score",
        "not_video",
        NOT_VIDEO,
        permanent=True,
        kinds=("file", "http"),
    ),
    _reason(
        r"invalid data found",
        "no_answer",
        "The camera accepted the connection but sent no video. Connecting again.",
        kinds=("rtsp", "webcam"),
    ),
)


def explain(lines: Sequence[str], address: Address, *, had_pictures: bool) -> CaptureError:
    """lines: the last ones of standard error, secrets masked, oldest first. had_pictures: whether any had arrived."""
    detail = next((line for line in reversed(lines) if line.strip()), "")
    for reason in REASONS:
        if reason.kinds and address.kind not in reason.kinds:
            continue
        if reason.code == NO_PICTURE and had_pictures:
            continue  # said of the opening, and contradicted since
        found = next((line for line in lines if reason.pattern.search(line)), None)
        if found is not None:
            # A running stream broke off: what was readable is no bad address.
            permanent = reason.permanent and not had_pictures
            message = reason.message
            if reason.pattern.pattern == _INCOMPLETE and not _begins_as_film(address.url):
                message = NOT_VIDEO
            return CaptureError(reason.code, message, permanent=permanent, detail=found.strip())
    if had_pictures:
        message = "The video ended. Opening it again." if address.kind == "file" else (
            "The camera closed the connection. Connecting again."
        )  # fmt: skip
        return CaptureError("closed", message, detail=detail)
    return CaptureError("failed", "The stream could not be opened. Check the camera's address.", detail=detail)


def stalled(address: Address, *, had_pictures: bool, detail: str = "") -> CaptureError:
    """Nothing came for longer than the watchdog waits."""
    if had_pictures:
        return CaptureError("stalled", "The camera stopped sending pictures. Connecting again.", detail=detail)
    message = "The camera does not answer. Check its power, its cable and the address."
    if not address.host:
        message = "The video gives no pictures. Check the address."
    return CaptureError("timeout", message, detail=detail)


def _begins_as_film(path: str) -> bool:
    """False for a file of another kind that only carries the name of a film; True too where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(8)[4:] in _FILM_BOXES
    except OSError:
        return True
