"""From what is set for a camera, its profile and the installation to one statement of how to open it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cameras.capture.settings import DEFAULT_BACKENDS, DEFAULT_FFMPEG_FLAGS, MAX_HEIGHT, CaptureSettings

AUTO = "auto"
DEFAULT_PROFILE = "default"
DEFAULT_TRANSPORT = "tcp"
DEFAULT_RESOLUTION = "720p"
_WEBCAM = re.compile(r"\s*(/dev/video)?\d{1,3}\s*", re.ASCII)


class CameraSettings(Protocol):
    """The part of a camera that decides how it is opened: a record, or a loop's configuration."""

    @property
    def url(self) -> str: ...
    @property
    def transport(self) -> str: ...
    @property
    def resolution(self) -> str: ...
    @property
    def orientation(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def ffmpeg_flags(self) -> str: ...


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """What holds for the whole installation.

    backends: programs to try, in order; switched-off ones are not in it. buffer, webcam_buffer: pictures that may wait.
    kept_secs: seconds of a camera's own video that are kept, 0 for none.
    profiles: by name, as `cameras.profiles.clean_profiles` leaves them.
    """

    backends: tuple[str, ...] = DEFAULT_BACKENDS
    ffmpeg_flags: str = DEFAULT_FFMPEG_FLAGS
    buffer: int = 1
    webcam_buffer: int = 1
    kept_secs: int = 0
    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def profile_of(self, camera: CameraSettings) -> Mapping[str, Any]:
        """The camera's profile; the one called default where it names none, or one that is no longer there."""
        return self.profiles.get(camera.profile or DEFAULT_PROFILE) or self.profiles.get(DEFAULT_PROFILE, {})

    def note_for(self, camera: CameraSettings) -> str:
        """What an operator should know, "" for nothing."""
        if camera.profile in ("", DEFAULT_PROFILE) or camera.profile in self.profiles:
            return ""
        return (
            f"The capture profile “{camera.profile}” was deleted; the camera uses the usual settings. "
            "Choose another profile in the camera's settings."
        )


def capture_settings(
    camera: CameraSettings,
    rules: CaptureRules,
    *,
    fps: float,
    folders: tuple[Path, ...] = (),
    allow_loopback: bool = True,
) -> CaptureSettings:
    """The camera's own setting comes first, then its profile's, then the installation's.

    fps: most pictures a second that are wanted; a profile can only lower it.
    """
    profile = rules.profile_of(camera)
    is_webcam = _WEBCAM.fullmatch(camera.url) is not None
    own = {
        "transport": "" if camera.transport == AUTO else camera.transport,
        "resolution": "" if camera.resolution == AUTO else camera.resolution,
        "ffmpeg_flags": camera.ffmpeg_flags,
    }

    def chosen(name: str, default: Any) -> Any:
        return own.get(name) or profile.get(name) or default

    # Zero in a profile switches it off, so it counts as said.
    kept_secs = profile.get("capture_buffer_seconds", rules.kept_secs)
    return CaptureSettings(
        url=camera.url,
        transport=chosen("transport", DEFAULT_TRANSPORT),
        max_height=MAX_HEIGHT[chosen("resolution", DEFAULT_RESOLUTION)],
        orientation=camera.orientation,
        fps=min(fps, chosen("fps", fps)),
        ffmpeg_flags=chosen("ffmpeg_flags", rules.ffmpeg_flags),
        backend_priority=_with_first(profile.get("backend"), rules.backends),
        buffer=chosen("capture_buffer", rules.webcam_buffer if is_webcam else rules.buffer),
        keeps_video=kept_secs > 0 and _may_keep(camera.url, is_webcam) and "ffmpeg" in rules.backends,
        kept_secs=kept_secs,
        folders=folders,
        allow_loopback=allow_loopback,
    )


def _may_keep(url: str, is_webcam: bool) -> bool:
    """Webcams send pictures, no video; the demo scene is drawn."""
    return not is_webcam and not url.startswith("demo:")


def _with_first(name: str | None, backends: tuple[str, ...]) -> tuple[str, ...]:
    """A profile's program is tried first, unless it is switched off for the whole installation."""
    if name is None or name not in backends:
        return backends
    return (name, *(other for other in backends if other != name))
