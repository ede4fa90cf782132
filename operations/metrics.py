"""The installation's figures as Prometheus families. What each means, and which alarm it feeds: docs/deploy/."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from crowdsite.version import VERSION
from licensing.selectors import LicenceStatus
from operations.figures import QUEUES, CameraFigures, Figures
from operations.heartbeat import Process
from operations.task_tally import STATES, TaskFigures
from tracking.node_status import NodeStatus

CAMERA = ("camera_id", "camera_name")
CAMERA_STATES = ("live", "degraded", "stale", "offline")
PROCESS_KINDS = ("web", "worker", "beat", "flower")


def build_info() -> Metric:
    return InfoMetricFamily("crowdsite_build", "The program that answers.", {"version": VERSION})


def redis_up(up: bool) -> Metric:
    return GaugeMetricFamily("crowdsite_redis_up", "Whether Redis answers; everything else needs it.", float(up))


def families(figures: Figures, licence: LicenceStatus) -> Iterator[Metric]:
    """Every family with its samples."""
    yield build_info()
    yield redis_up(True)
    yield GaugeMetricFamily(
        "crowdsite_redis_writable", "Whether Redis takes changes, not merely answers.", float(figures.redis_writable)
    )
    yield from _cameras(figures.cameras, figures.at)
    yield from _nodes(figures.nodes)
    yield from _processes(figures.processes)
    yield _labelled("crowdsite_queue_length", "Tasks that wait, by queue.", "queue", figures.queues)
    yield from _tasks(figures.tasks)
    yield from _requests(figures.requests)
    yield from _redis(figures.redis_info)
    yield GaugeMetricFamily("crowdsite_licence_valid", "Whether a licence is in force.", float(licence.valid))
    days = GaugeMetricFamily("crowdsite_licence_days_left", "Begun days until the licence ends.")
    if licence.days_left is not None:
        days.add_metric((), licence.days_left)
    yield days


def _labelled(name: str, text: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _cameras(cameras: tuple[CameraFigures, ...], at: float) -> Iterator[Metric]:
    gauges = {
        name: GaugeMetricFamily(f"crowdsite_camera_{name}", text, labels=CAMERA)
        for name, text in (
            ("enabled", "Whether the camera is switched on."),
            ("leased", "Whether a loop runs the camera."),
            ("fps", "Pictures a second that arrive."),
            ("target_fps", "Pictures a second that are asked for."),
            ("analysed_fps", "Pictures a second that are analysed."),
            ("overloaded", "Whether fewer of its pictures are analysed than counting needs and the settings ask for."),
            ("frame_age_seconds", "Age of the newest picture."),
            ("delay_seconds", "From a picture's arrival to its result, running average."),
        )
    }
    counters = {
        name: CounterMetricFamily(f"crowdsite_camera_{name}", text, labels=CAMERA)
        for name, text in (
            ("frames_dropped", "Pictures nobody had time to take, since the loop started."),
            ("frames_outdated", "Pictures that were too old when the detector had time, since the loop started."),
            ("reconnects", "Interruptions of the camera's stream, since the loop started."),
        )
    }
    states = GaugeMetricFamily("crowdsite_camera_state", "1 for the camera's state.", labels=(*CAMERA, "state"))
    crossings = CounterMetricFamily(
        "crowdsite_camera_crossings", "Entries and exits since the camera was added.", labels=(*CAMERA, "direction")
    )
    for camera in cameras:
        labels = (str(camera.id), camera.name)
        for name, value in _gauges_of(camera, at).items():
            gauges[name].add_metric(labels, value)
        for name, value in _counters_of(camera).items():
            counters[name].add_metric(labels, value)
        for state in CAMERA_STATES if camera.status else ():
            states.add_metric((*labels, state), float(camera.status is not None and camera.status.state == state))
        crossings.add_metric((*labels, "in"), camera.entered)
        crossings.add_metric((*labels, "out"), camera.left)
    yield from (*gauges.values(), *counters.values(), states, crossings)


def _gauges_of(camera: CameraFigures, at: float) -> dict[str, float]:
    found = {"enabled": float(camera.enabled), "leased": float(camera.leased)}
    status = camera.status
    if status is None:
        return found
    found |= {"fps": status.fps, "target_fps": status.target_fps, "analysed_fps": status.analysed_fps}
    # The loop's own judgement: it alone knows which pictures were left out on purpose.
    found["overloaded"] = float(status.code == "overloaded")
    if status.frame_at is not None:
        found["frame_age_seconds"] = max(at - status.frame_at, 0.0)
    if status.delay_ms is not None:
        found["delay_seconds"] = status.delay_ms / 1000
    return found


def _counters_of(camera: CameraFigures) -> dict[str, float]:
    status = camera.status
    if status is None or not status.updated_at:
        return {}
    return {
        "frames_dropped": max(status.drops - status.outdated, 0),
        "frames_outdated": status.outdated,
        "reconnects": status.reconnects,
    }


def _nodes(nodes: dict[str, NodeStatus]) -> Iterator[Metric]:
    cameras = GaugeMetricFamily("crowdsite_node_cameras", "Cameras this inference node runs.", labels=("node",))
    inference = GaugeMetricFamily(
        "crowdsite_node_inference_seconds", "The detector's time for one picture, running average.", labels=("node",)
    )
    waiting = GaugeMetricFamily("crowdsite_node_waiting_events", "Crossings not yet in Redis.", labels=("node",))
    lost = CounterMetricFamily(
        "crowdsite_node_lost_events", "Crossings neither Redis nor the disk took, since its start.", labels=("node",)
    )
    for name, node in nodes.items():
        cameras.add_metric((name,), node.cameras)
        inference.add_metric((name,), node.inference_ms / 1000)
        waiting.add_metric((name,), node.waiting_events)
        lost.add_metric((name,), node.lost_events)
    yield from (cameras, inference, waiting, lost)


def _processes(processes: tuple[Process, ...]) -> Iterator[Metric]:
    family = GaugeMetricFamily("crowdsite_processes", "Processes alive on all machines.", labels=("kind",))
    # All kinds, so that an alarm can tell none from unknown.
    counts = Counter(dict.fromkeys(PROCESS_KINDS, 0))
    counts.update(process.kind for process in processes)
    for kind, count in counts.items():
        family.add_metric((kind,), count)
    yield family
    serving = Counter(dict.fromkeys(QUEUES, 0))
    serving.update(queue for process in processes for queue in process.queues)
    yield _labelled("crowdsite_queue_workers", "Workers alive that serve the queue.", "queue", dict(serving))


def _tasks(tasks: dict[str, TaskFigures]) -> Iterator[Metric]:
    ended = CounterMetricFamily("crowdsite_tasks", "Tasks that ended, by how.", labels=("task", "state"))
    seconds = CounterMetricFamily("crowdsite_task_seconds", "Time spent in tasks.", labels=("task",))
    last = GaugeMetricFamily("crowdsite_task_ended_timestamp_seconds", "When one ended last.", labels=("task",))
    for name, task in tasks.items():
        for state in STATES:
            ended.add_metric((name, state.lower()), task.ended[state])
        seconds.add_metric((name,), task.seconds)
        if task.ended_at is not None:
            last.add_metric((name,), task.ended_at)
    yield from (ended, seconds, last)


def _requests(answered: dict[str, float]) -> Iterator[Metric]:
    family = CounterMetricFamily("crowdsite_requests", "Requests answered, by class of status.", labels=("status",))
    for name, count in sorted(answered.items()):
        if name != "seconds":
            family.add_metric((name,), count)
    yield family
    yield CounterMetricFamily(
        "crowdsite_request_seconds", "Time spent answering, streams left out.", answered.get("seconds", 0.0)
    )


def _redis(info: dict[str, object]) -> Iterator[Metric]:
    for name, text, field in (
        ("memory_bytes", "Memory Redis uses.", "used_memory"),
        ("memory_limit_bytes", "Memory Redis may use; 0 = no limit.", "maxmemory"),
        ("clients", "Connections to Redis.", "connected_clients"),
        ("aof_ok", "Whether its last write to disk went well.", "aof_last_write_status"),
    ):
        if field in info:
            value = info[field]
            yield GaugeMetricFamily(
                f"crowdsite_redis_{name}", text, float(value == "ok" if name == "aof_ok" else value)
            )  # type: ignore[arg-type]
    for name, text, field in (
        ("commands", "Commands Redis answered since its start.", "total_commands_processed"),
        ("evicted_keys", "Records Redis threw away for lack of memory.", "evicted_keys"),
        ("rejected_connections", "Connections Redis refused.", "rejected_connections"),
    ):
        if field in info:
            yield CounterMetricFamily(f"crowdsite_redis_{name}", text, float(info[field]))  # type: ignore[arg-type]
