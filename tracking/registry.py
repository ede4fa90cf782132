"""Finds the model an installation asks for: on disk, else fetched once, else the detector that needs none.

Knows no Django: folders are arguments. Nothing is fetched at import.
"""

import hashlib
import http.client
import os
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from crowdsite.errors import NotAvailable
from tracking.engines import Engine, create_engine
from tracking.engines.devices import has_cuda, has_torch, resolve_device
from tracking.labels import expand, unseen_sentence

SUFFIXES = (".engine", ".pt", ".onnx", ".xml")
# These run on the processor on every machine.
PROCESSOR_SUFFIXES = (".onnx", ".xml")
_CONNECT_SECS = 4.0
_CHUNK_BYTES = 1 << 16

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes that have come and the bytes there are."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """Weights their maker publishes. sha256, size_bytes: of the file. licence: what whoever uses it should know."""

    file: str
    sha256: str
    size_bytes: int
    licence: str = "AGPL-3.0 by Ultralytics, or their enterprise licence"

    @property
    def url(self) -> str:
        return f"https://github.com/ultralytics/assets/releases/download/v8.3.0/{self.file}"


PUBLISHED: dict[str, PublishedModel] = {
    model.file.removesuffix(".pt"): model
    for model in (
        PublishedModel("yolov8n.pt", "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36", 6_549_796),
        PublishedModel("yolov8s.pt", "1f47a78bf100391c2a140b7ac73a1caae18c32779be7d310658112f7ac9aa78a", 22_588_772),
        PublishedModel("yolov8m.pt", "5d4a90cdc7a21786cc59cd19778e9eafff836df9e2da32524737c7ee6efe4fe5", 52_136_884),
        PublishedModel("yolo11n.pt", "0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1", 5_613_764),
        PublishedModel("yolo11s.pt", "85a76fe86dd8afe384648546b56a7a78580c7cb7b404fc595f97969322d502d5", 19_313_732),
    )
}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine at work. path: of its weights, None for the weightless one. reason: a sentence for the dashboard's
    banner where this is not what the settings ask for, else "". notice: sentences on what the settings ask for and this
    model cannot do (classes it does not know, the graphics card), or "".
    """

    engine: Engine
    path: Path | None
    reason: str = ""
    notice: str = ""


def find_model(name_or_path: str | Path, search: Sequence[Path] = ()) -> Path | None:
    """The file of a model: an absolute or existing path, or a name with or without suffix in the folders of `search`.

    The first folder that has it wins. A name without suffix means the format this machine runs best: on an NVIDIA card
    .engine, .pt, .onnx; elsewhere .onnx, .xml, .pt. None where there is no such file.
    """
    wanted = Path(name_or_path).expanduser()
    if wanted.is_absolute() or len(wanted.parts) > 1:
        return wanted.resolve() if wanted.is_file() else None
    if found := _in_folders(wanted.name, search):
        return found
    return wanted.resolve() if wanted.suffix in SUFFIXES and wanted.is_file() else None


def installed_model(name: str, folders: Sequence[Path]) -> Path | None:
    """As `find_model`, for a name that was typed into a page: only what lies below `folders`.

    Reading weights can run what is in them, so that a name must not lead to a file anybody could have left somewhere.
    A link inside a folder counts, wherever it leads: somebody with access to the machine made it.
    """
    wanted = Path(os.path.normpath(name))
    if wanted.is_absolute():
        below = any(wanted.is_relative_to(os.path.normpath(folder)) for folder in folders)
        return wanted.resolve() if below and wanted.is_file() else None
    if len(wanted.parts) > 1:
        inside = [] if ".." in wanted.parts else [folder / wanted for folder in folders]
        return next((path.resolve() for path in inside if path.is_file()), None)
    return _in_folders(wanted.name, folders)


def _in_folders(name: str, folders: Sequence[Path]) -> Path | None:
    names = [name] if Path(name).suffix in SUFFIXES else [name + suffix for suffix in _preferred()]
    found = (folder / each for folder in folders for each in names)
    return next((path.resolve() for path in found if path.is_file()), None)


def fetch_model(name: str, into: Path, progress: Progress | None = None) -> Path:
    """The published weights `name` (`yolov8n` or `yolov8n.pt`) in the folder `into`, fetched where they are missing.

    The file appears complete and with the checksum its maker's file has, or not at all. Raises NotAvailable with a
    sentence: unknown name, no network (within seconds), a broken transfer, a wrong checksum.
    """
    model = PUBLISHED.get(name.removesuffix(".pt"))
    if model is None:
        raise NotAvailable(f"There are no published weights called {name}. Known are: {', '.join(sorted(PUBLISHED))}.")
    target = into / model.file
    if target.is_file():
        return target
    into.mkdir(parents=True, exist_ok=True)
    part = tempfile.NamedTemporaryFile(dir=into, prefix=f".{model.file}.", delete=False)  # noqa: SIM115
    try:
        with part:
            _download(model, part.write, progress)
        Path(part.name).chmod(0o644)
        Path(part.name).replace(target)
    finally:
        Path(part.name).unlink(missing_ok=True)
    logger.info("Fetched {} ({}). Licence: {}.", model.file, model.url, model.licence)
    return target


def resolve_engine(
    name: str,
    *,
    search: Sequence[Path],
    device: str = "auto",
    imgsz: int = 640,
    conf: float = 0.25,
    track_objects: Sequence[str] = ("person",),
    fetch: bool = True,
    progress: Progress | None = None,
) -> EngineChoice:
    """The engine for the model called `name`: found in `search`, else fetched into its last folder, else weightless.

    Pictures of several cameras are worked on side by side. Raises CrowdsiteError where the settings themselves make no
    sense (an unknown device); a missing or broken model is no error but a `reason`.
    """
    labels = expand(track_objects)
    cache_dir = search[-1] / "cache" if search else None
    try:
        path = installed_model(name, search) or _fetched(name, search, fetch, progress)
        engine = create_engine(
            path,
            device=device,
            imgsz=imgsz,
            conf=conf,
            labels=labels,
            threads=_cores(),
            streams=min(_cores(), 8),
            cache_dir=cache_dir,
        )
        reason = ""
    except NotAvailable as error:
        logger.warning("{}", error.message)
        path = None
        engine = create_engine(None, imgsz=imgsz, conf=conf, labels=labels)
        reason = _banner(name, search, error.message)
    notices = (
        _processor_sentence(path, device) if path else "",
        unseen_sentence(track_objects, engine.labels, path.name if path else "The built-in detector"),
    )
    return EngineChoice(engine, path, reason, " ".join(filter(None, notices)))


def _processor_sentence(path: Path, device: str) -> str:
    """For weights that run on the processor whatever `device` says; "" where it does not ask for a card."""
    if path.suffix not in PROCESSOR_SUFFIXES or device in ("auto", "cpu"):
        return ""
    try:
        resolve_device(device)
    except NotAvailable as error:
        return f"{path.name} runs on the processor. {error.message}"
    return (
        f"{path.name} runs on the processor, not on {device} as the settings ask: put {path.stem}.pt or "
        f"{path.stem}.engine weights beside it and name that file in the settings, or choose `auto` or `cpu`."
    )


def _preferred() -> tuple[str, ...]:
    return (".engine", ".pt", ".onnx") if has_cuda() else (".onnx", ".xml", ".pt")


def _cores() -> int:
    """Those this process may use now (`tracking.cpu`)."""
    return len(os.sched_getaffinity(0))


def _fetched(name: str, search: Sequence[Path], fetch: bool, progress: Progress | None) -> Path:
    if Path(name).is_absolute():
        raise NotAvailable("There is no such file in a model folder, and weights are read from nowhere else.")
    if not fetch or not search:
        raise NotAvailable(f"There is no model {name}.")
    if not has_torch():
        raise NotAvailable(f"There is no model {name}, and published weights need PyTorch, which is not installed.")
    return fetch_model(name, search[-1], progress)


def _banner(name: str, search: Sequence[Path], why: str) -> str:
    stem = Path(name).stem
    files = f"{stem}.onnx or {stem}.pt" if has_torch() else f"{stem}.onnx"
    where = f" into {search[-1]}" if search else " into the model folder"
    return (
        f"The detection model {name} is not in use. {why} The built-in detector counts roughly until you put "
        f"{files}{where}."
    )


def _download(model: PublishedModel, write: Callable[[bytes], int], progress: Progress | None) -> None:
    digest, got = hashlib.sha256(), 0
    try:
        with _opened(model.url) as response:
            while chunk := response.read(_CHUNK_BYTES):
                write(chunk)
                digest.update(chunk)
                got += len(chunk)
                if progress:
                    progress(model.file, got, model.size_bytes)
    except urllib.error.HTTPError as error:
        raise NotAvailable(f"{model.file} could not be fetched: {model.url} answered {error.code}.") from error
    except OSError as error:
        raise NotAvailable(f"{model.file} could not be fetched: there is no connection to github.com.") from error
    if got < model.size_bytes:
        raise NotAvailable(f"{model.file} could not be fetched: the connection to github.com broke off.")
    if digest.hexdigest() != model.sha256:
        raise NotAvailable(
            f"{model.file} was fetched, but it is not the file its maker published (its checksum differs), so it was "
            "thrown away. Try again later or copy the file yourself."
        )


def _opened(url: str) -> http.client.HTTPResponse:
    """The answer of `url`, or an OSError within seconds.

    Asked from a thread: where a name server does not answer, the look-up of a name takes no timeout and lasts minutes.
    """
    answers: list[http.client.HTTPResponse | OSError] = []

    def ask() -> None:
        try:
            answers.append(urllib.request.urlopen(url, timeout=_CONNECT_SECS))  # noqa: S310 - an address of ours  # nosec B310
        except OSError as error:
            answers.append(error)

    asking = threading.Thread(target=ask, name="fetch-model", daemon=True)
    asking.start()
    asking.join(2 * _CONNECT_SECS)
    if not answers:
        raise TimeoutError(f"no answer from {url}")
    if isinstance(answers[0], OSError):
        raise answers[0]
    return answers[0]
