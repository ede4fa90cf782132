"""One detector for all loops: loaded aside, exchanged when its settings change, kept when the new one fails."""

import threading

import pytest

from crowdsite.errors import NotAvailable
from tests.support.waiting import until
from tracking.detections import Detections
from tracking.detector_source import DetectorSource, ModelSettings
from tracking.registry import EngineChoice


class FakeEngine:
    labels, max_batch = ("person",), 1

    def __init__(self, name: str):
        self.name, self.model, self.closed = name, f"{name}.onnx", threading.Event()

    def detect(self, images):
        return [Detections.empty() for _ in images]

    def close(self):
        self.closed.set()


def wanted(name: str, version: float = 1.0) -> ModelSettings:
    return ModelSettings(
        person_model=name, version=(name, version), device="cpu", imgsz=640, confidence=0.25, track_objects=("person",)
    )


@pytest.fixture
def loaded():
    """Engines in the order they were loaded; "missing" and "broken" cannot be."""
    return []


@pytest.fixture
def source(loaded):
    def load(settings: ModelSettings) -> EngineChoice:
        if settings.person_model == "missing":
            raise NotAvailable("There is no model missing.")
        if settings.person_model == "broken":
            raise RuntimeError("bad magic number")
        loaded.append(FakeEngine(settings.person_model))
        return EngineChoice(loaded[-1], None)

    made = DetectorSource(load)
    yield made
    made.close()


def at_work(source: DetectorSource) -> str:
    return source.current.choice.engine.name if source.current else ""


def test_the_same_settings_load_one_engine(source, loaded):
    for _ in range(5):
        source.want(wanted("first"))
    until(lambda: at_work(source) == "first")
    source.want(wanted("first"))
    assert len(loaded) == 1


def test_other_settings_exchange_the_engine_and_free_the_old_one(source, loaded):
    source.want(wanted("first"))
    until(lambda: at_work(source) == "first")
    source.want(wanted("second"))
    until(lambda: at_work(source) == "second")
    assert loaded[0].closed.wait(5)
    assert not loaded[1].closed.is_set()


def test_weights_that_were_replaced_are_loaded_again(source, loaded):
    source.want(wanted("first", version=1.0))
    until(lambda: at_work(source) == "first")
    source.want(wanted("first", version=2.0))
    until(lambda: len(loaded) == 2 and source.current.choice.engine is loaded[1])


@pytest.mark.parametrize(("name", "sentence"), [("missing", "no model missing"), ("broken", "could not be loaded")])
def test_a_model_that_cannot_be_loaded_leaves_the_old_one_at_work_and_says_why(source, loaded, name, sentence):
    source.want(wanted("first"))
    until(lambda: at_work(source) == "first")
    source.want(wanted(name))
    until(lambda: source.problem is not None)
    assert sentence in source.problem
    assert at_work(source) == "first"
    source.want(wanted("second"))
    until(lambda: at_work(source) == "second")
    assert source.problem is None


def test_closing_frees_the_engine(source, loaded):
    source.want(wanted("first"))
    until(lambda: at_work(source) == "first")
    source.close()
    assert loaded[0].closed.wait(5)
    assert source.current is None
