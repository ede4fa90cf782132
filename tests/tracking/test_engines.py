"""Engines: every one keeps the contract of `tracking.engines.base.Engine`; each format gives the same people."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from cameras.demo import DemoScene
from crowdsite.errors import CrowdsiteError, NotAvailable
from tracking.engines import boxes, create_engine, devices, exports, letterbox
from tracking.engines.boxes import Filter
from tracking.engines.hog import HogEngine

PERSON = frozenset({"person"})
SCENE_AT = 1_800_000_000.0  # the beginning of a round
TWO_PEOPLE = DemoScene(SCENE_AT).frame_at(SCENE_AT + 14.5)


@pytest.fixture
def onnx(assets: Path) -> Path:
    return assets / "weights" / "yolov8n.onnx"


@pytest.fixture(params=["openvino", "streams", "hog"])
def engine(request, assets):
    model = None if request.param == "hog" else assets / "weights" / "yolov8n.onnx"
    made = create_engine(model, labels=PERSON, streams=2 if request.param == "streams" else 1)
    yield made
    made.close()


def overlaps(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(N, M) shared area over the area of both."""
    low = np.maximum(found[:, None, :2], wanted[None, :, :2])
    high = np.minimum(found[:, None, 2:], wanted[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (found, wanted)]
    return shared / (areas[0][:, None] + areas[1] - shared)


class TestContract:
    def test_no_pictures_give_no_answers(self, engine):
        assert engine.detect([]) == []

    @pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (0, 5), (37, 53), (501, 333)])
    def test_odd_pictures_are_answered(self, engine, shape):
        (found,) = engine.detect([np.zeros((*shape, 3), np.uint8)])
        assert len(found) == 0
        assert found.xyxy.shape == (0, 4)

    def test_pictures_of_several_sizes_keep_their_order(self, engine):
        small = cv2.resize(TWO_PEOPLE, (640, 360))
        empty = DemoScene(SCENE_AT).frame_at(SCENE_AT)
        counts = [len(found) for found in engine.detect([empty, TWO_PEOPLE, empty[:, :200], small, TWO_PEOPLE])]
        assert counts == [0, 2, 0, 2, 2]

    def test_boxes_are_typed_sorted_and_inside_the_picture(self, engine):
        cut = np.ascontiguousarray(TWO_PEOPLE[:, 20:])
        (found,) = engine.detect([cut])
        assert (found.xyxy.dtype, found.score.dtype, found.label.dtype) == (np.float32, np.float32, np.int16)
        assert np.all(np.diff(found.score) <= 0)
        assert np.all((found.score > 0) & (found.score <= 1))
        assert np.all(found.xyxy >= 0)
        assert np.all(found.xyxy[:, [0, 2]] <= cut.shape[1])
        assert np.all(found.xyxy[:, [1, 3]] <= cut.shape[0])
        assert {engine.labels[label] for label in found.label} == {"person"}

    def test_pictures_that_are_views_are_read_as_they_are_seen(self, engine):
        flipped = TWO_PEOPLE[:, ::-1]
        from_view, from_copy = engine.detect([flipped, np.ascontiguousarray(flipped)])
        np.testing.assert_array_equal(from_view.xyxy, from_copy.xyxy)

    def test_feet_are_where_they_were_drawn(self, engine):
        (found,) = engine.detect([TWO_PEOPLE])
        assert sorted(found.xyxy[:, 3]) == pytest.approx([410, 452], abs=28 if engine.name == "hog" else 6)


class TestOpenVino:
    def test_a_fixed_square_export_runs_rectangular_with_the_same_people(self, onnx):
        """Against the file's own 640x640 shape: the rewritten graph must not move a box."""
        square = np.full((854, 854, 3), 114, np.uint8)
        square[187 : 187 + 480] = TWO_PEOPLE
        engine = create_engine(onnx, labels=PERSON, precision="f32")
        rectangular, native = engine.detect([TWO_PEOPLE, square])
        native_boxes = native.xyxy - np.array([0, 187, 0, 187], np.float32)
        assert len(rectangular) == len(native) == 2
        assert overlaps(rectangular.xyxy, native_boxes).max(axis=1).min() > 0.95

    def test_the_network_does_less_work_on_a_wide_picture(self, onnx):
        engine = create_engine(onnx)
        engine.detect([TWO_PEOPLE])
        assert list(engine._compiled) == [(384, 640)]

    def test_compiled_shapes_are_bounded(self, onnx):
        engine = create_engine(onnx, imgsz=160)
        for height in range(32, 161, 16):
            engine.detect([np.zeros((height, 160, 3), np.uint8)])
        assert len(engine._compiled) <= 4

    def test_names_come_from_the_file(self, onnx):
        engine = create_engine(onnx)
        assert engine.labels[:3] == ("person", "bicycle", "car")
        assert engine.model == "yolov8n.onnx"

    def test_only_wanted_classes_are_reported(self, onnx):
        engine = create_engine(onnx, labels=frozenset({"car", "unicorn"}))
        assert len(engine.detect([TWO_PEOPLE])[0]) == 0

    def test_no_known_class_is_no_error(self, onnx):
        engine = create_engine(onnx, labels=frozenset({"unicorn"}))
        assert len(engine.detect([TWO_PEOPLE])[0]) == 0

    def test_a_damaged_file_is_a_sentence(self, tmp_path):
        broken = tmp_path / "broken.onnx"
        broken.write_bytes(b"not a network")
        with pytest.raises(NotAvailable, match="damaged or not a network"):
            create_engine(broken)

    def test_a_network_that_is_no_detector_is_a_sentence(self, assets):
        with pytest.raises(NotAvailable, match="not a YOLO detection network"):
            create_engine(assets / "weights" / "plate_ocr.onnx")


class TestChoice:
    def test_a_missing_file_is_a_sentence(self, tmp_path):
        with pytest.raises(NotAvailable, match="does not exist"):
            create_engine(tmp_path / "none.onnx")

    def test_an_unknown_kind_of_file_is_a_sentence(self, tmp_path):
        (tmp_path / "model.txt").touch()
        with pytest.raises(NotAvailable, match="unknown kind"):
            create_engine(tmp_path / "model.txt")

    @pytest.mark.parametrize("wrong", [{"conf": 0.0}, {"conf": 1.5}, {"imgsz": 8}])
    def test_senseless_settings_are_sentences(self, wrong):
        with pytest.raises(CrowdsiteError, match="has to lie between"):
            create_engine(None, **wrong)

    def test_a_card_that_is_not_there_is_a_sentence(self, monkeypatch, tmp_path):
        monkeypatch.setattr(devices, "_DRIVER_SIGNS", ())
        (tmp_path / "m.pt").touch()
        with pytest.raises(NotAvailable, match="no NVIDIA card"):
            create_engine(tmp_path / "m.pt", device="cuda:0")
        with pytest.raises(CrowdsiteError, match="unknown"):
            create_engine(tmp_path / "m.pt", device="tpu")

    def test_a_card_of_a_number_that_is_not_there_is_a_sentence(self, monkeypatch):
        monkeypatch.setattr(devices, "has_cuda", lambda: True)
        monkeypatch.setattr(devices, "card_count", lambda: 2)
        assert (devices.resolve_device("cuda"), devices.resolve_device("cuda:1")) == ("cuda:0", "cuda:1")
        with pytest.raises(NotAvailable, match="the last NVIDIA card here is cuda:1"):
            devices.resolve_device("cuda:2")

    def test_a_tensorrt_file_without_a_card_is_a_sentence(self, monkeypatch, tmp_path):
        monkeypatch.setattr(devices, "_DRIVER_SIGNS", ())
        (tmp_path / "m.engine").touch()
        with pytest.raises(NotAvailable, match="TensorRT"):
            create_engine(tmp_path / "m.engine")

    def test_heavy_libraries_stay_unloaded_until_an_engine_needs_them(self):
        code = (
            "import sys, tracking.engines, tracking.registry, tracking.batching, cameras.demo;"
            "print(sorted({'torch', 'ultralytics', 'openvino', 'matplotlib'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestExport:
    @pytest.fixture(autouse=True)
    def _needs_torch(self):
        pytest.importorskip("torch")

    @pytest.mark.slow
    def test_a_pt_file_is_exported_once_for_all_processes_and_finds_the_same_people(self, assets, onnx, tmp_path):
        weights, told = assets / "weights" / "yolov8n.pt", []
        threads = [threading.Thread(target=exports.exported, args=[weights, tmp_path, told.append]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == 1
        assert len(list(tmp_path.glob("*.onnx"))) == 1
        assert not list(tmp_path.glob(".export-*"))
        engine = create_engine(weights, device="cpu", labels=PERSON, cache_dir=tmp_path, precision="f32")
        other = create_engine(onnx, labels=PERSON, precision="f32")
        assert (engine.name, engine.model) == ("openvino", "yolov8n.pt")
        for picture in (TWO_PEOPLE, TWO_PEOPLE[:, :500]):
            ours, theirs = engine.detect([picture])[0], other.detect([picture])[0]
            assert len(ours) == len(theirs) > 0
            assert overlaps(ours.xyxy, theirs.xyxy).max(axis=1).min() > 0.98

    @pytest.mark.slow
    def test_the_ultralytics_engine_finds_the_same_people(self, assets, onnx):
        from tracking.engines.ultralytics import UltralyticsEngine

        engine = UltralyticsEngine(
            assets / "weights" / "yolov8n.pt",
            imgsz=640,
            keep=lambda names: Filter(0.25, 0.7, np.array([names.index("person")], np.int16)),
            device="cpu",
        )
        other = create_engine(onnx, labels=PERSON, precision="f32")
        pictures = [TWO_PEOPLE, TWO_PEOPLE[:, :500], np.zeros((0, 5, 3), np.uint8), TWO_PEOPLE]
        for ours, theirs in zip(engine.detect(pictures), other.detect(pictures), strict=True):
            assert len(ours) == len(theirs)
            if len(ours):
                assert overlaps(ours.xyxy, theirs.xyxy).max(axis=1).min() > 0.98

    @pytest.mark.slow
    @pytest.mark.parametrize("family", ["yolo11n", "yolo26n"])
    def test_a_fixed_export_of_newer_families_runs_rectangular_like_a_free_one(self, family, tmp_path):
        """Untrained weights: what matters is that the rewritten graph computes the same."""
        code = (
            "import sys; from pathlib import Path; from ultralytics import YOLO;"
            "YOLO(sys.argv[1]).save('untrained.pt');"
            "[Path(YOLO('untrained.pt').export(format='onnx', dynamic=free, simplify=False, imgsz=160))"
            ".replace(f'{free}.onnx') for free in (True, False)]"
        )
        settings = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(tmp_path)}
        subprocess.run(
            [sys.executable, "-c", code, f"{family}.yaml"],
            check=True,
            capture_output=True,
            cwd=tmp_path,
            env=os.environ | settings,
        )
        free, fixed = (
            create_engine(tmp_path / f"{kind}.onnx", imgsz=160, conf=1e-5, precision="f32") for kind in (True, False)
        )
        (ours,), (theirs,) = fixed.detect([TWO_PEOPLE]), free.detect([TWO_PEOPLE])
        assert list(fixed._compiled) == [(96, 160)]
        assert len(ours) == len(theirs) > 0
        np.testing.assert_allclose(ours.xyxy, theirs.xyxy, atol=0.01)

    @pytest.mark.slow
    def test_damaged_weights_are_a_sentence_and_leave_nothing(self, tmp_path):
        (tmp_path / "broken.pt").write_bytes(b"no weights")
        with pytest.raises(NotAvailable, match=r"broken\.pt could not be converted.*"):
            create_engine(tmp_path / "broken.pt", device="cpu", cache_dir=tmp_path / "cache")
        assert not list((tmp_path / "cache").glob("*.onnx"))

    def test_without_torch_the_way_out_is_named(self, monkeypatch, tmp_path):
        monkeypatch.setattr(exports, "has_torch", lambda: False)
        (tmp_path / "own.pt").write_bytes(b"weights")
        with pytest.raises(NotAvailable, match=r"Put own\.onnx beside it, or install torch"):
            exports.exported(tmp_path / "own.pt", tmp_path)

    def test_an_export_under_way_elsewhere_is_waited_for(self, monkeypatch, tmp_path):
        weights = tmp_path / "own.pt"
        weights.write_bytes(b"weights")
        out = tmp_path / f"own-{exports._digest(weights)}.onnx"
        monkeypatch.setattr(exports, "_export", lambda *_: pytest.fail("exported twice"))
        got: list[Path] = []
        with out.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waiting = threading.Thread(target=lambda: got.append(exports.exported(weights, tmp_path)))
            waiting.start()
            out.touch()
        waiting.join(5)
        assert got == [out]


class TestLetterbox:
    @pytest.mark.parametrize(
        ("size", "shape"),
        [((480, 640), (480, 640)), ((1080, 1920), (384, 640)), ((1920, 1080), (640, 384)), ((1, 5000), (32, 640))],
    )
    def test_the_input_keeps_the_shape_of_the_picture(self, size, shape):
        assert letterbox.fit(*size, 640).input_shape == shape

    def test_a_box_survives_the_way_there_and_back(self):
        fitted = letterbox.fit(1080, 1920, 640)
        there = np.array([[100, 200, 300, 900]], np.float32) * fitted.scale[0]
        there += np.array([fitted.left, fitted.top] * 2, np.float32)
        np.testing.assert_allclose(fitted.to_picture(there), [[100, 200, 300, 900]], atol=0.5)


class TestBoxes:
    keep = Filter(conf=0.25, iou=0.7, classes=np.array([0, 2], np.int16))
    box = letterbox.fit(640, 640, 640)

    def head(self, *things: tuple[float, float, float, float, int, float]) -> np.ndarray:
        """A network's output with one anchor for each (cx, cy, w, h, class, score) of three classes."""
        output = np.zeros((7, len(things)), np.float32)
        for column, (*xywh, label, score) in enumerate(things):
            output[:4, column] = xywh
            output[4 + label, column] = score
        return output

    def test_doubles_of_one_class_become_one_and_the_best_stays(self):
        found = boxes.read_head(self.head((100, 100, 50, 80, 0, 0.6), (101, 100, 50, 80, 0, 0.9)), self.keep, self.box)
        assert found.score.tolist() == pytest.approx([0.9])
        np.testing.assert_allclose(found.xyxy, [[76, 60, 126, 140]])

    def test_things_of_two_classes_in_one_place_both_stay(self):
        found = boxes.read_head(self.head((100, 100, 50, 80, 0, 0.6), (100, 100, 50, 80, 2, 0.9)), self.keep, self.box)
        assert found.label.tolist() == [2, 0]

    def test_an_unwanted_class_does_not_hide_a_wanted_one(self):
        output = self.head((100, 100, 50, 80, 1, 0.9))
        output[4, 0] = 0.5
        found = boxes.read_head(output, self.keep, self.box)
        assert (found.label.tolist(), found.score.tolist()) == ([0], [0.5])

    def test_a_crowd_of_three_hundred_is_reported_whole(self):
        crowd = [(16 + 32 * (n % 20), 16 + 32 * (n // 20), 20, 30, 0, 0.3 + n / 1000) for n in range(300)]
        assert len(boxes.read_head(self.head(*crowd), self.keep, self.box)) == 300

    def test_rows_of_a_network_that_suppresses_doubles_itself(self):
        rows = np.array([[10, 20, 30, 60, 0.9, 2], [0, 0, 5, 5, 0.1, 0], [1, 1, 9, 9, 0.8, 1]], np.float32)
        found = boxes.read_rows(rows, self.keep, self.box)
        assert found.label.tolist() == [2]
        np.testing.assert_allclose(found.xyxy, [[10, 20, 30, 60]])


def test_the_built_in_detector_knows_people_only():
    engine = HogEngine(imgsz=640, keep=Filter(0.25, 0.7, np.array([], np.int16)))
    assert engine.labels == ("person",)
    assert len(engine.detect([TWO_PEOPLE])[0]) == 0
