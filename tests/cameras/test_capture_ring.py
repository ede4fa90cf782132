"""The ring of encoded video: packets made here, and what real ffmpeg writes."""

import pytest

from cameras.capture.ring import PACKET, PMT_PID, VIDEO_PID, VideoRing

H264, MJPEG = 0x1B, 0x06
# A picture's packets, all told apart by their filling.
PAT = bytes([0x47, 0x40, 0x00, 0x10]) + bytes(PACKET - 4)


def pmt(stream_type: int) -> bytes:
    section = bytes([2, 0xB0, 18, 0, 1, 0xC1, 0, 0, 0xE1, 0, 0xF0, 0, stream_type, 0xE1, 0, 0xF0, 0])
    return (bytes([0x47, 0x40 | PMT_PID >> 8, PMT_PID & 0xFF, 0x10, 0]) + section).ljust(PACKET, b"\xff")


def picture(mark: int, *, key: bool = False, packets: int = 2) -> bytes:
    head = bytes([0x47, 0x40 | VIDEO_PID >> 8, VIDEO_PID & 0xFF, 0x30, 7, 0x50 if key else 0x10])
    rest = bytes([0x47, VIDEO_PID >> 8, VIDEO_PID & 0xFF, 0x10])
    return head.ljust(PACKET, bytes([mark])) + rest.ljust(PACKET, bytes([mark])) * (packets - 1)


TABLES = PAT + pmt(H264)


def marks(ring: VideoRing) -> list[int]:
    """The pictures that a clip holds, by their filling."""
    clip = ring.clip()
    if clip is None:
        return []
    data = b"".join(clip.parts)
    assert data.startswith(TABLES)
    packets = [data[at : at + PACKET] for at in range(2 * PACKET, len(data), PACKET)]
    return list(dict.fromkeys(packet[-1] for packet in packets))


def filled(secs: float, *, pictures: int, every: int, **limits) -> VideoRing:
    """A picture a second, a key frame every `every`; the last one is not yet known to be whole."""
    ring = VideoRing(secs, **limits)
    ring.write(TABLES, 0)
    for at in range(pictures):
        ring.write(picture(at, key=at % every == 0), at)
    return ring


def test_a_clip_begins_with_the_key_frame_before_the_seconds_that_were_asked_for():
    assert marks(filled(5, pictures=20, every=3)) == list(range(12, 19))


def test_nothing_older_than_one_group_more_than_the_seconds_is_held():
    ring = filled(5, pictures=200, every=3)
    assert 5 <= ring.held_secs() < 5 + 3


def test_what_comes_before_the_first_key_frame_is_left_out():
    ring = VideoRing(10)
    ring.write(TABLES + picture(1) + picture(2, key=True) + picture(3) + picture(4), 0)
    assert marks(ring) == [2, 3]


def test_before_the_first_whole_picture_there_is_nothing_to_save():
    ring = VideoRing(10)
    assert (ring.clip(), ring.held_secs()) == (None, 0.0)
    ring.write(TABLES + picture(1, key=True), 0)
    assert ring.clip() is None
    ring.write(picture(2), 1)
    assert marks(ring) == [1]


def test_a_picture_that_may_be_incomplete_is_left_out():
    ring = filled(60, pictures=5, every=2)
    ring.write(picture(9, packets=8)[: 3 * PACKET], 5)
    assert marks(ring) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("piece", [1, 7, 187, 188, 189, 1000])
def test_pieces_of_any_size_make_the_same_clip(piece):
    stream = TABLES + b"".join(picture(number, key=number % 3 == 0) for number in range(1, 12))
    ring = VideoRing(60)
    for at in range(0, len(stream), piece):
        ring.write(stream[at : at + piece], 0)
    assert marks(ring) == list(range(3, 11))


def test_memory_has_a_limit_whatever_the_rate():
    ring = filled(60, pictures=50, every=5, max_bytes=20 * PACKET)
    assert ring.clip().size <= 22 * PACKET
    assert marks(ring) == list(range(40, 49))


def test_a_camera_without_key_frames_fills_no_memory_and_is_held_again_from_the_next_one():
    ring = filled(60, pictures=200, every=1000, max_bytes=20 * PACKET)
    assert ring.clip() is None
    ring.write(picture(7, key=True) + picture(8) + picture(9), 500)
    assert marks(ring) == [7, 8]


def test_fewer_seconds_are_at_work_with_the_next_picture():
    ring = filled(30, pictures=30, every=2)
    ring.secs = 5
    ring.write(picture(30, key=True), 30)
    assert 5 <= ring.held_secs() <= 7


def test_video_of_another_kind_is_said_and_not_held():
    ring = VideoRing(10)
    ring.write(PAT + pmt(MJPEG) + picture(1, key=True) * 5, 0)
    assert (ring.is_unsuitable, ring.clip(), ring.held_secs()) == (True, None, 0.0)
    assert not filled(5, pictures=3, every=1).is_unsuitable


def test_a_stream_that_was_cut_within_a_packet_goes_on_with_the_next_key_frame():
    ring = filled(60, pictures=5, every=2)
    ring.write(b"torn", 5)
    for number in range(20, 40):
        ring.write(picture(number, key=number % 3 == 0), 6)
    assert marks(ring)[0] % 3 == 0
    assert marks(ring)[-1] == 38 and marks(ring)[0] > 20
