"""What an import would do, as values: made by `planning`, shown by page and command, carried out by `applying`."""

from dataclasses import dataclass, field
from typing import Any

from cameras.models import Camera, Site


@dataclass(frozen=True, slots=True)
class Note:
    """Something in the file that is not taken over as it stands, and what that means. path: `cameras[3].line`."""

    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that becomes different. before, after: in words; empty before = new. Secrets are hidden."""

    where: str
    what: str
    before: str
    after: str


@dataclass(slots=True)
class SitePlan:
    """existing: the record that is updated, None = a new one, with `number` where the file says so and it is free."""

    path: str
    existing: Site | None
    number: int | None
    values: dict[str, Any]


@dataclass(slots=True)
class CameraPlan:
    """As SitePlan. site: a plan of the same file, a record, or None = the default site (new) or unchanged."""

    path: str
    existing: Camera | None
    number: int | None
    values: dict[str, Any]
    site: SitePlan | Site | None = None


@dataclass(frozen=True, slots=True)
class UserPlan:
    """password: Django's form of a v81 hash; empty = the person sets one."""

    username: str
    password: str = field(repr=False)
    role: str


@dataclass(slots=True)
class Plan:
    """settings: model label -> field -> value, only what differs from what is stored."""

    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    sites: list[SitePlan] = field(default_factory=list)
    cameras: list[CameraPlan] = field(default_factory=list)
    users: list[UserPlan] = field(default_factory=list)
    license_key: str = ""
    changes: list[Change] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
