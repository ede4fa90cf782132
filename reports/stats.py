"""The shape of the live figures: what the dashboard shows and `/api/stats` answers. Plain values, words included."""

from dataclasses import dataclass, field

from reports.occupancy_words import OccupancyFacts


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """max_capacity, warn_threshold: None = not set."""

    id: int
    name: str
    timezone: str
    max_capacity: int | None
    warn_threshold: int | None


@dataclass(frozen=True, slots=True)
class Directions:
    """Crossings of one kind of object."""

    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class TodayFacts:
    """People since the site's midnight; `labels` has every kind. lower_bound: some crossings were not seen."""

    entered: int
    left: int
    entered_text: str
    left_text: str
    lower_bound: bool
    lower_bound_reason: str
    others_text: str
    labels: dict[str, Directions]


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """True crossings of the drawn scene in the last ten minutes beside the counted ones."""

    expected_in: int
    expected_out: int
    counted_in: int
    counted_out: int
    text: str


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """One visible camera. since: unix seconds of the state. line: normalised points or None. *_text: in words.
    counting: crossings are seen right now."""

    id: int
    name: str
    url: str
    state: str
    state_word: str
    state_text: str
    reason: str
    since: float | None
    counting: bool
    entered: int
    left: int
    entered_text: str
    left_text: str
    labels: dict[str, Directions]
    frame_age_secs: float | None
    fps: float | None
    target_fps: float | None
    line: list[list[float]] | None
    engine: str
    model: str
    note: str
    demo: DemoFacts | None


@dataclass(frozen=True, slots=True)
class CountingFacts:
    """Of the cameras that should count, how many do. problems: a line for each state that is not counting."""

    counting: int
    of: int
    text: str
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttentionItem:
    """Something that needs a person. camera_id: None where several cameras have the same trouble, then `names` has
    theirs. key: stays while the trouble does."""

    key: str
    camera_id: int | None
    state: str
    title: str
    sentence: str
    names: str
    since: float | None
    since_text: str
    url: str


@dataclass(frozen=True, slots=True)
class AttentionFacts:
    """items: most urgent first. rest: cameras in trouble beyond those; `rest_text` in words, empty without any."""

    items: list[AttentionItem]
    rest: int
    rest_text: str


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """The doors of the wall, by camera id in their order, and a line on those that are not among them."""

    ids: list[int]
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A button. permission: what one needs to follow it, empty = everybody may."""

    label: str
    url: str
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message over the whole page. code: stable name. level: info, warn or over. permission: what one needs to be
    told, empty = everybody is."""

    code: str
    level: str
    title: str
    sentence: str
    action: Action | None
    permission: str = ""


@dataclass(frozen=True, slots=True)
class LiveStats:
    """Everything the dashboard shows. now: unix seconds of the server."""

    now: float
    site: SiteFacts
    occupancy: OccupancyFacts
    today: TodayFacts
    cameras: list[CameraFacts]
    counting: CountingFacts
    doors: DoorFacts
    attention: AttentionFacts
    notices: list[Notice]
    summary: str
    calm: str
