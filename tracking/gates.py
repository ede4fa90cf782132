"""Which pictures are worth the detector's time. Pure.

The rate (`detector_fps`) is limited where pictures are captured, so that those too many never leave ffmpeg.
"""


class SkipGate:
    """Lets one picture through, then drops `frame_skip`, as v81's setting of that name asks."""

    def __init__(self, frame_skip: int):
        self._frame_skip = frame_skip
        self._left = 0

    def admits(self) -> bool:
        if self._left:
            self._left -= 1
            return False
        self._left = self._frame_skip
        return True
