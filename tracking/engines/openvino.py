"""The CPU engine: `.onnx` and OpenVINO `.xml` files through OpenVINO, driven directly.

The only module that imports openvino, and only when an engine is made. Resizing, thresholds and suppression are ours:
a general-purpose wrapper spends as long around the network as inside it.
"""

import ast
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from crowdsite.errors import NotAvailable
from tracking.detections import Detections
from tracking.engines import letterbox
from tracking.engines.boxes import Filter, read_head, read_rows
from tracking.engines.coco import COCO_LABELS

log = logging.getLogger(__name__)

MAX_SHAPES = 4  # compiled inputs kept: each holds the weights once more (10-30 MB)


class OpenVinoEngine:
    """A YOLO detection network on the CPU, one compiled copy per input shape that is in use.

    The pictures of one call run side by side, a stream each: two streams of one thread did a third more pictures a
    second than one stream of two threads, for a fifth less CPU, and one call with a batch of four gained nothing.
    """

    name = "openvino"

    def __init__(
        self,
        network: Path,
        *,
        name: str,
        imgsz: int,
        keep: Callable[[tuple[str, ...]], Filter],
        threads: int | None = None,
        streams: int = 1,
        precision: str = "auto",
    ):
        """Load the file `network`; `name` is what it is called in the log. `keep` says what to keep once the class
        names are known. streams: pictures worked on at once; with one, all threads work on the same picture.
        """
        self.model = name
        self.max_batch = 4 if streams <= 4 else 8
        self._path = network
        self._imgsz = imgsz
        self._streams = streams
        self._core = _core()
        self._config = _config(self._core, threads, streams, precision)
        read = _read(self._core, network)
        self._row_output = _gives_rows(read, network)
        self.labels = _labels(read, network, self._row_output)
        self._keep = keep(self.labels)
        self._fixed_shape: tuple[int, int] | None = None
        self._compiled: OrderedDict[tuple[int, int], deque[Any]] = OrderedDict()

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Engine.detect`."""
        found = [Detections.empty()] * len(images)
        running: deque[_Running] = deque()
        for position, image in enumerate(images):
            if image.size:
                if len(running) == self._streams:
                    self._collect(running.popleft(), found)
                running.append(self._start(position, image))
        while running:
            self._collect(running.popleft(), found)
        return found

    def close(self) -> None:
        """See `Engine.close`."""
        self._compiled.clear()

    def _start(self, position: int, image: NDArray[np.uint8]) -> "_Running":
        height, width = image.shape[:2]
        box = letterbox.fit(height, width, self._imgsz)
        request = self._request(box.input_shape)
        if self._fixed_shape:
            box = letterbox.fit_into(height, width, self._fixed_shape)
        pixels = np.ascontiguousarray(letterbox.place(image, box))[None]
        request.start_async({0: pixels}, share_inputs=True)
        return _Running(position, request, pixels, box)

    def _collect(self, running: "_Running", found: list[Detections]) -> None:
        running.request.wait()
        output = running.request.get_output_tensor(0).data[0]
        found[running.position] = (read_rows if self._row_output else read_head)(output, self._keep, running.box)

    def _request(self, shape: tuple[int, int]) -> Any:
        """The request that has been idle longest of those for an input of `shape` (height, width)."""
        shape = self._fixed_shape or shape
        if shape not in self._compiled:
            network = self._network(shape)
            shape = self._fixed_shape or shape
            compiled = self._core.compile_model(_with_byte_input(network), "CPU", self._config)
            self._compiled[shape] = deque(compiled.create_infer_request() for _ in range(self._streams))
            if len(self._compiled) > MAX_SHAPES:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(shape)
        self._compiled[shape].rotate(-1)
        return self._compiled[shape][-1]

    def _network(self, shape: tuple[int, int]) -> Any:
        network = _read(self._core, self._path)
        try:
            _reshape(network, shape)
        except _FixedShapeError as reason:
            log.warning("%s keeps the input shape it was exported with: %s.", self.model, reason)
            network = _read(self._core, self._path)
            self._fixed_shape = tuple(network.input(0).get_shape())[2:]
        return network


@dataclass(frozen=True, slots=True)
class _Running:
    """One picture inside the network. `pixels` is read by the network until it is done, so it has to stay alive."""

    position: int
    request: Any
    pixels: NDArray[np.uint8]
    box: letterbox.Letterbox


class _FixedShapeError(Exception):
    """The file cannot be used with another input shape."""


def _core() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise NotAvailable(
            "The library openvino is not installed, so .onnx and .xml models cannot be used here. "
            "Install requirements/base.txt."
        ) from error
    return openvino.Core()


def _config(core: Any, threads: int | None, streams: int, precision: str) -> dict[str, str]:
    if precision == "auto":
        # Measured against f32 on a processor with bf16: 996 of 997 people the same, the same crossings counted, half
        # the CPU time. Elsewhere bf16 would be emulated, slowly.
        precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
    config = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": str(streams)}
    if threads:
        config["INFERENCE_NUM_THREADS"] = str(threads)
    return config


def _read(core: Any, path: Path) -> Any:
    try:
        return core.read_model(str(path))
    except RuntimeError as error:
        raise NotAvailable(
            f"The model file {path} cannot be read: it is damaged or not a network. Put a fresh copy in its place."
        ) from error


def _gives_rows(network: Any, path: Path) -> bool:
    """Whether the network suppresses doubles itself; raises NotAvailable where it is no detector."""
    shape = network.output(0).get_partial_shape()
    if len(network.inputs) == 1 and len(shape) == 3:
        if shape[2].is_static and shape[2].get_length() == 6:
            return True
        if shape[1].is_static and shape[1].get_length() > 4 and (shape[2].is_dynamic or shape[2].get_length() > 100):
            return False
    raise NotAvailable(
        f"The model file {path} is not a YOLO detection network (YOLOv8 or newer), so it cannot be used to count. "
        "Choose another model."
    )


def _labels(network: Any, path: Path, row_output: bool) -> tuple[str, ...]:
    """The class names the file carries, else COCO's where their number fits, else `class 0`, `class 1` ..."""
    names: dict[int, str] = {}
    if network.has_rt_info(["framework", "names"]):
        names = ast.literal_eval(network.get_rt_info(["framework", "names"]).astype(str))
    elif (path.parent / "metadata.yaml").is_file():
        names = yaml.safe_load((path.parent / "metadata.yaml").read_text()).get("names", {})
    if names:
        return tuple(str(names[index]) for index in sorted(names))
    count = len(COCO_LABELS) if row_output else network.output(0).get_partial_shape()[1].get_length() - 4
    return COCO_LABELS if count == len(COCO_LABELS) else tuple(f"class {index}" for index in range(count))


def _reshape(network: Any, shape: tuple[int, int]) -> None:
    """Give the network an input of 1x3x`shape`, rewriting what a fixed-size export baked in.

    Such a file holds the number of anchors, their centres and their strides as constants, and so do the shapes its
    layers are brought into. They follow from the input's shape, so they are recomputed, after a check that the recipe
    gives exactly what the file holds.
    """
    from openvino import PartialShape

    old = network.input(0).get_partial_shape()
    if old.is_static and tuple(old.get_shape()[2:]) != shape:
        _rewrite_constants(network, tuple(old.get_shape()[2:]), shape)
    try:
        # Model.reshape would first check the rewritten graph against the old input.
        network.get_parameters()[0].set_partial_shape(PartialShape([1, 3, *shape]))
        network.validate_nodes_and_infer_types()
    except RuntimeError as error:
        raise _FixedShapeError("its graph depends on it") from error


def _rewrite_constants(network: Any, old: tuple[int, int], new: tuple[int, int]) -> None:
    from openvino import opset13

    count = network.output(0).get_shape()[-1]
    nodes = network.get_ops()
    constants = [node for node in nodes if node.get_type_name() == "Constant"]
    strides = _strides(constants, count)
    anchors = _anchors(old, strides), _anchors(new, strides)
    for node in constants:
        data = node.get_data()
        if data.ndim and data.shape[-1] == count and data.dtype == np.float32:
            output = opset13.constant(_recomputed(data, *anchors)).output(0)
            for target in list(node.output(0).get_target_inputs()):
                target.replace_source_output(output)
    for node in nodes:
        target = node.input(1) if node.get_type_name() == "Reshape" else None
        if target and target.get_source_output().get_node().get_type_name() == "Constant":
            data = target.get_source_output().get_node().get_data()
            if (resized := _resized(data, old, new, strides)) is not data:
                target.replace_source_output(opset13.constant(resized).output(0))


def _resized(
    shape: NDArray[np.int64], old: tuple[int, int], new: tuple[int, int], strides: list[int]
) -> NDArray[np.int64]:
    """`shape`, the target of a reshape, for the new input: it ends with the number of all anchors, with the rows and
    columns of one level or with their product; the same array where it does not depend on the input."""
    levels = [((old[0] // s, old[1] // s), (new[0] // s, new[1] // s)) for s in strides]
    ends: dict[tuple[int, ...], tuple[int, ...]] = {}
    ends[(sum(h * w for (h, w), _ in levels),)] = (sum(h * w for _, (h, w) in levels),)
    for before, after in levels:
        ends[before] = after
        ends[(before[0] * before[1],)] = (after[0] * after[1],)
    for size in (2, 1):
        end = ends.get(tuple(shape[-size:].tolist()))
        if end is not None and len(shape) > 2:
            return np.concatenate((shape[:-size], end)).astype(np.int64)
    return shape


def _strides(constants: list[Any], count: int) -> list[int]:
    for node in constants:
        data = node.get_data()
        if data.size == count and data.dtype == np.float32:
            return [int(stride) for stride in np.unique(data)]
    raise _FixedShapeError("its strides are not where YOLO keeps them")


def _anchors(shape: tuple[int, int], strides: list[int]) -> NDArray[np.float32]:
    """float32 (3, A): x and y of every anchor's centre in cells of its level, and the level's stride in pixels."""
    levels = []
    for stride in strides:
        y, x = np.mgrid[: shape[0] // stride, : shape[1] // stride].reshape(2, -1) + 0.5
        levels.append(np.stack((x, y, np.full_like(x, stride))))
    return np.concatenate(levels, axis=1).astype(np.float32)


def _recomputed(data: NDArray[np.float32], old: NDArray[np.float32], new: NDArray[np.float32]) -> NDArray[np.float32]:
    for part in (slice(0, 2), slice(2, 3)):
        if data.size == old[part].size and np.array_equal(data.reshape(old[part].shape), old[part]):
            return new[part].reshape(*data.shape[:-1], -1)
    raise _FixedShapeError("its anchors are not where YOLO keeps them")


def _with_byte_input(network: Any) -> Any:
    """Take uint8 (1, H, W, 3) BGR pictures: conversion inside the network is faster than in numpy."""
    from openvino import Layout, Type
    from openvino.preprocess import ColorFormat, PrePostProcessor

    steps = PrePostProcessor(network)
    steps.input().tensor().set_element_type(Type.u8).set_layout(Layout("NHWC")).set_color_format(ColorFormat.BGR)
    steps.input().model().set_layout(Layout("NCHW"))
    steps.input().preprocess().convert_element_type(Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
    return steps.build()
