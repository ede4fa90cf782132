"""The share of the processor: of a process of its own, so that this one keeps its cores."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracking.cpu import allowed_cores

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, os, subprocess, sys, threading, time
from tracking.cpu import CpuLimit, _ALL

stop = threading.Event()
thread = threading.Thread(target=stop.wait)
thread.start()
child = subprocess.Popen(["sleep", "60"])
limit = CpuLimit()

def cores():
    late = subprocess.run([sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"], capture_output=True)
    tasks = [int(task) for task in os.listdir("/proc/self/task")]
    return [len(_ALL), sorted({len(os.sched_getaffinity(task)) for task in tasks}),
            len(os.sched_getaffinity(child.pid)), int(late.stdout)]

found = []
for percent in (100, 1, 1, 100):
    count = limit.apply(percent)
    found.append([count, *cores()])
child.kill(); stop.set()
print(json.dumps(found))
"""


@pytest.mark.parametrize(
    ("percent", "count", "expected"),
    [(1, 1, 1), (100, 1, 1), (50, 2, 1), (51, 2, 2), (50, 16, 8), (1, 16, 1), (33, 8, 3), (100, 16, 16)],
)
def test_a_share_is_rounded_up_to_whole_cores(percent, count, expected):
    assert allowed_cores(percent, frozenset(range(count))) == frozenset(range(expected))


@pytest.mark.skipif(sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_threads_programs_at_work_and_later_ones_follow_the_share_both_ways():
    import json

    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=ROOT, timeout=60)
    full, one, again, back = json.loads(run.stdout or run.stderr)
    every = full[1]
    assert full == back == [every, every, [every], every, every]
    assert one == again == [1, every, [1], 1, 1]
