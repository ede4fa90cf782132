"""Detector engines: what turns pictures into boxes. `create_engine` chooses one by the model file and the machine.

Nothing heavy is imported here: an engine's library is loaded when the engine is made, inside the process that uses it.
"""

from pathlib import Path

import numpy as np

from crowdsite.errors import CrowdsiteError, NotAvailable
from tracking.engines.base import Engine
from tracking.engines.boxes import Filter

NMS_IOU = 0.7

__all__ = ["Engine", "create_engine"]


def create_engine(
    model: Path | None,
    *,
    device: str = "auto",
    imgsz: int = 640,
    conf: float = 0.25,
    labels: frozenset[str] | None = None,
    threads: int | None = None,
    precision: str = "f32",
    cache_dir: Path | None = None,
) -> Engine:
    """The engine for `model`: `.onnx` and `.xml` run on OpenVINO, `None` is the weightless people detector.

    device: `auto`, `cpu`, `cuda` or `cuda:1`. imgsz: long side of the network's input in pixels. conf: lowest score.
    labels: class names to report, all of the model's when None; a name the model does not know is ignored.
    threads: CPU threads, all cores when None. precision: `f32`, or `bf16` where the CPU has it.
    cache_dir: where converted models are kept. Raises NotAvailable with a sentence where the file or a library is
    missing.
    """
    if not 0 < conf < 1:
        raise CrowdsiteError(f"The lowest score is {conf}. It has to lie between 0 and 1.")
    if not 32 <= imgsz <= 4096:
        raise CrowdsiteError(f"The detector's picture size is {imgsz} pixels. It has to lie between 32 and 4096.")

    def keep(names: tuple[str, ...]) -> Filter:
        wanted = [index for index, name in enumerate(names) if labels is None or name in labels]
        return Filter(conf=conf, iou=NMS_IOU, classes=np.array(wanted, np.int16))

    if model is None:
        from tracking.engines.hog import HogEngine

        return HogEngine(imgsz=imgsz, keep=keep(HogEngine.labels))
    if not model.is_file():
        raise NotAvailable(f"The model file {model} does not exist. Put it there or choose another model.")
    if model.suffix in {".onnx", ".xml"}:
        from tracking.engines.openvino import OpenVinoEngine

        return OpenVinoEngine(model, imgsz=imgsz, keep=keep, threads=threads, precision=precision, cache_dir=cache_dir)
    raise NotAvailable(
        f"The model file {model} is of an unknown kind. Crowdsite reads .onnx, .xml (OpenVINO), .pt and .engine files."
    )
