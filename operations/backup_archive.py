"""The file a backup is: a tar with `manifest.json` first, then parts that are compressed each for itself.

Parts: `redis.resp.gz` (Redis commands), the SQL database, `files/...` (small files of the data folder, as they are).
The manifest names every part with its length and SHA-256, so nothing that is not in it is ever read.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Self

from crowdsite.errors import CrowdsiteError

FORMAT = "crowdsite-backup"
VERSION = 1
MANIFEST = "manifest.json"
REDIS_MEMBER = "redis.resp.gz"
FILES = "files/"
MAX_MANIFEST_BYTES = 1024 * 1024
MAX_FILE_BYTES = 1024 * 1024
MAX_PARTS = 1000
BLOCK = 1024 * 1024
GZIP_LEVEL = 3


class BadBackup(CrowdsiteError):
    """The file is no backup, is damaged, or is one this program cannot read."""

    code = "backup_unreadable"


@dataclass(frozen=True, slots=True)
class Part:
    """bytes, sha256: of the part as it lies in the archive. plain_bytes: of its content, decompressed."""

    name: str
    bytes: int
    sha256: str
    plain_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """created_at: ISO 8601, UTC. keys: family -> number of Redis keys. redis["migrations"]: the records' shape.

    redis["entries"]: family -> entries, of those that are one key however much it holds; absent in older backups.
    """

    created_at: str
    crowdsite: str
    redis: dict[str, Any]
    sql: dict[str, Any]
    keys: dict[str, int]
    parts: tuple[Part, ...]
    format: str = FORMAT
    version: int = VERSION
    notes: tuple[str, ...] = field(default=())

    def json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises BadBackup."""
        try:
            stored = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadBackup("The backup's manifest cannot be read.") from error
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise BadBackup("This is not a backup of Crowdsite.")
        if not isinstance(stored.get("version"), int) or stored["version"] > VERSION:
            raise BadBackup("This backup was made by a newer Crowdsite. Restore it with that version or a later one.")
        try:
            parts = tuple(Part(**part) for part in stored.pop("parts"))
            made = cls(**{**stored, "parts": parts, "notes": tuple(stored.get("notes", ()))})
        except (TypeError, KeyError) as error:
            raise BadBackup("The backup's manifest is incomplete.") from error
        made._check()
        return made

    def _check(self) -> None:
        names = [part.name for part in self.parts]
        if len(names) > MAX_PARTS or len(set(names)) != len(names) or not all(isinstance(n, str) for n in names):
            raise BadBackup("The backup's manifest names parts twice or far too many.")
        for part in self.parts:
            if not all(isinstance(n, int) and n >= 0 for n in (part.bytes, part.plain_bytes)):
                raise BadBackup("The backup's manifest is incomplete.")
            if not is_safe(part.name) or (part.name.startswith(FILES) and part.bytes > MAX_FILE_BYTES):
                raise BadBackup(f"The backup holds a part it must not hold: {part.name[:80]!r}.")

    def part(self, name: str) -> Part:
        """Raises BadBackup when there is none."""
        found = next((part for part in self.parts if part.name == name), None)
        if found is None:
            raise BadBackup(f"The backup lacks its part {name}.")
        return found


def is_safe(name: str) -> bool:
    """A relative path that stays where it is put."""
    path = PurePosixPath(name)
    return (
        bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name
    )


class _Measured(io.RawIOBase):
    """Passes on what is written, and knows its length and hash."""

    def __init__(self, file: BinaryIO):
        self.file, self.length, self.digest = file, 0, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.file.write(data)
        self.length += len(data)
        self.digest.update(data)
        return len(data)


@contextmanager
def writing_part(path: Path, name: str, made: list[Part]) -> Iterator[BinaryIO]:
    """What is written becomes the compressed part `name` in the file `path`, and is appended to `made`."""
    with path.open("wb") as file:
        measured = _Measured(file)
        with gzip.GzipFile(fileobj=measured, mode="wb", compresslevel=GZIP_LEVEL, filename="", mtime=0) as packed:
            yield packed  # type: ignore[misc]
            plain = packed.tell()
    made.append(Part(name, measured.length, measured.digest.hexdigest(), plain))


def stored_part(name: str, content: bytes) -> Part:
    """A small part that lies in the archive as it is."""
    return Part(name, len(content), hashlib.sha256(content).hexdigest(), len(content))


def write_archive(file: BinaryIO, manifest: Manifest, contents: dict[str, Path | bytes]) -> None:
    """contents: of each part, by name. Raises OSError."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, MANIFEST, io.BytesIO(text := manifest.json()), len(text))
        for part in manifest.parts:
            content = contents[part.name]
            if isinstance(content, bytes):
                _add(archive, part.name, io.BytesIO(content), part.bytes)
            else:
                with content.open("rb") as source:
                    _add(archive, part.name, source, part.bytes)


def _add(archive: tarfile.TarFile, name: str, source: BinaryIO, length: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = length, 0o600
    archive.addfile(info, source)


class Archive:
    """An existing backup. `open_archive` makes one; parts are read by name, each checked against the manifest."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest, members: dict[str, tarfile.TarInfo]):
        self._tar, self._members, self.manifest = tar, members, manifest

    def check_hashes(self) -> None:
        """Raises BadBackup for the first part that is not what the manifest says."""
        for part in self.manifest.parts:
            digest, source = hashlib.sha256(), self._raw(part)
            while block := source.read(BLOCK):
                digest.update(block)
            if digest.hexdigest() != part.sha256:
                raise BadBackup(
                    f"The backup is damaged: its part {part.name} has another checksum. Take another backup."
                )

    def content(self, name: str) -> bytes:
        """A small part."""
        return self._raw(self.manifest.part(name)).read(MAX_FILE_BYTES)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """The decompressed content of a part; never more of it than the manifest says."""
        part = self.manifest.part(name)
        try:
            with gzip.GzipFile(fileobj=self._raw(part), mode="rb") as packed:
                yield io.BufferedReader(_Limited(packed, part), BLOCK)  # type: ignore[arg-type]
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
                raise
            raise BadBackup(f"The backup is damaged: its part {name} cannot be decompressed.") from error

    def extract(self, name: str, into: Path) -> None:
        """Decompress a part into a new file only its owner reads."""
        with self.reading(name) as source, os.fdopen(_create(into), "wb") as target:
            while block := source.read(BLOCK):
                target.write(block)
            target.flush()
            os.fsync(target.fileno())

    def _raw(self, part: Part) -> Any:
        source = self._tar.extractfile(self._members[part.name])
        if source is None:
            raise BadBackup(f"The backup's part {part.name} is no file.")
        return source


class _Limited(io.RawIOBase):
    """Ends with BadBackup where more comes out than was declared, or less."""

    def __init__(self, source: Any, part: Part):
        self._source, self._part, self._left = source, part, part.plain_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._source.read(min(len(buffer), self._left + 1))
        if len(block) > self._left or (not block and self._left):
            raise BadBackup(f"The backup is damaged: its part {self._part.name} has another length than declared.")
        buffer[: len(block)] = block
        self._left -= len(block)
        return len(block)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Raises BadBackup with a sentence for whatever is no sound backup. Nothing is unpacked."""
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            manifest, members = _contents(tar)
            yield Archive(tar, manifest, members)
    except FileNotFoundError as error:
        raise BadBackup(f"There is no file {path}.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise BadBackup(f"The file {path} cannot be read: {error.strerror}.") from error
    except (tarfile.TarError, EOFError) as error:
        raise BadBackup("This is not a backup of Crowdsite, or it is cut off in the middle.") from error


def _contents(tar: tarfile.TarFile) -> tuple[Manifest, dict[str, tarfile.TarInfo]]:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg():
        raise BadBackup("This is not a backup of Crowdsite: it does not begin with a manifest.")
    if first.size > MAX_MANIFEST_BYTES:
        raise BadBackup("The backup's manifest is far too large to be one.")
    manifest = Manifest.from_json(tar.extractfile(first).read())  # type: ignore[union-attr]
    expected = {part.name: part.bytes for part in manifest.parts}
    members: dict[str, tarfile.TarInfo] = {}
    while (info := tar.next()) is not None:
        if not info.isreg() or expected.get(info.name) != info.size or info.name in members:
            raise BadBackup(f"The backup holds something its manifest does not name: {info.name[:80]!r}.")
        members[info.name] = info
    if missing := sorted(expected.keys() - members.keys()):
        raise BadBackup(f"The backup is cut off: it lacks {missing[0]}. Take another backup.")
    return manifest, members


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
