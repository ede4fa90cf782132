"""The CUDA engine: `.pt` weights and TensorRT `.engine` files through ultralytics; and the one-time export of a `.pt`
for the CPU engine.

The only module that imports ultralytics, and only when an engine is made. The export runs in a process of its own
(`python -m tracking.engines.ultralytics WEIGHTS OUT.onnx`), so that a camera worker never carries torch in memory.
ultralytics is under the AGPL-3.0, and so are its published weights.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdsite.errors import NotAvailable
from tracking.detections import Detections
from tracking.engines.boxes import MAX_DETECTIONS, Filter, best_first


class UltralyticsEngine:
    """A YOLO detection network on an NVIDIA card, in half precision."""

    name = "ultralytics"

    def __init__(self, model: Path, *, imgsz: int, keep: Callable[[tuple[str, ...]], Filter], device: str):
        """Load `model` onto `device` (`cuda:N`, `cpu`). `keep` says what to keep once the class names are known."""
        self.model = model.name
        self.max_batch = _engine_batch(model) if model.suffix == ".engine" else 8
        self._network: Any = load(model)
        names = self._network.names
        self.labels = tuple(str(names[index]) for index in sorted(names))
        self._keep = keep(self.labels)
        self._options = {
            "imgsz": -(-imgsz // 32) * 32,
            "conf": self._keep.conf,
            "iou": self._keep.iou,
            "classes": [int(index) for index in self._keep.classes],
            "max_det": MAX_DETECTIONS,
            "device": device,
            "half": device != "cpu",
            "rect": True,
            "verbose": False,
            "save": False,
        }

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Engine.detect`. Pictures of one size share a call: of several, they would be padded to squares."""
        found = [Detections.empty()] * len(images)
        if not len(self._keep.classes):
            return found
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for position, image in enumerate(images):
            if image.size:
                by_shape.setdefault(image.shape, []).append(position)
        for positions in by_shape.values():
            for start in range(0, len(positions), self.max_batch):
                batch = positions[start : start + self.max_batch]
                results = self._network.predict([images[position] for position in batch], **self._options)
                for position, result in zip(batch, results, strict=True):
                    found[position] = _from_result(result)
        return found

    def close(self) -> None:
        """See `Engine.close`."""
        self._network = None


def load(model: Path) -> Any:
    """The library's own object for `model`. Raises NotAvailable where the library or the file's content is missing."""
    # Without these the library installs packages at run time, asks its servers for updates and reports how it is used.
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    os.environ.setdefault("YOLO_CONFIG_DIR", str(Path(tempfile.gettempdir()) / f"crowdsite-yolo-{os.getuid()}"))
    Path(os.environ["YOLO_CONFIG_DIR"]).mkdir(parents=True, exist_ok=True)
    try:
        import torch  # noqa: F401
        from ultralytics import settings
        from ultralytics.models import YOLO
    except ImportError as error:
        raise NotAvailable(
            f"{model.name} needs PyTorch and ultralytics, and they are not installed ({error}). Put an .onnx file of "
            "the same network in its place, or install torch."
        ) from error
    if settings.get("sync"):
        settings.update({"sync": False})  # type: ignore[no-untyped-call]
    try:
        return YOLO(str(model.resolve()), task="detect")
    except (RuntimeError, OSError, KeyError, ValueError, TypeError, EOFError, AttributeError) as error:
        raise NotAvailable(
            f"The model file {model} cannot be loaded: it is damaged or of a kind ultralytics does not know. "
            "Put a fresh copy in its place."
        ) from error


def export_onnx(weights: Path, out: Path) -> None:
    """Write `weights` (.pt) as an ONNX file for any input shape to `out`, which appears complete or not at all."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
        copy = Path(folder) / weights.name  # the library writes beside the weights, wherever those lie
        shutil.copyfile(weights, copy)
        written = load(copy).export(format="onnx", dynamic=True, simplify=False, device="cpu", verbose=False)
        Path(written).replace(out)


def _from_result(result: Any) -> Detections:
    rows = result.boxes.data.float().cpu().numpy()  # x1, y1, x2, y2, score, class
    return best_first(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int16))


def _engine_batch(model: Path) -> int:
    """The largest batch of a TensorRT file, from the description ultralytics writes in front of it."""
    with model.open("rb") as file:
        length = int.from_bytes(file.read(4), "little")
        try:
            described = json.loads(file.read(length)) if 0 < length < 1_000_000 else {}
        except (UnicodeDecodeError, json.JSONDecodeError):
            described = {}
    batch = int(described.get("batch", 1))
    dynamic = bool(described.get("dynamic") or described.get("args", {}).get("dynamic"))
    if batch > 1 and not dynamic:
        raise NotAvailable(
            f"The TensorRT file {model} takes exactly {batch} pictures at a time. Export it with dynamic=True."
        )
    return batch


if __name__ == "__main__":
    try:
        export_onnx(Path(sys.argv[1]), Path(sys.argv[2]))
    except NotAvailable as reason:
        sys.exit(reason.message)
