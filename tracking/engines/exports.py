"""A `.pt` model in the CPU engine's format: made once per content, kept, shared by all processes of the machine."""

import fcntl
import hashlib
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from crowdsite.errors import NotAvailable
from tracking.engines.devices import has_torch

log = logging.getLogger(__name__)

_PROJECT = Path(__file__).resolve().parents[2]
_EXPORT_SECS = 900


def exported(
    weights: Path, cache_dir: Path | None = None, progress: Callable[[str], None] = lambda text: log.info("%s", text)
) -> Path:
    """The ONNX file of `weights` in `cache_dir`, made now where it is not there yet.

    The name holds a hash of the content, so new weights under an old name are exported anew. Two processes that ask at
    once export once. progress: told in a sentence before the export, which takes some seconds. Raises NotAvailable.
    """
    cache_dir = cache_dir or Path(tempfile.gettempdir()) / "crowdsite-models"
    cache_dir.mkdir(parents=True, exist_ok=True)
    out = cache_dir / f"{weights.stem}-{_digest(weights)}.onnx"
    if out.is_file():
        return out
    if not has_torch():
        raise NotAvailable(
            f"{weights.name} has to be converted once for this machine's processor, which needs PyTorch, and PyTorch "
            f"is not installed. Put {weights.stem}.onnx beside it, or install torch."
        )
    with out.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.is_file():
            progress(f"Converting {weights.name} for this machine's processor, once. This takes up to a minute.")
            _export(weights, out)
    return out


def _export(weights: Path, out: Path) -> None:
    command = [sys.executable, "-m", "tracking.engines.ultralytics", str(weights.resolve()), str(out.resolve())]
    try:
        done = subprocess.run(
            command, cwd=_PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_EXPORT_SECS
        )
    except subprocess.TimeoutExpired as error:
        raise NotAvailable(
            f"Converting {weights.name} took over {_EXPORT_SECS // 60} minutes and was stopped."
        ) from error
    if done.returncode or not out.is_file():
        last = (done.stderr or done.stdout).strip().splitlines()
        log.error("Converting %s failed: %s", weights, done.stderr[-4000:])
        why = last[-1] if last else "no reason given"
        raise NotAvailable(f"{weights.name} could not be converted for this machine's processor: {why}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
