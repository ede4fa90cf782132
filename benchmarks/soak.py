#!/usr/bin/env python3
"""Cameras in one worker for a while: shares of the detector, memory, frame age, drops.

    .venv/bin/python benchmarks/soak.py VIDEO --model WEIGHTS [--cameras 8] [--minutes 10] [--fps 2] [--imgsz 640]
        [--json]

Starts a Redis, beat, a task worker and one `celery -A crowdsite worker -Q gpu` of its own, adds file cameras, and reads
their status once a second. `--fps` is `detector_fps`: a rate the machine can serve shows the frame age, one it cannot
shows that age stays bounded and drops are counted.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.installation import Installation, wait_until

WARM_UP_SECS = 60


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--fps", type=float, default=2)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def start(installation: Installation, options: argparse.Namespace) -> tuple[psutil.Process, list[int]]:
    """The worker and the ids of its cameras, once all are live."""
    installation.manage("migrate", "--verbosity", "0")
    made = installation.shell(
        "from cameras.services import create_camera\n"
        "from tracking.models import TrackingSettings\n"
        f"TrackingSettings(person_model='{options.model.resolve()}', detector_fps={options.fps},"
        f" imgsz={options.imgsz}).save()\n"
        f"print(*[create_camera(name=f'Camera {{n}}', url='{options.video.resolve()}', line=[[.6, 0], [.6, 1]]).pk"
        f" for n in range({options.cameras})])"
    )
    cameras = [int(number) for number in made.split()]
    worker = installation.start_gpu_worker()
    installation.start_task_worker()
    installation.start_beat()
    wait_until(
        lambda: all(report(installation, c).get("state") == "live" for c in cameras), "all cameras are live", 120
    )
    return psutil.Process(worker.pid), cameras


def report(installation: Installation, camera: int) -> dict[str, str]:
    fields = installation.client.hgetall(f"cameras:status:{camera}")
    return {name.decode(): value.decode() for name, value in fields.items()}


def watch(installation: Installation, worker: psutil.Process, cameras: list[int], secs: float) -> dict[str, object]:
    """One reading a second for `secs`."""
    analysed: dict[int, list[float]] = {camera: [] for camera in cameras}
    ages_ms, memory_mb = [], []
    drops_before = {camera: int(report(installation, camera).get("drops", 0)) for camera in cameras}
    cpu_before, began = worker.cpu_times(), time.monotonic()
    while time.monotonic() - began < secs:
        time.sleep(1)
        memory_mb.append(worker.memory_info().rss / 2**20)
        for camera in cameras:
            status = report(installation, camera)
            analysed[camera].append(float(status.get("analysed_fps", 0)))
            ages_ms.append(float(status.get("delay_ms", 0)))
    cpu = worker.cpu_times()
    rates = [statistics.fmean(values) for values in analysed.values()]
    tenth = max(1, len(memory_mb) // 10)
    return {
        "seconds": round(time.monotonic() - began),
        "analysed_fps_per_camera": [round(rate, 2) for rate in rates],
        "share_least_over_most": round(min(rates) / max(rates), 3),
        "frame_age_ms_p50": round(statistics.median(ages_ms), 1),
        "frame_age_ms_p95": round(statistics.quantiles(ages_ms, n=20)[-1], 1),
        "frame_age_ms_max": round(max(ages_ms), 1),
        "memory_mb_first_tenth": round(statistics.fmean(memory_mb[:tenth]), 1),
        "memory_mb_last_tenth": round(statistics.fmean(memory_mb[-tenth:]), 1),
        "memory_mb_max": round(max(memory_mb), 1),
        "drops": sum(int(report(installation, c).get("drops", 0)) - drops_before[c] for c in cameras),
        "worker_cores": round((cpu.user + cpu.system - cpu_before.user - cpu_before.system) / secs, 2),
    }


def main() -> None:
    options = arguments()
    installation = Installation(CAMERA_FILE_ROOTS=str(options.video.resolve().parent))
    try:
        worker, cameras = start(installation, options)
        print(f"{len(cameras)} cameras are live; warming up for {WARM_UP_SECS} s", file=sys.stderr)
        time.sleep(WARM_UP_SECS)
        figures = watch(installation, worker, cameras, options.minutes * 60)
    finally:
        installation.close()
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:26} {value}")


if __name__ == "__main__":
    main()
