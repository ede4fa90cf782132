"""Whatever way a line comes, it arrives once, whole and without secrets."""

import logging
import sys
import threading
import warnings
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from loguru import logger

from cameras.capture.child import Child
from cameras.capture.ffmpeg import FfmpegSource
from crowdsite import masking
from crowdsite.celery import app
from crowdsite.log_context import about, inherited
from crowdsite.log_rate import LINES, PERIOD_SECS, LimitedLines
from crowdsite.logging import ToLoguru, configure_logging, set_level
from tests.support.installation import wait_until

_WORD = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="&\"'\\*"), min_size=8, max_size=30
)


class CameraError(Exception):
    pass


@app.task(name="tests.logs.failing", bind=True)
def failing(self, password: str) -> None:
    raise CameraError(f"rtsp://admin:{password}@10.0.0.9/live answered 401")


def raise_chain(password: str) -> None:
    try:
        raise CameraError(f"login with password={password} refused")
    except CameraError as error:
        raise RuntimeError(f"camera rtsp://admin:{quote(password, safe='')}@10.0.0.9/ is lost") from error


def say_everything(password: str) -> None:
    url = f"rtsp://admin:{password}@10.0.0.9/live"
    standard = logging.getLogger("library")
    logger.info("opening {}", url)
    logger.bind(url=url, smtp_pass=password, nested={"token": [password]}).info("bound")
    standard.warning("opening %s with password=%s", url, password)
    standard.info({"password": password, "user": "x"})
    standard.error("Authorization: Basic %s", password)
    with warnings.catch_warnings():  # pytest takes warnings for itself
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(f"smtp_pass={password} is old", stacklevel=1)
        logging.captureWarnings(False)
    try:
        raise_chain(password)
    except RuntimeError:
        logger.exception("failed")
        standard.exception("failed too")
    thread = threading.Thread(target=raise_chain, args=[password])
    thread.start()
    thread.join()
    try:
        raise_chain(password)
    except RuntimeError:
        sys.excepthook(*sys.exc_info())
    failing.apply([password], throw=False)
    FfmpegSource._see_line(spoken(), f"[rtsp @ 0x1] method DESCRIBE failed: {url}: 401")


def spoken() -> FfmpegSource:
    source = FfmpegSource.__new__(FfmpegSource)
    source._spoken = LimitedLines("ffmpeg")
    source._sized = threading.Event()
    return source


@pytest.mark.django_db(databases=["default", "redis"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
)  # fmt: skip
@given(password=_WORD)
def test_no_way_into_the_log_shows_a_password(log, password):
    # What stands in a line anyway is no secret one could look for.
    password = f"{password}~Zq7"
    log.clear()
    say_everything(password)
    assert len(log.lines) >= 12
    for form in (password, quote(password, safe="")):
        assert form not in log.text
        assert form not in log.file


def test_known_secrets_of_the_installation_never_show(log, settings):
    settings.SECRET_KEY, settings.REDIS_URL = "kd83-secret-key", "redis://:hx72-redis@10.0.0.5/0"
    (settings.VAR_DIR / "flower_password").write_text("fl99-flower\n")
    configure_logging({"level": "INFO", "dir": log.folder})
    logger.info("plain kd83-secret-key and hx72-redis and fl99-flower")
    assert log.lines[-1]["message"] == "plain *** and *** and ***"
    (settings.VAR_DIR / "flower_password").unlink()


def test_a_child_speaks_in_the_log_of_the_thread_that_started_it(log):
    with about(camera_id=7):
        lines = LimitedLines("ffmpeg")
        child = Child(["sh", "-c", "echo 'token=abcdefgh hello' >&2"], on_line=lines.debug)
        wait_until(lambda: child.lines, "it has spoken")
        child.close()
    [line] = [line for line in log.lines if line["source"] == "ffmpeg"]
    assert line["camera_id"] == 7 and line["message"] == "token=*** hello" and line["level"] == "DEBUG"


def test_threads_inherit_what_a_line_is_about(log):
    with about(camera_id=3, request_id="abcdefgh"):
        for target in (inherited(logger.info), logger.info):
            thread = threading.Thread(target=target, args=["from a thread"])
            thread.start()
            thread.join()
    first, second = log.lines
    assert first["camera_id"] == 3 and first["request_id"] == "abcdefgh" and "camera_id" not in second
    assert "[camera 3, request abcdefgh]" in log.text


def test_a_chatty_program_is_cut_short_and_what_is_missing_is_counted(log):
    now = 100.0
    lines = LimitedLines("ffmpeg", clock=lambda: now)
    for number in range(LINES + 30):
        lines.debug(f"line {number}")
    assert len(log.lines) == LINES
    now += PERIOD_SECS
    lines.debug("calm again")
    assert [line["message"] for line in log.lines[-2:]] == ["30 more lines were left out", "calm again"]


def test_a_line_cannot_pretend_to_be_two_and_cannot_paint_the_terminal(log):
    logger.info("user {}", "x\n2026-01-01 00:00:00.000 INFO faked: line\x1b[31m\r")
    assert len(log.lines) == 1
    assert "\n    2026-01-01" in log.text and "\x1b" not in log.text and "\r" not in log.text


def test_what_cannot_be_shown_is_still_a_line(log):
    class Broken:
        def __str__(self) -> str:
            raise ValueError("no")

        __repr__ = __str__

    circle: dict = {}
    circle["self"] = circle
    logger.bind(broken=Broken(), circle=[1], nan=float("nan"), text="\udc80").info("odd")
    logger.bind(circle=circle).info("round")
    # Given by hand: pytest's own handler would raise.
    ToLoguru().emit(logging.LogRecord("library", logging.WARNING, "", 1, "%d files", ("three",), None))
    assert [line["message"].partition(" (")[0] for line in log.lines] == ["odd", "round", "%d files"]
    assert "do not fit" in log.text


def test_a_very_long_line_keeps_its_beginning_and_its_end(log):
    logger.info("begin {} end", "x" * 3_000_000)
    [line] = log.lines
    assert (
        line["message"].startswith("begin xxx") and line["message"].endswith("x end") and len(line["message"]) < 40_000
    )


def test_the_level_changes_for_everything_at_once(log):
    set_level("WARNING")
    logger.info("no")
    logging.getLogger("library").info("no")
    set_level("DEBUG")
    logger.debug("yes")
    logging.getLogger("library").debug("yes")
    assert [line["message"] for line in log.lines] == ["yes", "yes"]


def test_settings_that_cannot_be_used_are_said_and_the_default_holds(log):
    configure_logging({"level": "LOUD", "format": "xml", "dir": log.folder, "rotation": "daily"})
    said = [line["message"] for line in log.lines]
    assert any("LOG_LEVEL" in line and "INFO is used" in line for line in said)
    assert any("LOG_FORMAT" in line for line in said) and any("LOG_ROTATION" in line for line in said)


def test_containers_get_json_on_standard_error(log):
    configure_logging({"level": "INFO", "format": "json", "dir": None})
    logger.info("hello")
    assert '"message": "hello"' in log.text
    assert masking.MASK not in log.text


def test_a_worker_that_tries_to_reach_redis_again_and_again_says_so_once_a_minute(log):
    consumer = logging.getLogger("celery.worker.consumer.consumer")
    for attempt in range(5):
        consumer.error("consumer: Cannot connect to %s: %s.", "redis", attempt)
    consumer.error("Another line")
    said = [line["message"] for line in log.lines if line["source"] == consumer.name]
    assert said == ["consumer: Cannot connect to redis: 0.", "Another line"]
