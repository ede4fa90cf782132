"""When a loop says that its node has too much to do."""

from types import SimpleNamespace

import pytest

from cameras.capture.health import Health
from tracking.loop import CameraLoop
from tracking.loop_status import loop_status
from tracking.meter import LoopMeter

NOW = 1000.0


def state_of(*, target_fps: float, fps: float, analysed_fps: float, frame_skip: int = 0) -> str:
    """The status' code of a loop that analysed so many pictures a second for a minute."""
    meter = LoopMeter(NOW - 60)
    for number in range(int(60 * analysed_fps)):
        at = NOW - number / analysed_fps
        meter._analysed.appendleft(at)
    health = Health(
        state="live", code="", reason="", since=NOW - 60, backend="ffmpeg", width=640, height=360, fps=fps,
        target_fps=target_fps, drops=0, reconnects=0, frame_at=NOW, frame_age_secs=0.1, note="",
    )  # fmt: skip
    feed = SimpleNamespace(health=lambda: health, kept=lambda: None)
    loop = SimpleNamespace(
        feed=feed, meter=meter, engine=None, outdated=0, note="", problem="", is_counting=True,
        config=SimpleNamespace(line=((0, 0), (1, 1))), _settings=SimpleNamespace(frame_skip=frame_skip),
    )  # fmt: skip
    loop.analysed_share = CameraLoop.analysed_share.fget(loop)
    return loop_status(loop, node="node", at=NOW).code


@pytest.mark.parametrize(
    ("load", "code"),
    [
        ({"target_fps": 10, "fps": 10, "analysed_fps": 1}, "overloaded"),
        ({"target_fps": 10, "fps": 10, "analysed_fps": 3}, ""),
        ({"target_fps": 1, "fps": 1, "analysed_fps": 1}, ""),
        ({"target_fps": 1, "fps": 1, "analysed_fps": 0.5}, "overloaded"),
        ({"target_fps": 5, "fps": 5, "analysed_fps": 1, "frame_skip": 4}, ""),
        ({"target_fps": 5, "fps": 5, "analysed_fps": 0.5, "frame_skip": 4}, "overloaded"),
    ],
    ids=["far too few", "enough", "one is asked for", "half of one", "one after skipping", "half of it"],
)
def test_too_much_to_do_is_measured_by_what_the_settings_ask_for(load, code):
    assert state_of(**load) == code
