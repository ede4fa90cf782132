"""What `manage.py count` costs beside decoding the same pictures and asking the same engine about them.

    .venv/bin/python benchmarks/count_overhead.py VIDEO --model WEIGHTS [--every N] [--runs 3]

Both run in processes of their own, by turns; the medians are compared. Start-up (imports, compiling the network) is
shown apart, from a run of a single picture.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINE = "0,0,100,100"


@dataclass(frozen=True)
class Cost:
    cpu_secs: float
    peak_mb: float


def spent(command: list[str]) -> Cost:
    """Run it to its end and see what it used."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def bare(video: Path, model: Path, every: int) -> None:
    """Decode and detect, nothing else."""
    sys.path.insert(0, str(ROOT))
    import cv2

    from tracking.engines import create_engine

    engine = create_engine(model, labels=frozenset({"person"}))
    capture = cv2.VideoCapture(str(video))
    index = 0
    while capture.grab():
        if index % every == 0:
            engine.detect([capture.retrieve()[1]])
        index += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    video, model = options.video.resolve(), options.model.resolve()
    if options.bare:
        bare(video, model, options.every)
        return
    commands = {
        "bare": [sys.executable, __file__, str(video), "--model", str(model), "--bare"],
        "count": [sys.executable, "manage.py", "count", str(video), "--model", str(model), "--line", LINE, "--json"],
    }
    seen: dict[str, list[Cost]] = {name: [] for name in commands}
    start: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(options.runs):
        for name, command in commands.items():
            seen[name].append(spent([*command, "--every", str(options.every)]))
            start[name].append(spent([*command, "--every", "1000000000"]))
    report = {}
    for name in commands:
        whole, first = (statistics.median(c.cpu_secs for c in costs[name]) for costs in (seen, start))
        report[name] = {
            "cpu_secs": round(whole, 2),
            "of_it_start_up": round(first, 2),
            "peak_mb": round(max(c.peak_mb for c in seen[name])),
        }
    work = {name: figures["cpu_secs"] - figures["of_it_start_up"] for name, figures in report.items()}
    report["overhead_percent"] = {
        "whole": round(100 * (report["count"]["cpu_secs"] / report["bare"]["cpu_secs"] - 1), 1),
        "without_start_up": round(100 * (work["count"] / work["bare"] - 1), 1),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
