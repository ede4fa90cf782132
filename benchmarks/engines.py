"""How long the detector engines take for a picture, and how much processor time.

    python -m benchmarks.engines [--model FILE] [--video FILE] [--pictures 60] [--threads N]

Every engine sees the same pictures: those of the video, or the demo scene's. Figures hold for the machine they were
measured on; `docs/benchmarks.md` holds the ones that were written down.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras.demo import DemoScene
from tracking.engines import Engine, create_engine

PERSON = frozenset({"person"})
Image = NDArray[np.uint8]


def main() -> None:
    arguments = _arguments()
    pictures = _pictures(arguments.video, arguments.pictures)
    height, width = pictures[0].shape[:2]
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, {len(pictures)} pictures {width}x{height}")
    print(f"{'engine':<34}{'ms a picture':>14}{'CPU ms':>10}{'people':>9}")
    for name, engine, batch in _engines(arguments.model, arguments.threads):
        wall_ms, cpu_ms, people = measure(engine, pictures, batch)
        print(f"{name:<34}{wall_ms:>14.1f}{cpu_ms:>10.1f}{people:>9.2f}")
        engine.close()


def measure(engine: Engine, pictures: list[Image], batch: int) -> tuple[float, float, float]:
    """Wall-clock and processor milliseconds a picture, and people found in a picture, `batch` pictures a call."""
    engine.detect(pictures[:batch])
    began, cpu_began, found = time.perf_counter(), time.process_time(), 0
    for start in range(0, len(pictures), batch):
        found += sum(len(each) for each in engine.detect(pictures[start : start + batch]))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return wall / len(pictures) * 1000, cpu / len(pictures) * 1000, found / len(pictures)


def _engines(model: Path | None, threads: int | None) -> Iterator[tuple[str, Engine, int]]:
    cores = threads or len(os.sched_getaffinity(0))
    if model:
        for imgsz in (640, 480, 320):
            for precision in ("f32", "auto"):
                for streams in (1, cores):
                    options = {"imgsz": imgsz, "precision": precision, "streams": streams, "threads": threads}
                    engine = create_engine(model, labels=PERSON, **options)
                    yield f"{engine.name} {imgsz} {precision}, {streams} at once", engine, streams
    yield "hog 640", create_engine(None, labels=PERSON), 1


def _pictures(video: Path | None, count: int) -> list[Image]:
    if video is None:
        scene = DemoScene(0.0)
        return [scene.frame_at(24 + index / 5) for index in range(count)]
    capture = cv2.VideoCapture(str(video))
    pictures = []
    while len(pictures) < count and (read := capture.read())[0]:
        pictures.append(read[1])
    return pictures or sys.exit(f"{video} cannot be read as a video.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="weights; without them only the built-in detector is measured")
    parser.add_argument("--video", type=Path)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--threads", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    main()
