"""FFmpeg options an operator may add, divided into those that read the stream and those that decode it."""

import shlex
from dataclasses import dataclass

from cameras.capture.errors import CaptureError

DECODER = frozenset(
    {
        "c:v", "codec:v", "ec", "err_detect", "flags", "flags2", "hwaccel", "hwaccel_device", "hwaccel_output_format",
        "skip_frame", "skip_loop_filter", "strict", "thread_type", "threads", "vcodec",
    }
)  # fmt: skip
DEMUXER = frozenset(
    {
        "allowed_media_types", "analyzeduration", "avioflags", "buffer_size", "fflags", "fpsprobesize", "framerate",
        "input_format", "max_delay", "max_reload", "multiple_requests", "pixel_format", "pkt_size", "probesize",
        "reconnect", "reconnect_at_eof", "reconnect_delay_max", "reconnect_streamed", "reorder_queue_size",
        "rtsp_flags", "rtsp_transport", "rw_timeout", "stimeout", "timeout", "use_wallclock_as_timestamps",
        "user_agent", "video_size",
    }
)  # fmt: skip
COMMAND = frozenset({"thread_queue_size"})
# Said already by the command itself.
IGNORED = frozenset({"an", "dn", "sn", "re"})
# Meant for delay; on a file they only cost pictures (a decoder told to be quick gives up B-pictures' order).
LIVE_ONLY = frozenset({"flags", "fflags"})


@dataclass(frozen=True, slots=True)
class Flags:
    """Option name -> value, without the dash."""

    decoder: dict[str, str]
    demuxer: dict[str, str]


def split_flags(text: str) -> Flags:
    """Raises CaptureError for an option that does not tune reading a stream: the text becomes part of a command."""
    try:
        words = iter(shlex.split(text))
    except ValueError:
        raise _refused("an open quotation mark") from None
    flags = Flags({}, {})
    for word in words:
        name = word.removeprefix("-")
        if not word.startswith("-") or name not in DECODER | DEMUXER | COMMAND | IGNORED:
            raise _refused(word)
        if name in IGNORED:
            continue
        value = next(words, None)
        if value is None:
            raise _refused(f"{word} without a value")
        # A network camera's options are lines of a playlist: another line would be an instruction of its own.
        if not value.isprintable():
            raise _refused(f"{word} with a line break or the like")
        # A node opens connections to cameras; it does not wait for somebody to call.
        if name == "rtsp_flags" and "listen" in value:
            raise _refused(f"{word} {value}")
        if name == "stimeout":  # its name until FFmpeg 5
            name = "timeout"
        (flags.demuxer if name in DEMUXER else flags.decoder)[name] = value
    return flags


def _refused(what: str) -> CaptureError:
    return CaptureError(
        "bad_flags",
        f"The FFmpeg options of this camera cannot be used: {what[:60]}. Correct them in the camera's settings.",
        permanent=True,
    )
