"""`manage.py count`: count who crosses lines in a video file. Needs neither Redis nor the database."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import cv2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from cameras.frames import Frame
from crowdsite.errors import CrowdsiteError
from tracking.engines import Engine, create_engine
from tracking.gates import SceneRules
from tracking.geometry import Line, Size, check_line, to_normalised
from tracking.labels import expand, unseen_sentence, visible
from tracking.line_counter import Crossing
from tracking.offline import OfflineCount, Pace, Video, count_video
from tracking.overlay import Overlay, draw
from tracking.pipeline import StepResult
from tracking.registry import find_model

if TYPE_CHECKING:
    from tracking.annotated_video import AnnotatedVideo

BAD_INPUT = 2
DEFAULT_MODEL = "yolov8n"


class Command(BaseCommand):
    """See `help`."""

    help = "Count the people who cross one or more lines in a video file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("video", type=Path, metavar="VIDEO")
        parser.add_argument(
            "--line",
            action="append",
            required=True,
            metavar="x1,y1,x2,y2",
            help="from (x1, y1) to (x2, y2) in pixels of the video; its left-hand side is inside. May be repeated",
        )
        parser.add_argument("--model", metavar="PATH", help=f"weights: a path, or a name to look for ({DEFAULT_MODEL})")
        parser.add_argument("--imgsz", type=int, default=640, metavar="N", help="long side given to the detector")
        parser.add_argument("--conf", type=float, default=0.25, help="lowest detection score, 0-1")
        parser.add_argument("--every", type=int, metavar="N", help="analyse every N-th picture")
        parser.add_argument("--fps", type=float, metavar="F", help="analyse F pictures of each second of video")
        parser.add_argument("--adaptive-skip", action="store_true", help="look less often while nothing moves")
        parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:0, ...")
        parser.add_argument("--labels", default="person", help="kinds of objects to count, separated by commas")
        parser.add_argument("--tracks", type=Path, metavar="OUT.txt", help="write the tracks as MOT rows")
        parser.add_argument("--video", dest="drawn", type=Path, metavar="OUT.mp4", help="write the video, annotated")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        # One sentence of ours instead of what FFmpeg thinks of a file.
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            report = _count(options)
        except CrowdsiteError as error:
            raise CommandError(error.message, returncode=BAD_INPUT) from error
        self.stdout.write(json.dumps(report) if options["json"] else _in_words(report))


def _count(options: dict[str, Any]) -> dict[str, Any]:
    pace = _pace(options["every"], options["fps"])
    with ExitStack() as stack:
        video = stack.enter_context(Video(options["video"]))
        pixel_lines = [_parse_line(text) for text in options["line"]]
        lines = [_normalised(line, video.size) for line in pixel_lines]
        engine = _engine(options)
        stack.callback(engine.close)
        labels = _labels(options, engine)
        watchers = _watchers(options, video, lines, engine, stack)

        def watch(frame: Frame, result: StepResult) -> None:
            for watcher in watchers:
                watcher(frame, result)

        scene = SceneRules(adaptive=options["adaptive_skip"])
        counted = count_video(video, lines, engine, pace=pace, track=labels, scene=scene, watch=watch)
        return _report(options["video"], video, engine, counted, pixel_lines)


def _pace(every: int | None, fps: float | None) -> Pace:
    if every is not None and fps is not None:
        raise CrowdsiteError("Give either --every or --fps, not both.")
    if every is not None and every < 1:
        raise CrowdsiteError("--every takes a whole number from 1.")
    if fps is not None and not 0 < fps < float("inf"):
        raise CrowdsiteError("--fps takes a number above 0.")
    return Pace(every=every or 1, fps=fps)


def _parse_line(text: str) -> Line:
    try:
        ax, ay, bx, by = (float(part) for part in text.split(","))
    except ValueError as error:
        raise CrowdsiteError(f"The line {text!r} is not four numbers like 302,0,302,359.") from error
    return (ax, ay), (bx, by)


def _normalised(line: Line, size: Size) -> Line:
    normalised = to_normalised(line, size)
    try:
        check_line(normalised)
    except ValueError as error:
        (ax, ay), (bx, by) = line
        width, height = size
        raise CrowdsiteError(f"Line {ax:g},{ay:g},{bx:g},{by:g} in a {width}x{height} video: {error}") from error
    return normalised


def _engine(options: dict[str, Any]) -> Engine:
    folders = " or ".join(str(folder) for folder in settings.MODEL_DIRS)
    name = options["model"]
    path = find_model(name or DEFAULT_MODEL, settings.MODEL_DIRS)
    if path is None and name:
        raise CrowdsiteError(f"There is no model {name}. Give the path of a file, or put it into {folders}.")
    if path is None:
        why = f"There is no model {DEFAULT_MODEL} in {folders}"
        sys.stderr.write(f"{why}, so the built-in detector counts, and only roughly.\n")
    return create_engine(
        path,
        device=options["device"],
        imgsz=options["imgsz"],
        conf=options["conf"],
        labels=expand(options["labels"].split(",")),
    )


def _labels(options: dict[str, Any], engine: Engine) -> frozenset[str]:
    names = options["labels"].split(",")
    if problem := unseen_sentence(names, engine.labels, engine.model or "The built-in detector"):
        raise CrowdsiteError(problem)
    return visible(names, engine.labels)


Watcher = Callable[[Frame, StepResult], None]


def _watchers(
    options: dict[str, Any], video: Video, lines: list[Line], engine: Engine, stack: ExitStack
) -> list[Watcher]:
    """What happens to each analysed picture beside being counted."""
    watchers: list[Watcher] = []
    if options["tracks"]:
        out = stack.enter_context(_create(options["tracks"]))
        watchers.append(lambda frame, result: _write_tracks(out, frame, result))
    if options["drawn"]:
        from tracking.annotated_video import AnnotatedVideo  # an encoder is no use to who only counts

        drawn = stack.enter_context(AnnotatedVideo(options["drawn"], video.size, video.fps))
        watchers.append(_Drawing(drawn, lines, engine))
    if sys.stderr.isatty() or not options["json"]:
        bar = stack.enter_context(tqdm(total=video.length or None, unit="frame", file=sys.stderr, leave=False))
        watchers.append(lambda frame, result: bar.update(frame.index + 1 - bar.n) and None)
    return watchers


class _Drawing:
    """Writes each analysed picture with the tracks, the lines and the counts so far."""

    def __init__(self, video: "AnnotatedVideo", lines: list[Line], engine: Engine):
        self._video = video
        self._lines = lines
        self._labels = engine.labels
        self._counts = {"in": 0, "out": 0}

    def __call__(self, frame: Frame, result: StepResult) -> None:
        for crossing in result.crossings:
            self._counts[crossing.direction] += 1
        counts = (self._counts["in"], self._counts["out"])
        overlay = Overlay(tracks=result.tracks, lines=self._lines, counts=counts, labels=self._labels, show_ids=True)
        self._video.write(draw(frame.image, overlay), frame.captured_at)


def _create(path: Path) -> TextIO:
    try:
        return path.open("w")
    except OSError as error:
        raise CrowdsiteError(f"{path} cannot be written: {os.strerror(error.errno or 0)}.") from error


def _write_tracks(out: TextIO, frame: Frame, result: StepResult) -> None:
    """One MOT row per confirmed track: frame,id,x,y,w,h,score,-1,-1,-1."""
    tracks = result.tracks
    for row in tracks.confirmed.nonzero()[0]:
        x1, y1, x2, y2 = tracks.xyxy[row].tolist()
        box = f"{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f}"
        out.write(f"{frame.index + 1},{tracks.id[row]},{box},{tracks.score[row]:.4f},-1,-1,-1\n")


def _report(path: Path, video: Video, engine: Engine, counted: OfflineCount, lines: list[Line]) -> dict[str, Any]:
    return {
        "video": str(path),
        "width": video.size[0],
        "height": video.size[1],
        "fps": video.fps,
        "frames": counted.frames,
        "analysed": counted.analysed,
        "seconds": round(counted.seconds, 3),
        "engine": engine.name,
        "lines": [
            {
                "line": [*line[0], *line[1]],
                "in": sum(crossing.direction == "in" for crossing in crossings),
                "out": sum(crossing.direction == "out" for crossing in crossings),
                "events": [_event(crossing, video.fps, engine) for crossing in crossings],
            }
            for line, crossings in zip(lines, counted.crossings, strict=True)
        ],
    }


def _event(crossing: Crossing, fps: float, engine: Engine) -> dict[str, Any]:
    return {
        "frame": round(crossing.captured_at * fps) + 1,
        "t": round(crossing.captured_at, 3),
        "track_id": crossing.track_id,
        "direction": crossing.direction,
        "label": engine.labels[crossing.label],
    }


def _in_words(report: dict[str, Any]) -> str:
    rate = report["analysed"] / max(report["seconds"], 1e-9)
    head = f"{report['analysed']} of {report['frames']} frames with {report['engine']}, {rate:.0f} frames a second"
    rows = [
        f"line {','.join(f'{v:g}' for v in row['line'])}: {row['in']} in, {row['out']} out" for row in report["lines"]
    ]
    return "\n".join([head, *rows])
