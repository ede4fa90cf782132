"""How many cameras the licence allows.

This room lies below the cameras and knows none of them: `cameras` says through `count_cameras_with` which ones use
the licence. Whatever runs already keeps running: a limit is asked for when one more wants to, never afterwards.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crowdsite.errors import CrowdsiteError
from licensing.locks import alone
from licensing.selectors import licence_status

# Held while a camera takes its place: two that come at once cannot both take the last one.
LOCK_KEY = "licensing:lock:cameras"

_count: Callable[[], Collection[int]] = frozenset


class CameraLimitError(CrowdsiteError):
    """The licence has no room for another camera."""

    code = "licence_cameras"
    status = 409

    def __init__(self, message: str):
        super().__init__(message, fields={"enabled": [message]})


def count_cameras_with(counter: Callable[[], Collection[int]]) -> None:
    """counter: the numbers of the cameras that use the licence now."""
    global _count
    _count = counter


def cameras_in_use() -> int:
    """How many cameras use the licence now."""
    return len(_count())


@contextmanager
def room_for(camera_ids: Collection[int | None]) -> Iterator[None]:
    """Within it, these cameras may be saved as ones that use the licence. None: one that has no number yet.

    Raises CameraLimitError when the licence has no room for all of them; none of them may be saved then.
    """
    if not camera_ids or licence_status().max_cameras is None:
        yield
        return
    with alone(LOCK_KEY):
        _check(camera_ids)
        yield


def _check(camera_ids: Collection[int | None]) -> None:
    allowed = licence_status().max_cameras  # again: a new key may have come while we waited
    in_use = set(_count())
    coming = sum(camera_id is None or camera_id not in in_use for camera_id in camera_ids)
    if allowed is not None and coming and len(in_use) + coming > allowed:
        raise CameraLimitError(_refusal(allowed, len(in_use), coming))


def _refusal(allowed: int, in_use: int, coming: int) -> str:
    limit = ngettext("The licence allows %(n)s enabled camera", "The licence allows %(n)s enabled cameras", allowed) % {
        "n": allowed
    }
    state = ngettext("%(n)s is in use.", "%(n)s are in use.", in_use) % {"n": in_use}
    wish = ngettext("there is no room for another", "there is no room for %(n)s more", coming) % {"n": coming}
    advice = _("Disable another camera, add this one disabled, or enter a licence for more cameras.")
    return f"{limit}, {state[:-1]}: {wish}. {advice}"
