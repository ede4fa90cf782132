"""What is counted, in the operator's words: class names and aliases, set against what a model can see. Pure."""

from collections.abc import Iterable, Sequence

ALIASES: dict[str, tuple[str, ...]] = {
    "people": ("person",),
    "human": ("person",),
    "pedestrian": ("person",),
    "vehicle": ("car", "truck", "bus", "motorcycle", "bicycle"),
    "vehicles": ("car", "truck", "bus", "motorcycle", "bicycle"),
    "motorbike": ("motorcycle",),
    "bike": ("bicycle",),
    "animal": ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
    "luggage": ("backpack", "handbag", "suitcase"),
}
"""Alias -> class names of COCO. A model that has a class of the alias's own name means that one as well."""


def expand(track_objects: Iterable[str]) -> frozenset[str]:
    """The class names `track_objects` stands for, in lower case; a name that is no alias stands for itself."""
    names: set[str] = set()
    for wanted in track_objects:
        name = wanted.strip().lower()
        if name:
            names.update((name, *ALIASES.get(name, ())))
    return frozenset(names)


def visible(track_objects: Iterable[str], labels: Sequence[str]) -> frozenset[str]:
    """Those of a model's class names `labels` that `track_objects` asks for, spelt as the model spells them."""
    wanted = expand(track_objects)
    return frozenset(label for label in labels if label.lower() in wanted)


def unseen(track_objects: Iterable[str], labels: Sequence[str]) -> tuple[str, ...]:
    """Those of `track_objects` of which the model with the class names `labels` knows nothing, in their order."""
    return tuple(name for name in track_objects if not visible([name], labels))


def unseen_sentence(track_objects: Iterable[str], labels: Sequence[str], model: str) -> str:
    """What the operator should know about names the model cannot see, "" where it sees them all.

    model: what the model is called.
    """
    missing = unseen(track_objects, labels)
    if not missing:
        return ""
    names = ", ".join(f"“{name}”" for name in missing)
    known = ", ".join(labels[:8]) + (", ..." if len(labels) > 8 else "")
    return f"{model} cannot see {names}, so nothing of that kind is counted. It knows: {known}."
