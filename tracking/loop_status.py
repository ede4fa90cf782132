"""What a camera loop says of itself: how its camera is, what its detector makes of it."""

from dataclasses import replace

from cameras.capture.health import Health
from cameras.status import CameraStatus
from tracking.loop import CameraLoop

# Fewer analysed pictures a second than this and people are missed between two of them.
ENOUGH_FPS = 2.0


def loop_status(loop: CameraLoop, *, node: str, at: float) -> CameraStatus:
    """at: unix seconds."""
    health = loop.feed.health()
    meter = loop.meter
    engine = loop.engine
    kept = loop.feed.kept()
    status = CameraStatus(
        state=health.state,
        code=health.code,
        reason=health.reason,
        since=health.since,
        fps=health.fps,
        target_fps=health.target_fps,
        analysed_fps=round(meter.fps(at), 2),
        drops=health.drops + loop.outdated,
        outdated=loop.outdated,
        reconnects=health.reconnects,
        backend=health.backend,
        engine=engine.name if engine else "",
        model=engine.model if engine else "",
        width=health.width,
        height=health.height,
        frame_at=health.frame_at,
        node=node,
        updated_at=at,
        delay_ms=meter.delay_ms,
        note=loop.note or health.note,
        kept_secs=kept.secs if kept else None,
        kept_reason=kept.problem if kept else "",
    )
    return _with_trouble(status, health, loop)


def _with_trouble(status: CameraStatus, health: Health, loop: CameraLoop) -> CameraStatus:
    """A camera that gives pictures is still degraded when nothing, or too little, is made of them."""
    if health.state not in ("live", "degraded"):
        return status
    if problem := loop.problem:
        return replace(status, state="degraded", code="not_counting", reason=problem)
    config = loop.config
    if loop.is_counting and config.line is None:
        reason = "No line is drawn, so nobody is counted. Draw it on the camera's page."
        return replace(status, state="degraded", code="no_line", reason=reason)
    wanted = min(ENOUGH_FPS, loop.analysed_share * min(health.target_fps, health.fps))
    if loop.meter.is_warm(health.since) and loop.meter.handled_fps(status.updated_at) < 0.8 * wanted:
        reason = f"Only {status.analysed_fps:.1f} pictures a second are analysed: this node has too much to do."
        return replace(status, state="degraded", code="overloaded", reason=reason)
    return status
