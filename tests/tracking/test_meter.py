from tracking.meter import LoopMeter


def analyse(meter: LoopMeter, *, start: float, secs: float, fps: float = 10.0) -> float:
    """Pictures at `fps`; returns when the last one was through."""
    at = start
    for number in range(int(secs * fps)):
        at = start + number / fps
        meter.analysed(at, at - 0.1)
    return at


def test_a_slow_loop_is_said_so_only_after_ten_seconds():
    meter = LoopMeter(0.0)
    assert not meter.is_warm(0.0)
    analyse(meter, start=0.0, secs=9.0, fps=1.0)
    assert not meter.is_warm(0.0)
    end = analyse(meter, start=9.0, secs=4.0, fps=1.0)
    assert meter.is_warm(0.0)
    assert meter.fps(end) == 1.0


def test_pictures_that_come_again_after_an_outage_are_a_new_beginning():
    meter = LoopMeter(0.0)
    analyse(meter, start=0.0, secs=20.0)
    end = analyse(meter, start=60.0, secs=1.0)
    assert meter.fps(end) < 3  # the window still holds the outage
    assert not meter.is_warm(60.0)
    analyse(meter, start=61.0, secs=11.0)
    assert meter.is_warm(60.0)


def test_a_loop_too_slow_for_its_camera_is_no_outage():
    meter = LoopMeter(0.0)
    analyse(meter, start=0.0, secs=40.0, fps=0.3)
    assert meter.is_warm(0.0)
