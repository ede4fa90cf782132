"""Which doors the wall shows: those that count, by name; the others only where there is room for all."""

from collections.abc import Sequence

from django.utils.translation import ngettext

from reports.stats import CameraFacts, CountingFacts, DoorFacts

MOST_DOORS = 6


def door_facts(cameras: Sequence[CameraFacts], counting: CountingFacts) -> DoorFacts:
    """cameras: those that may be shown, trouble first."""
    able = sorted((camera for camera in cameras if camera.counting), key=lambda camera: camera.name)
    others = [camera for camera in cameras if not camera.counting and camera.state != "disabled"]
    if len(able) + len(others) <= MOST_DOORS:
        return DoorFacts([camera.id for camera in (*able, *others)], "")
    sentences = []
    more = len(able) - MOST_DOORS
    if more > 0:
        sentences.append(ngettext("%(n)s more door is counting.", "%(n)s more doors are counting.", more) % {"n": more})
    blind = counting.of - counting.counting
    if blind:
        sentence = ngettext("%(n)s door is not counting.", "%(n)s doors are not counting.", blind)
        sentences.append(sentence % {"n": blind})
    return DoorFacts([camera.id for camera in able[:MOST_DOORS]], " ".join(sentences))
