"""Detector engines: what turns pictures into boxes. `create_engine` chooses one by the model file and the machine.

Nothing heavy is imported here: an engine's library is loaded when the engine is made, inside the process that uses it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from crowdsite.errors import CrowdsiteError, NotAvailable
from tracking.engines.base import Engine
from tracking.engines.boxes import Filter
from tracking.engines.devices import resolve_device
from tracking.engines.exports import exported

NMS_IOU = 0.7

Keep = Callable[[tuple[str, ...]], Filter]
"""What to keep, from the class names of the model."""

__all__ = ["Engine", "create_engine"]


def create_engine(
    model: Path | None,
    *,
    device: str = "auto",
    imgsz: int = 640,
    conf: float = 0.25,
    labels: frozenset[str] | None = None,
    threads: int | None = None,
    streams: int = 1,
    precision: str = "auto",
    cache_dir: Path | None = None,
) -> Engine:
    """The engine for `model`: `.onnx` and `.xml` run on OpenVINO, `.pt` and `.engine` on an NVIDIA card. Without a card
    a `.pt` is exported once and runs on OpenVINO. `None` is the weightless people detector.

    device: `auto`, `cpu`, `cuda` or `cuda:1`; `.onnx` and `.xml` ignore it. imgsz: long side of the network's
    input in pixels. conf: lowest score. labels: class names to report, all of the model's when None; a name
    the model does not know is ignored.
    threads: CPU threads, all cores when None. streams: pictures a CPU engine works on side by side: 1 when pictures
    come one by one, the number of cores when they come from several cameras. precision: `auto` (half precision where
    the processor computes in it), `f32` or `bf16`.
    cache_dir: where exported models are kept. Raises NotAvailable with a sentence where the file or a library is
    missing.
    """
    if not 0 < conf < 1:
        raise CrowdsiteError(f"The lowest score is {conf}. It has to lie between 0 and 1.")
    if not 32 <= imgsz <= 4096:
        raise CrowdsiteError(f"The detector's picture size is {imgsz} pixels. It has to lie between 32 and 4096.")

    def keep(names: tuple[str, ...]) -> Filter:
        wanted = [index for index, name in enumerate(names) if labels is None or name in labels]
        return Filter(conf=conf, iou=NMS_IOU, classes=np.array(wanted, np.int16))

    options = {"imgsz": imgsz, "threads": threads, "streams": streams, "precision": precision}
    if model is None:
        from tracking.engines.hog import HogEngine

        return HogEngine(imgsz=imgsz, keep=keep(HogEngine.labels))
    if not model.is_file():
        raise NotAvailable(f"The model file {model} does not exist. Put it there or choose another model.")
    if model.suffix in {".pt", ".engine"}:
        chosen = resolve_device(device)
        if chosen != "cpu" or model.suffix == ".engine":
            return _on_card(model, imgsz=imgsz, keep=keep, device=chosen)
        return _on_processor(exported(model, cache_dir), model.name, keep, options)
    if model.suffix in {".onnx", ".xml"}:
        return _on_processor(model, model.name, keep, options)
    raise NotAvailable(
        f"The model file {model} is of an unknown kind. Crowdsite reads .onnx, .xml (OpenVINO), .pt and .engine files."
    )


def _on_processor(network: Path, name: str, keep: Keep, options: dict[str, Any]) -> Engine:
    from tracking.engines.openvino import OpenVinoEngine

    return OpenVinoEngine(network, name=name, keep=keep, **options)


def _on_card(model: Path, *, imgsz: int, keep: Keep, device: str) -> Engine:
    if device == "cpu":
        raise NotAvailable(f"{model.name} is a TensorRT file and needs an NVIDIA card. Use an .onnx or .pt file here.")
    from tracking.engines.ultralytics import UltralyticsEngine

    return UltralyticsEngine(model, imgsz=imgsz, keep=keep, device=device)
