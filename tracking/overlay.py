"""What is drawn over a camera's picture: the line and its way in, who is tracked, how many went in and out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tracking.geometry import Line
from tracking.tracker import Tracks

Colour = tuple[int, int, int]
Point = tuple[int, int]

_YELLOW: Colour = (0, 214, 255)  # BGR
_DARK: Colour = (24, 24, 24)
_WHITE: Colour = (255, 255, 255)
_BOX: Colour = (255, 176, 64)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Overlay:
    """What to draw. lines: 0-1. reverse: *in* is on the right-hand side of the lines. counts: in and out so far.
    labels: class names of `tracks.label`; boxes carry them where several kinds are followed.
    """

    tracks: Tracks | None = None
    lines: Sequence[Line] = ()
    reverse: bool = False
    counts: tuple[int, int] = (0, 0)
    labels: Sequence[str] = ()
    show_line: bool = True
    show_ids: bool = False
    show_counts: bool = True


def draw(image: NDArray[np.uint8], overlay: Overlay) -> NDArray[np.uint8]:
    """A copy of `image`, uint8 (H, W, 3) BGR of any size, with `overlay` on it, drawn in proportion to its size."""
    canvas = np.ascontiguousarray(image).copy()
    pen = _Pen(canvas)
    if overlay.tracks is not None:
        _draw_tracks(pen, overlay.tracks, overlay)
    if overlay.show_line:
        for line in overlay.lines:
            _draw_line(pen, line, reverse=overlay.reverse)
    if overlay.show_counts:
        entered, left = overlay.counts
        _draw_counts(pen, (("In", entered), ("Out", left)))
    return canvas


class _Pen:
    """Strokes and letters with a dark casing, readable on any background."""

    def __init__(self, canvas: NDArray[np.uint8]):
        self.canvas = canvas
        self.height, self.width = canvas.shape[:2]
        self.thick = max(1, round(min(self.height, self.width) / 240))
        self.bold = max(1, self.thick - 1)
        self.letter = max(0.35, min(self.height, self.width) / 800)

    def stroke(self, a: Point, b: Point, colour: Colour) -> None:
        cv2.line(self.canvas, a, b, _DARK, self.thick * 2 + 2, cv2.LINE_AA)
        cv2.line(self.canvas, a, b, colour, self.thick, cv2.LINE_AA)

    def arrow(self, a: Point, b: Point, colour: Colour) -> None:
        cv2.arrowedLine(self.canvas, a, b, _DARK, self.thick * 2 + 2, cv2.LINE_AA, tipLength=0.35)
        cv2.arrowedLine(self.canvas, a, b, colour, self.thick, cv2.LINE_AA, tipLength=0.35)

    def frame(self, a: Point, b: Point, colour: Colour) -> None:
        cv2.rectangle(self.canvas, a, b, _DARK, self.thick + 2, cv2.LINE_AA)
        cv2.rectangle(self.canvas, a, b, colour, self.thick, cv2.LINE_AA)

    def size(self, text: str, scale: float = 1.0) -> Point:
        (width, height), below = cv2.getTextSize(text, _FONT, self.letter * scale, self.bold)
        return width, height + below

    def plate(self, text: str, top_left: Point, colour: Colour, scale: float = 1.0) -> None:
        """`text` on a dark plate, pushed inside the picture."""
        width, height = self.size(text, scale)
        pad = self.thick * 2
        x = max(0, min(top_left[0], self.width - width - 2 * pad))
        y = max(0, min(top_left[1], self.height - height - 2 * pad))
        cv2.rectangle(self.canvas, (x, y), (x + width + 2 * pad, y + height + 2 * pad), _DARK, cv2.FILLED)
        at = (x + pad, y + pad + round(height * 0.78))
        cv2.putText(self.canvas, text, at, _FONT, self.letter * scale, colour, self.bold, cv2.LINE_AA)


def _draw_tracks(pen: _Pen, tracks: Tracks, overlay: Overlay) -> None:
    several = len(overlay.labels) > 1 and len(np.unique(tracks.label)) > 1
    for row in np.flatnonzero(tracks.confirmed):
        x1, y1, x2, y2 = (round(float(edge)) for edge in tracks.xyxy[row])
        pen.frame((x1, y1), (x2, y2), _BOX)
        words = []
        if several:
            words.append(overlay.labels[tracks.label[row]])
        if overlay.show_ids:
            words.append(f"#{tracks.id[row]}")
        if words:
            text = " ".join(words)
            pen.plate(text, (x1, y1 - pen.size(text)[1] - 4 * pen.thick), _WHITE)


def _draw_line(pen: _Pen, line: Line, *, reverse: bool) -> None:
    """The line, and an arrow from its middle towards the side that is *in*."""
    size = np.array((pen.width, pen.height), np.float64)
    a, b = (np.array(point, np.float64) * size for point in line)
    along = b - a
    length = float(np.hypot(*along))
    if not length:
        return
    # On the screen, y down, the left hand of someone walking from A to B points to (dy, -dx).
    inwards = np.array((along[1], -along[0])) / length * (-1 if reverse else 1)
    middle = (a + b) / 2
    tip = middle + inwards * min(pen.height, pen.width) * 0.09
    pen.stroke(_pixel(a), _pixel(b), _YELLOW)
    pen.arrow(_pixel(middle), _pixel(tip), _YELLOW)
    text_width, text_height = pen.size("IN")
    corner = tip + inwards * (text_height + 2 * pen.thick) - np.array((text_width / 2, text_height / 2))
    pen.plate("IN", _pixel(corner), _YELLOW)


def _draw_counts(pen: _Pen, figures: Sequence[tuple[str, int]]) -> None:
    y = pen.thick * 3
    for word, figure in figures:
        text = f"{word} {figure}"
        pen.plate(text, (pen.thick * 3, y), _WHITE, 1.3)
        y += pen.size(text, 1.3)[1] + 6 * pen.thick


def _pixel(point: NDArray[np.float64]) -> Point:
    return round(float(point[0])), round(float(point[1]))
