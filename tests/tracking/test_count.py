"""`manage.py count` as its users call it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from crowdsite.errors import CrowdsiteError
from tests.support.trajectories import boxes
from tracking.detections import Detections
from tracking.management.commands import count
from tracking.offline import Pace, Video

ROOT = Path(__file__).resolve().parents[2]
SIZE = (160, 120)


class WalkingEngine:
    """Finds one person who walks from right to left, 2 pixels a picture; reads the picture's number off its colour."""

    name, model, labels, max_batch = "fake", "fake.onnx", ("person", "car"), 1

    def __init__(self):
        self.seen = []

    def detect(self, images):
        found = []
        for image in images:
            index = round(float(image.mean()) / 3)
            self.seen.append(index)
            xyxy = boxes([(140 - 2 * index, 100)], 50)
            found.append(Detections(xyxy, np.array([0.9], np.float32), np.zeros(1, np.int16)))
        return found

    def close(self):
        pass


@pytest.fixture
def video(tmp_path):
    """60 pictures at 10 a second, each a shade lighter than the last."""
    path = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE)
    for index in range(60):
        writer.write(np.full((SIZE[1], SIZE[0], 3), 3 * index, np.uint8))
    writer.release()
    return path


@pytest.fixture
def engine(monkeypatch):
    fake = WalkingEngine()
    monkeypatch.setattr(count, "find_model", lambda name, search: Path("fake.onnx"))
    monkeypatch.setattr(count, "create_engine", lambda *args, **options: fake)
    return fake


def counted(capsys, *arguments):
    call_command("count", *map(str, arguments), "--json")
    return json.loads(capsys.readouterr().out)


def test_the_report_has_the_promised_shape(video, engine, capsys):
    report = counted(capsys, video, "--line", "80,120,80,0", "--line", "20,0,20,119")
    assert {name: report[name] for name in ("video", "width", "height", "fps", "frames", "analysed", "engine")} == {
        "video": str(video),
        "width": 160,
        "height": 120,
        "fps": 10.0,
        "frames": 60,
        "analysed": 60,
        "engine": "fake",
    }
    assert set(report) == {"video", "width", "height", "fps", "frames", "analysed", "seconds", "engine", "lines"}
    first, second = report["lines"]
    assert (first["line"], first["in"], first["out"]) == ([80, 120, 80, 0], 1, 0)
    assert (second["in"], second["out"]) == (0, 0)
    (event,) = first["events"]
    assert set(event) == {"frame", "t", "track_id", "direction", "label"}
    assert (event["direction"], event["label"]) == ("in", "person")
    assert event["frame"] == pytest.approx(31, abs=2)
    assert event["t"] == pytest.approx((event["frame"] - 1) / 10, abs=0.06)


@pytest.mark.parametrize(
    ("arguments", "analysed"),
    [
        (("--every", "3"), list(range(0, 60, 3))),
        (("--fps", "5"), list(range(0, 60, 2))),
        (("--fps", "50"), list(range(60))),
    ],
)
def test_every_and_fps_choose_the_analysed_pictures(video, engine, capsys, arguments, analysed):
    report = counted(capsys, video, "--line", "80,120,80,0", *arguments)
    assert engine.seen == analysed
    assert (report["analysed"], report["frames"]) == (len(analysed), 60)
    assert report["lines"][0]["in"] == 1


@pytest.mark.parametrize("fps", [1, 2.5, 3, 7, 29.97])
def test_a_pace_in_pictures_a_second_is_even(fps):
    taken = [index for index in range(3000) if Pace(fps=fps).takes(index, 30.0)]
    assert len(taken) == pytest.approx(100 * fps, abs=1)
    steps = np.diff(taken)
    assert steps.max() - steps.min() <= 1


def test_tracks_are_written_as_mot_rows(video, engine, capsys, tmp_path):
    counted(capsys, video, "--line", "80,120,80,0", "--tracks", tmp_path / "tracks.txt")
    rows = [line.split(",") for line in (tmp_path / "tracks.txt").read_text().splitlines()]
    assert {len(row) for row in rows} == {10}
    assert {row[1] for row in rows} == {"1"}
    assert [int(row[0]) for row in rows] == list(range(6, 61))
    assert rows[0][7:] == ["-1", "-1", "-1"]
    x, y, width, height = (float(v) for v in rows[20][2:6])
    assert x + width / 2 == pytest.approx(140 - 2 * 25, abs=1)
    assert y + height == pytest.approx(100, abs=1)


def test_the_annotated_video_shows_every_analysed_picture(video, engine, capsys, tmp_path):
    out = tmp_path / "out.mp4"
    counted(capsys, video, "--line", "80,120,80,0", "--every", "2", "--video", out)
    with Video(out) as written:
        assert written.size == SIZE
        pictures = [frame.image for frame in written.frames(Pace())]
    assert len(pictures) == 30
    assert np.abs(pictures[-1][:, 78:82].astype(int) - 174).max() > 40  # the line


def test_the_words_say_in_and_out(video, engine, capsys):
    call_command("count", str(video), "--line", "80,120,80,0")
    captured = capsys.readouterr()
    assert "line 80,120,80,0: 1 in, 0 out" in captured.out
    assert "/60" in captured.err  # the progress bar


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--line", "80,0,80"), "not four numbers"),
        (("--line", "80,0,80,x"), "not four numbers"),
        (("--line", "80,0,80,500"), "outside the picture"),
        (("--line", "80,0,80,nan"), "finite"),
        (("--line", "80,9,80,9"), "apart"),
        (("--line", "80,0,80,90", "--every", "2", "--fps", "3"), "not both"),
        (("--line", "80,0,80,90", "--every", "0"), "from 1"),
        (("--line", "80,0,80,90", "--fps", "0"), "above 0"),
        (("--line", "80,0,80,90", "--labels", "dragon"), "dragon"),
        (("--line", "80,0,80,90", "--tracks", "/nowhere/tracks.txt"), "cannot be written"),
        (("--line", "80,0,80,90", "--video", "/nowhere/out.mp4"), "cannot be written"),
    ],
)
def test_bad_arguments_end_with_a_sentence_and_code_2(video, engine, arguments, sentence):
    with pytest.raises(CommandError, match=sentence) as error:
        call_command("count", str(video), *arguments, "--json")
    assert error.value.returncode == 2


@pytest.mark.parametrize("name", ["notes.mp4", "notes.avi", "notes.txt", "empty.mp4", "missing.mp4", "."])
def test_what_is_no_video_ends_with_a_sentence(tmp_path, name):
    text = "x1,y1,x2,y2 and some more words\n" * 200
    for file in ("notes.mp4", "notes.avi", "notes.txt"):
        (tmp_path / file).write_text(text)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(CrowdsiteError, match=r"\.$"):
        Video(tmp_path / name)


def test_a_model_that_is_not_there_is_named(video):
    with pytest.raises(CommandError, match="no model yolo99"):
        call_command("count", str(video), "--line", "80,0,80,90", "--model", "yolo99")


def manage(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", "count", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_it_needs_neither_redis_nor_the_database_and_bad_input_prints_no_traceback(tmp_path):
    away = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "sqlite:////nowhere/none.sqlite3"}
    run = manage(tmp_path / "missing.mp4", "--line", "1,1,2,2", **away)
    assert run.returncode == 2
    assert "missing.mp4 cannot be opened: No such file" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("pace", "most_wrong"), [((), 1), (("--fps", "10"), 1), (("--fps", "3"), 1)])
def test_people_on_a_real_street_are_counted(assets, pace, most_wrong):
    """TUD-Campus: over x = 320 four people go to the right and one to the left; over x = 500 three to the right."""
    run = manage(
        assets / "video" / "TUD-Campus.mp4",
        "--line", "320,0,320,479",
        "--line", "500,479,500,0",
        "--model", assets / "weights" / "yolov8n.onnx",
        *pace,
        "--json",
        REDIS_URL="redis://127.0.0.1:1/0",
        DATABASE_URL="sqlite:////nowhere/none.sqlite3",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    wrong = [
        abs(line["in"] - entered) + abs(line["out"] - left)
        for line, (entered, left) in zip(report["lines"], [(4, 1), (0, 3)], strict=True)
    ]
    assert sum(wrong) <= most_wrong
    assert (report["frames"], report["width"], report["height"], report["fps"]) == (71, 640, 480, 25.0)
