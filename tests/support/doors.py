"""A site with cameras that report and count, written through the real structures: what a page has to show."""

from typing import Any

import redis

from cameras.models import Camera, Site
from cameras.status import CameraStatus, write_status
from tracking.events import Event, record_event

LINE = [[0.1, 0.6], [0.9, 0.6]]


class Doors:
    """now: unix seconds at which everything happens."""

    def __init__(self, client: redis.Redis, site: Site, now: float):
        self.client = client
        self.site = site
        self.now = now

    def limit(self, max_capacity: int | None, warn_threshold: int | None) -> None:
        self.site.max_capacity, self.site.warn_threshold = max_capacity, warn_threshold
        self.site.save()

    def add(
        self, name: str, *, state: str | None = "live", reason: str = "", age_secs: float = 0.2, **values: Any
    ) -> Camera:
        """A camera that counts. state: None = no loop reports it. age_secs: of its newest picture."""
        fields: dict[str, Any] = {
            "url": f"rtsp://user:s3cret@10.0.0.9/{name}",
            "site": self.site,
            "line": LINE,
            "tasks": ["in_count", "out_count"],
        }
        camera = Camera(name=name, **(fields | values))
        camera.save()
        if state is not None:
            self.report(camera, state=state, reason=reason, age_secs=age_secs)
        return camera

    def report(
        self, camera: Camera, *, state: str = "live", reason: str = "", age_secs: float = 0.2, **values: Any
    ) -> None:
        fields: dict[str, Any] = {
            "since": self.now - 600, "target_fps": 5.0, "analysed_fps": 5.0, "fps": 25.0, "engine": "openvino",
        }  # fmt: skip
        status = CameraStatus(
            state=state,  # type: ignore[arg-type]
            reason=reason,
            frame_at=self.now - age_secs,
            updated_at=self.now,
            **(fields | values),
        )
        write_status(self.client, camera.pk, status)

    def cross(self, camera: Camera, direction: str, times: int = 1, label: str = "person") -> None:
        for number in range(times):
            event = Event.new(
                direction=direction,  # type: ignore[arg-type]
                ts=self.now,
                score=0.9,
                camera_id=camera.pk,
                site_id=self.site.pk,
                label=label,
                track_id=number,
                line_version=1,
                model="test",
            )
            record_event(self.client, event, timezone=self.site.timezone)
