"""A backup: everything in Redis and SQL that must survive, in one file."""

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import redis
from django.conf import settings

from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import url
from crowdsite.store.migrations import APPLIED_KEY
from crowdsite.version import VERSION
from operations.backup_archive import (
    FILES,
    MAX_FILE_BYTES,
    REDIS_MEMBER,
    Manifest,
    Part,
    open_archive,
    stored_part,
    write_archive,
    writing_part,
)
from operations.backup_commands import decode, elements, encode
from operations.backup_keys import KeyRules
from operations.backup_snapshot import Progress, Snapshot, frozen, patient_client
from operations.backup_sql import copy_sql, engine, member

NAME = "crowdsite-backup-{:%Y%m%d-%H%M%S}.tar"
OWN_NAME = re.compile(r"crowdsite-backup-\d{8}-\d{6}\.tar")
UNFINISHED = ".part"

# Of the data folder. Not the licence's private signing key: a machine that must issue licences gets it by hand. Not the
# first passwords of admin and Flower, models, logs, the embedded server's files and events that wait for Redis (they
# belong to a node, which delivers them by itself).
KEPT_FILES = ("secret_key", "licence/*.pub")


class BackupError(CrowdsiteError):
    """No backup was made; nothing of it is left behind."""

    code = "backup_failed"
    status = 500


@dataclass(frozen=True, slots=True)
class BackupMade:
    path: Path
    bytes: int
    manifest: Manifest
    pruned: tuple[Path, ...]


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress nobody looks at."""


def make_backup(
    target: Path, *, keep: int | None = None, in_place: bool = False, progress: Progress = silent
) -> BackupMade:
    """Write a verified backup, readable by its owner alone.

    target: a folder, where it gets a name with its time (UTC), or a file that ends in .tar and does not exist yet. A
    folder that is missing is made. keep: how many backups of that naming stay in the folder. Raises BackupError or
    another CrowdsiteError; then no file is left.
    """
    now = datetime.now(UTC)
    if target.suffix != ".tar" and not target.exists():
        with _said_plainly(target):
            target.mkdir(mode=0o700, parents=True)
    path = target / NAME.format(now) if target.is_dir() else target
    if path.exists():
        raise BackupError(f"{path} exists already. Choose another name.")
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}.")
    with _said_plainly(path), _work_folder(path.parent) as work:
        manifest, contents = _collect(work, now, in_place, progress)
        unfinished = path.with_name(f".{path.name}{UNFINISHED}")
        try:
            _write(unfinished, manifest, contents)
            progress("Checking the file", 0, 0)
            verify(unfinished)
            _publish(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    pruned = prune(path.parent, keep) if keep else ()
    return BackupMade(path, path.stat().st_size, manifest, pruned)


def verify(path: Path) -> Manifest:
    """Read a whole backup as a restore would. Raises BadBackup (backup_archive) for the first thing that is wrong."""
    with open_archive(path) as archive:
        archive.check_hashes()
        with archive.reading(REDIS_MEMBER) as commands:
            for _command in decode(commands):
                pass
        return archive.manifest


def prune(folder: Path, keep: int) -> tuple[Path, ...]:
    """Delete all but the newest `keep` backups named by `make_backup`. Returns the deleted ones."""
    found = sorted(path for path in folder.iterdir() if OWN_NAME.fullmatch(path.name) and path.is_file())
    gone = tuple(found[: max(len(found) - keep, 0)])
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _collect(work: Path, now: datetime, in_place: bool, progress: Progress) -> tuple[Manifest, dict[str, Path | bytes]]:
    """The parts, in `work`. SQL first: a camera that a user's record names is in Redis' later instant too."""
    contents: dict[str, Path | bytes] = {}
    parts: list[Part] = []
    progress("Copying the SQL database", 0, 0)
    plain = work / "sql"
    copy_sql(plain)
    contents[member()] = packed = work / "sql.gz"
    with writing_part(packed, member(), parts) as out, plain.open("rb") as source:
        shutil.copyfileobj(source, out, 1024 * 1024)
    plain.unlink()
    contents[REDIS_MEMBER] = commands = work / "redis"
    rules = KeyRules()
    keys: Counter[str] = Counter()
    entries: Counter[str] = Counter()
    with (
        frozen(url(), rules.is_kept, progress, in_place=in_place) as snapshot,
        writing_part(commands, REDIS_MEMBER, parts) as out,
    ):
        for text in _encoded(snapshot, rules, keys, entries):
            out.write(text)
    for name, content in _kept_files():
        contents[FILES + name] = content
        parts.append(stored_part(FILES + name, content))
    server = patient_client(url())
    manifest = Manifest(
        created_at=now.isoformat(timespec="seconds"),
        crowdsite=VERSION,
        redis={
            "version": str(server.info("server")["redis_version"]),
            "method": snapshot.method,
            "paused_ms": round(snapshot.paused_ms, 1),
            "keys": sum(keys.values()),
            "entries": dict(sorted(entries.items())),
            "migrations": sorted(name.decode() for name in server.hkeys(APPLIED_KEY)),
        },
        sql={"engine": engine(), "migrations": _sql_migrations()},
        keys=dict(sorted(keys.items())),
        parts=tuple(parts),
        notes=(snapshot.note,) if snapshot.note else (),
    )
    return manifest, contents


def _encoded(snapshot: Snapshot, rules: KeyRules, keys: Counter[str], entries: Counter[str]) -> Iterator[bytes]:
    last, name, is_log = b"", "", False
    for command in snapshot.commands:
        if command[1] != last:
            last = command[1]
            name, is_log = rules.name(last), rules.is_log(last)
            keys[name] += 1
        if is_log and command[0] != b"PEXPIREAT":
            entries[name] += elements(command)
        yield encode(command)


def _sql_migrations() -> list[str]:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def _kept_files() -> Iterator[tuple[str, bytes]]:
    for pattern in KEPT_FILES:
        for path in sorted(settings.VAR_DIR.glob(pattern)):
            if path.is_file() and path.stat().st_size <= MAX_FILE_BYTES:
                yield str(path.relative_to(settings.VAR_DIR)), path.read_bytes()


@contextlib.contextmanager
def _work_folder(beside: Path) -> Iterator[Path]:
    """A private folder on the disk that the backup goes to; what killed backups left there goes first."""
    for left in beside.glob(".crowdsite-backup-*"):
        if left.name.endswith(UNFINISHED) or left.name.endswith(".work"):
            _remove_if_old(left)
    folder = Path(tempfile.mkdtemp(prefix=".crowdsite-backup-", suffix=".work", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_old(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if datetime.now(UTC).timestamp() - path.stat().st_mtime < 24 * 3600:
            return  # another backup may be at work
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _write(path: Path, manifest: Manifest, contents: dict[str, Path | bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        write_archive(file, manifest, contents)
        file.flush()
        os.fsync(file.fileno())


def _publish(unfinished: Path, path: Path) -> None:
    """Give the file its name, unless another has it by now, and make both safe against a power cut."""
    try:
        path.hardlink_to(unfinished)
    except FileExistsError as error:
        raise BackupError(f"{path} exists already. Choose another name.") from error
    except OSError:
        unfinished.replace(path)  # a disk without hard links, such as a USB stick
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network disks cannot sync a folder
            os.fsync(folder)
    finally:
        os.close(folder)


_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def _said_plainly(path: Path) -> Iterator[None]:
    """Faults of disk and Redis as sentences."""
    try:
        yield
    except redis.RedisError as error:
        raise BackupError(f"Redis did not answer, so there is no backup: {error}") from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise BackupError(
                f"The disk of {path.parent} is full, so there is no backup. Nothing was left behind. "
                "Free some space or choose another disk."
            ) from error
        raise BackupError(f"The backup could not be written to {path.parent}: {error.strerror or error}.") from error
