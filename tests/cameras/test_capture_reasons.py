"""Lines as both ffmpegs print them."""

import pytest

from cameras.address import Address
from cameras.capture.reasons import explain

RTSP = Address("rtsp", "rtsp://cam/live", "cam")
HTTP = Address("http", "http://cam/video", "cam")
FILE = Address("file", "/srv/videos/a.mp4")
WEBCAM = Address("webcam", "/dev/video0")


@pytest.mark.parametrize(
    ("address", "lines", "code", "permanent"),
    [
        (RTSP, ["[rtsp @ 0x1] method DESCRIBE failed: 401 Unauthorized", "pipe:0: Server returned 401 Unauthorized"],
         "unauthorized", True),
        (RTSP, ["[rtsp @ 0x1] method DESCRIBE failed: 401 (Unauthorized)"], "unauthorized", True),
        (HTTP, ["[http @ 0x1] HTTP error 403 Forbidden", "Server returned 403 Forbidden (access denied)"],
         "forbidden", True),
        (RTSP, ["[rtsp @ 0x1] method DESCRIBE failed: 404 Not Found"], "not_found", False),
        (RTSP, ["[rtsp @ 0x1] method DESCRIBE failed: 404 (Not Found)"], "not_found", False),
        (RTSP, ["[rtsp @ 0x1] method SETUP failed: 461 Unsupported transport"], "transport", False),
        (RTSP, ["[rtsp @ 0x1] method PLAY failed: 453 Not Enough Bandwidth"], "too_many_readers", False),
        (HTTP, ["[http @ 0x1] HTTP error 503 x", "Server returned 5XX Server Error reply"], "camera_error", False),
        (RTSP, ["[tcp @ 0x1] Failed to resolve hostname nosuch: Name or service not known", "pipe:0: I/O error"],
         "unknown_host", False),
        (RTSP, ["[tcp @ 0x1] Connection to tcp://127.0.0.1:1?timeout=4 failed: Connection refused"], "refused", False),
        (RTSP, ["[tcp @ 0x1] Connection to tcp://10.0.0.9:554 failed: No route to host"], "no_route", False),
        (RTSP, ["[tcp @ 0x1] Connection to tcp://10.0.0.9:554 failed: Connection timed out"], "timeout", False),
        (RTSP, ["[concat @ 0x1] Impossible to open 'rtsp://cam'", "pipe:0: Invalid data found when processing input"],
         "no_answer", False),
        (HTTP, ["pipe:0: Invalid data found when processing input"], "not_video", True),
        (FILE, ["/srv/videos/a.mp4: Invalid data found when processing input"], "not_video", True),
        (FILE, ["[mov @ 0x1] moov atom not found"], "not_video", True),
        (FILE, ["file:/srv/videos/a.mp4: No such file or directory"], "missing_file", True),
        (FILE, ["file:/srv/videos/a.mp4: Permission denied"], "no_permission", True),
        (FILE, ["Stream map '0:v:0' matches no streams."], "no_video", True),
        (FILE, ["Decoder (codec vvc) not found for input stream #0:0"], "unsupported_codec", True),
        (HTTP, ["[mpegts @ 0x1] Could not find codec parameters for stream 0 (Video: none ([6][0][0][0]), none): "
                "unknown codec"], "unsupported_codec", True),
        (RTSP, ["[rtsp @ 0x1] Could not find codec parameters for stream 0 (Video: h264, none): unspecified size",
                "pipe:0: Invalid data found when processing input"], "no_picture", False),
        (RTSP, ["[rtsp @ 0x1] Could not find codec parameters for stream 1 (Audio: aac, 0 channels): x",
                "Error: Connection reset by peer"], "closed", False),
        (FILE, ["[h264 @ 0x1] Could not find codec parameters for stream 0 (Video: h264, none): unspecified size"],
         "no_picture", False),
        (WEBCAM, ["[video4linux2 @ 0x1] Cannot open video device /dev/video0: Device or resource busy"], "busy", False),
        (RTSP, [], "failed", False),
    ],
)  # fmt: skip
def test_what_ffmpeg_prints_becomes_a_reason(address, lines, code, permanent):
    error = explain(lines, address, had_pictures=False)
    assert (error.code, error.permanent) == (code, permanent)
    assert error.message.endswith(".")


def test_a_stream_that_breaks_off_is_never_a_permanent_fault():
    error = explain(["pipe:0: Invalid data found when processing input"], HTTP, had_pictures=True)
    assert not error.permanent
    assert explain(["frame=  100"], RTSP, had_pictures=True).code == "closed"
    assert "ended" in explain([], FILE, had_pictures=True).message


def test_what_was_said_of_the_opening_is_forgotten_once_pictures_came():
    lines = ["[rtsp @ 0x1] Could not find codec parameters for stream 0 (Video: h264, none): unspecified size"]
    assert explain(lines, RTSP, had_pictures=True).code == "closed"


@pytest.mark.parametrize(
    ("head", "says"),
    [(b"Dear reader, this is no film.", "not a video"), (b"\0\0\0\x20ftypisom\0\0\0\0", "incomplete")],
)
def test_a_text_with_the_name_of_a_film_is_told_from_half_a_film(tmp_path, head, says):
    (tmp_path / "notes.mp4").write_bytes(head)
    file = Address("file", str(tmp_path / "notes.mp4"))
    error = explain(["[mov @ 0x1] moov atom not found"], file, had_pictures=False)
    assert says in error.message
    assert (error.code, error.permanent) == ("not_video", True)


def test_a_refused_password_is_tried_again_only_after_minutes():
    error = explain(["method DESCRIBE failed: 401 Unauthorized"], RTSP, had_pictures=False)
    assert error.retry_secs >= 300
