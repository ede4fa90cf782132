"""What operators write in `track_objects`, against what a model knows."""

import pytest

from tracking.engines.coco import COCO_LABELS
from tracking.labels import expand, unseen, unseen_sentence, visible

PPE_LABELS = ("Hardhat", "NO-Hardhat", "Person", "vehicle")


@pytest.mark.parametrize(
    ("wanted", "counted"),
    [
        (["person"], {"person"}),
        (["people"], {"person"}),
        ([" Person "], {"person"}),
        (["vehicle"], {"car", "truck", "bus", "motorcycle", "bicycle"}),
        (["vehicle", "car", "person"], {"car", "truck", "bus", "motorcycle", "bicycle", "person"}),
        (["Traffic Light"], {"traffic light"}),
        (["dragon"], set()),
        ([], set()),
        (["", "  "], set()),
    ],
)
def test_names_and_aliases_against_coco(wanted, counted):
    assert visible(wanted, COCO_LABELS) == counted


def test_a_model_with_a_class_of_the_aliass_own_name_means_that_class():
    assert visible(["vehicle", "people"], PPE_LABELS) == {"vehicle", "Person"}


def test_expanding_needs_no_model():
    assert {"car", "vehicle"} <= expand(["vehicle"])


def test_the_sentence_names_what_cannot_be_seen_and_what_can():
    sentence = unseen_sentence(["person", "vehicle", "dragon"], ("person",), "The built-in detector")
    assert sentence == (
        "The built-in detector cannot see “vehicle”, “dragon”, so nothing of that kind is counted. It knows: person."
    )


def test_there_is_no_sentence_where_all_is_seen():
    assert unseen(["vehicle", "people"], COCO_LABELS) == ()
    assert unseen_sentence(["vehicle", "people"], COCO_LABELS, "yolov8n.onnx") == ""
