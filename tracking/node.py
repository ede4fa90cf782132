"""What the camera loops of one worker process share, made when the first loop starts."""

import os
import socket
import threading

from celery.worker.state import revoked
from django.conf import settings
from django.db import close_old_connections

from cameras.capture.feed import Feed
from cameras.models import CaptureDefaults
from cameras.selectors import CameraConfig, camera_config
from crowdsite.clock import now
from crowdsite.log_context import about
from crowdsite.store.connection import client
from tracking.clips import ClipDesk
from tracking.cpu import CpuLimit
from tracking.delivery import EventDelivery
from tracking.detector_source import DetectorSource, ModelSettings
from tracking.gates import SceneRules
from tracking.keeper import Keeper, Kept
from tracking.lease import Lease
from tracking.loop import CameraLoop, LoopSettings
from tracking.models import TrackingSettings
from tracking.node_status import NodeStatus
from tracking.pictures import PictureDesk
from tracking.registry import EngineChoice, installed_model, resolve_engine
from tracking.worker import register


class Node:
    """One detector, one delivery, one keeper, one picture desk and one for clips for all cameras of this process."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._cpu = CpuLimit()
        self._detectors = DetectorSource(load_engine)
        self._delivery = EventDelivery(client(), settings.VAR_DIR / "spool" / "events.sqlite3")
        self._pictures = PictureDesk(client())
        self._loops: dict[int, CameraLoop] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._clips = ClipDesk(client(), self._feeds_with_video)
        self._keeper = Keeper(client(), node=self.name, read_settings=self.read_settings, node_status=self.status)

    def read_settings(self) -> LoopSettings:
        """The installation's settings; the detector follows them too."""
        stored = TrackingSettings.load()
        cores = self._cpu.apply(stored.cpu_limit_percent)
        self._detectors.want(
            ModelSettings(
                person_model=stored.person_model,
                version=model_version(stored.person_model),
                device=stored.device,
                imgsz=stored.imgsz,
                confidence=stored.confidence,
                track_objects=tuple(stored.track_objects),
                cores=cores,
            )
        )
        return LoopSettings(
            detector_fps=stored.detector_fps,
            frame_skip=stored.frame_skip,
            scene=SceneRules(
                adaptive=stored.adaptive_skip,
                duplicate_levels=stored.duplicate_threshold if stored.duplicate_filter else None,
            ),
            counting=stored.in_out_counting,
            show_line=stored.show_line,
            show_ids=stored.show_ids,
            show_counts=stored.show_counts,
            file_roots=tuple(settings.CAMERA_FILE_ROOTS),
            capture=CaptureDefaults.load().rules(),
        )

    def status(self) -> NodeStatus:
        """What the node says of itself, besides its cameras."""
        current = self._detectors.current
        load = current.batching.load if current else None
        return NodeStatus(
            at=now(),
            cameras=len(self._loops),
            inference_ms=round(load.inference_ms, 2) if load else 0.0,
            waiting_events=self._delivery.waiting,
            lost_events=self._delivery.given_up,
        )

    def run_loop(self, camera_id: int, *, task_id: str) -> None:
        """Hold the camera's lease and run its loop until it is stopped; at once when the camera is taken or gone."""
        config = camera_config(camera_id)
        lease = Lease(client(), camera_id, holder=self.name)
        if config is None or not config.enabled or not lease.acquire():
            return
        try:
            with about(camera_id=camera_id):
                loop = self._begin(config)
                if loop is not None:
                    self._keeper.add(camera_id, Kept(loop, lease, revoked=lambda: task_id in revoked))
                    self._run(camera_id, loop)
        finally:
            self._keeper.give_back(camera_id, lease)
            close_old_connections()

    def _feeds_with_video(self) -> dict[int, Feed]:
        with self._lock:
            return {camera_id: loop.feed for camera_id, loop in self._loops.items() if loop.feed.settings.keeps_video}

    def _begin(self, config: CameraConfig) -> CameraLoop | None:
        """None while the process ends, or when the camera's last loop here has not quite ended."""
        settings_now = self.read_settings()
        with self._lock:
            if self._closing or config.id in self._loops:
                return None
            loop = self._loops[config.id] = CameraLoop(
                config, settings_now, detectors=self._detectors, delivery=self._delivery, pictures=self._pictures
            )
            return loop

    def _run(self, camera_id: int, loop: CameraLoop) -> None:
        try:
            loop.run()
        finally:
            self._keeper.remove(camera_id)
            with self._lock:
                del self._loops[camera_id]

    def stop_loops(self) -> None:
        """Ask every loop to end; their tasks return within a second or two. No new one starts."""
        with self._lock:
            self._closing = True
            loops = list(self._loops.values())
        for loop in loops:
            loop.stop.set()

    def close(self) -> None:
        """After the loops have ended: bring what is left to Redis or to the disk, free the device."""
        self._keeper.close()
        self._pictures.close()
        self._clips.close()
        self._detectors.close()
        self._delivery.close()


def model_version(name: str) -> tuple[str, float] | None:
    """File and time of the weights `name` means now: weights that appear or change are put to work by themselves."""
    path = installed_model(name, settings.MODEL_DIRS)
    return (str(path), path.stat().st_mtime) if path else None


def load_engine(wanted: ModelSettings) -> EngineChoice:
    """The engine `wanted` asks for, or the weightless one with the reason."""
    return resolve_engine(
        wanted.person_model,
        search=settings.MODEL_DIRS,
        device=wanted.device,
        imgsz=wanted.imgsz,
        conf=wanted.confidence,
        track_objects=wanted.track_objects,
    )


_current: Node | None = None
_lock = threading.Lock()


def current() -> Node:
    """This process's node; the first call makes it."""
    global _current
    with _lock:
        if _current is None:
            _current = Node()
            register(_current)
        return _current
