from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cameras.address import is_forbidden_ip, mask, mask_text, parse, unmask
from crowdsite.errors import CrowdsiteError


@pytest.mark.parametrize(
    ("url", "kind", "opened"),
    [
        ("rtsp://192.168.1.20:554/stream1", "rtsp", "rtsp://192.168.1.20:554/stream1"),
        ("  rtsps://cam.local/live ", "rtsp", "rtsps://cam.local/live"),
        ("RTSP://cam/live", "rtsp", "RTSP://cam/live"),
        ("rtsp://admin:p@ss@10.0.0.9/live?channel=1", "rtsp", "rtsp://admin:p@ss@10.0.0.9/live?channel=1"),
        ("rtsp://[2001:db8::7]:8554/a", "rtsp", "rtsp://[2001:db8::7]:8554/a"),
        ("https://camera.example/video.mjpg", "http", "https://camera.example/video.mjpg"),
        ("http://127.0.0.1:1984/api/stream.mp4?src=gate", "http", "http://127.0.0.1:1984/api/stream.mp4?src=gate"),
        ("http://kamera-münchen.example/a", "http", "http://kamera-münchen.example/a"),
        ("0", "webcam", "/dev/video0"),
        ("12", "webcam", "/dev/video12"),
        ("/dev/video2", "webcam", "/dev/video2"),
        ("demo:", "demo", "demo:"),
    ],
)
def test_addresses_cameras_use_are_accepted(url, kind, opened):
    address = parse(url)
    assert (address.kind, address.url) == (kind, opened)


@pytest.mark.parametrize(
    "url",
    [
        "", "   ", "rtsp://", "rtsp:///stream", "rtsp:cam", "rtsp://cam:0/", "rtsp://cam:99999/", "rtsp://cam:abc/x",
        "rtsp://admin:pa/ss@cam/live", "rtsp://ca m/live", "rtsp://cam/li ve", "rtsp://[::1/live", "rtsp://-cam-/x",
        "rtsp://cam/\nfile '/etc/passwd'", "ftp://cam/x", "gopher://cam:70/_x", "concat:/etc/a|b",
        "tcp://10.0.0.1:80", "javascript:alert(1)", "file://server/share/a.mp4", "rtsp://cam/" + "a" * 3000, "\0",
        None,
    ],
)  # fmt: skip
def test_what_is_no_camera_address_is_refused_with_a_sentence(url):
    with pytest.raises(CrowdsiteError) as refused:
        parse(url, folders=[Path("/srv/videos")])
    assert refused.value.message.endswith(".")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "[fe80::1]", "[fe80::1%25eth0]", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
        "169.254.43518", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "100.100.100.200", "metadata.google.internal",
        "METADATA.google.internal.", "0.0.0.0", "[::]", "224.0.0.1", "255.255.255.255", "168.63.129.16",
    ],
)  # fmt: skip
def test_metadata_and_link_local_addresses_are_refused_in_every_spelling(host):
    with pytest.raises(CrowdsiteError) as refused:
        parse(f"http://{host}/latest/meta-data/")
    assert refused.value.code == "forbidden_address"


def test_what_a_host_name_resolves_to_can_be_checked_too():
    assert is_forbidden_ip("169.254.169.254")
    assert is_forbidden_ip("fe80::1%eth0")
    assert not is_forbidden_ip("192.168.1.4")


def test_files_are_opened_only_inside_the_allowed_folders(tmp_path):
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "gate one.mp4").touch()
    secret = tmp_path / "secret.mp4"
    secret.touch()
    (videos / "link.mp4").symlink_to(secret)
    for good in (
        f"{videos}/gate one.mp4",
        "gate one.mp4",
        f"file:{videos}/gate one.mp4",
        f"file://{videos}/gate%20one.mp4",
    ):
        assert parse(good, folders=[videos]).url == str(videos / "gate one.mp4")
    for bad in (
        "/etc/passwd",
        "file:///etc/passwd",
        "../secret.mp4",
        f"{videos}/../secret.mp4",
        "link.mp4",
        str(videos),
    ):
        with pytest.raises(CrowdsiteError) as refused:
            parse(bad, folders=[videos])
        assert refused.value.code == "forbidden_address"
    with pytest.raises(CrowdsiteError):
        parse(f"{videos}/gate one.mp4")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:s3cret@cam:554/live", "rtsp://***@cam:554/live"),
        ("rtsp://admin:p@ss@cam/live", "rtsp://***@cam/live"),
        ("rtsp://admin:pa/ss?x#y@cam/live", "rtsp://***@cam/live"),
        ("rtsp://admin@cam/live", "rtsp://***@cam/live"),
        ("http://cam/v.cgi?user=admin&pwd=s3cret&ch=1", "http://cam/v.cgi?user=***&pwd=***&ch=1"),
        ("http://cam/v?Access_Token=abc#t", "http://cam/v?Access_Token=***#t"),
        ("rtsp://cam/live", "rtsp://cam/live"),
        ("http://cam/@v1/live", "http://cam/@v1/live"),
        ("/srv/videos/a@b.mp4", "/srv/videos/a@b.mp4"),
        ("demo:", "demo:"),
        ("", ""),
    ],
)
def test_secrets_are_masked_wherever_an_address_is_shown(url, shown):
    assert mask(url) == shown
    assert mask(shown) == shown


def test_masking_a_line_hides_the_password_in_any_form():
    url = "rtsp://admin:s3%40cret@cam/live?token=abcdef"
    line = f"[rtsp] {url}: bad; user admin:s3%40cret, decoded s3@cret, other http://u:p@x/y and tcp://u:p@cam:554?timeout=1"
    shown = mask_text(line, url)
    for secret in ("s3%40cret", "s3@cret", "abcdef", "u:p"):
        assert secret not in shown
    assert "tcp://***@cam:554?timeout=1" in shown


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from(["", "rtsp://", "http://[", "rtsp://a:b@", "file:", "file://", "/dev/video"])
)
def test_no_text_raises_anything_but_a_refusal(text, prefix):
    url = prefix + text
    try:
        parse(url, folders=[Path("/srv/videos")])
    except CrowdsiteError as refused:
        assert refused.message
    mask(url)
    mask_text("x " + url, url)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=5, max_size=12))
def test_no_password_survives_masking(password):
    assert password not in mask(f"rtsp://user:{password}@cam/live").removeprefix("rtsp://***@cam/live")
    assert mask(f"rtsp://user:{password}@cam/live") == "rtsp://***@cam/live"


def test_a_form_that_returns_the_masked_address_keeps_the_password_but_not_for_another_host():
    stored = "rtsp://admin:s3cret@cam:554/live"
    assert unmask(mask(stored), stored) == stored
    assert unmask("rtsp://***@cam:554/other", stored) == "rtsp://admin:s3cret@cam:554/other"
    assert unmask("rtsp://new:word@cam:554/live", stored) == "rtsp://new:word@cam:554/live"
    for elsewhere in (
        "rtsp://***@evil:554/live",
        "http://***@cam:554/live",
        "rtsp://***@cam:555/live",
        "rtsp://x/?pwd=***",
    ):
        with pytest.raises(CrowdsiteError):
            unmask(elsewhere, stored)
