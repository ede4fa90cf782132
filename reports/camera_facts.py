"""A camera's record, status and counts of today as the pages show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import redis
from django.utils.translation import gettext as _

from cameras.demo import DemoScene
from cameras.models import Camera
from cameras.status import CameraStatus
from reports import words
from reports.camera_states import COUNTING, RANK, CameraState, camera_state, state_text, state_word
from reports.stats import CameraFacts, DemoFacts, Directions
from tracking.demo_tally import demo_tally
from tracking.models import TrackingSettings

Labels = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Watched:
    """A camera beside what it is doing. counts: false while counting is switched off everywhere. every: of so many
    pictures that arrive one is to be analysed."""

    camera: Camera
    status: CameraStatus
    state: CameraState
    counts: bool = True
    every: int = 1

    @property
    def should_count(self) -> bool:
        return self.camera.enabled and self.camera.inout_count

    @property
    def target_fps(self) -> float:
        """Pictures a second that are to be analysed."""
        return self.status.target_fps / self.every

    @property
    def lacks_line(self) -> bool:
        """Nothing can be counted there, however well the camera is."""
        return self.should_count and self.camera.points is None

    @property
    def is_counting(self) -> bool:
        """Crossings are seen."""
        return self.counts and self.should_count and not self.lacks_line and self.state.state in COUNTING

    @property
    def is_blind(self) -> bool:
        """Crossings happen that are not seen."""
        return self.should_count and not self.lacks_line and not self.is_counting


def watch(cameras: Iterable[Camera], statuses: Mapping[int, CameraStatus], now: float) -> list[Watched]:
    """Trouble first, otherwise in the order given."""
    watched = []
    rules = TrackingSettings.load()
    for camera in cameras:
        status = statuses[camera.pk]
        state = camera_state(enabled=camera.enabled, status=status, now=now)
        watched.append(Watched(camera, status, state, rules.in_out_counting, rules.frame_skip + 1))
    return sorted(watched, key=lambda one: RANK[one.state.state])


def directions(labels: Labels) -> Directions:
    """The pair a camera is known by: people, or everything it counts where it counts no people."""
    if words.PERSON in labels or not labels:
        return Directions(*labels.get(words.PERSON, (0, 0)))
    return Directions(sum(pair[0] for pair in labels.values()), sum(pair[1] for pair in labels.values()))


def camera_facts(client: redis.Redis, watched: Watched, labels: Labels, *, now: float, zone: str) -> CameraFacts:
    """labels: today's (in, out) by kind of object."""
    camera, status, state = watched.camera, watched.status, watched.state
    total = directions(labels)
    unknown = not labels and not watched.is_counting  # not the same as nobody
    return CameraFacts(
        id=camera.pk,
        name=camera.name,
        url=f"/cameras/{camera.pk}",
        state=state.state,
        state_word=state_word(state.state),
        state_text=state_text(state, fps=status.analysed_fps, target_fps=watched.target_fps, now=now, zone=zone),
        reason=state.reason,
        since=state.since,
        counting=watched.is_counting,
        entered=total.entered,
        left=total.left,
        entered_text="–" if unknown else words.number(total.entered),
        left_text="–" if unknown else words.number(total.left),
        labels={label: Directions(*pair) for label, pair in sorted(labels.items())},
        frame_age_secs=None if state.frame_age_secs is None else round(state.frame_age_secs, 2),
        fps=status.analysed_fps,
        target_fps=watched.target_fps,
        line=None if camera.points is None else [list(point) for point in camera.points],
        engine=status.engine,
        model=status.model,
        note=status.note or _changed_demo(camera),
        demo=_demo(client, camera, now),
    )


def _is_as_drawn(camera: Camera) -> bool:
    """Whether the demo camera counts at the line whose crossings its scene knows, in the same direction."""
    return camera.points == DemoScene.LINE and not camera.reverse and camera.orientation == Camera.Orientation.NORMAL


def _changed_demo(camera: Camera) -> str:
    if not camera.is_demo or _is_as_drawn(camera):
        return ""
    return _("Demo: its line or picture was changed, so there is no true number to compare its counts with.")


def _demo(client: redis.Redis, camera: Camera, now: float) -> DemoFacts | None:
    """None for a real camera, and where the scene does not know what is counted. Zeroes until its loop has begun."""
    if not camera.is_demo or not _is_as_drawn(camera):
        return None
    tally = demo_tally(client, camera.pk, now=now)
    if tally is None:
        return DemoFacts(0, 0, 0, 0, _("Demo: the scene is starting"))
    sentence = _(
        "Demo, last 10 min: %(counted_in)s in, %(expected_in)s expected; %(counted_out)s out, %(expected_out)s expected"
    )
    text = sentence % {
        "counted_in": words.number(tally.counted_in),
        "expected_in": words.number(tally.expected_in),
        "counted_out": words.number(tally.counted_out),
        "expected_out": words.number(tally.expected_out),
    }
    return DemoFacts(tally.expected_in, tally.expected_out, tally.counted_in, tally.counted_out, text)
