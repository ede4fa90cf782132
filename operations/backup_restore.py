"""Putting a backup back: checked as a whole first, loaded aside, then exchanged in one step.

Until that step the instance is untouched: Redis' keys lie under a prefix, files beside their places. The step itself is
one Redis script, with the SQL file put back where the script fails.
"""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db.migrations.loader import MigrationLoader

from crowdsite.clock import now
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ensure_roles
from crowdsite.store.audit import Audit
from crowdsite.store.audit import verify as audit_store
from crowdsite.store.connection import url
from crowdsite.store.migrations import apply_migrations, known_migrations
from operations.backup import KEPT_FILES, silent
from operations.backup_archive import FILES, REDIS_MEMBER, Archive, BadBackup, Manifest, open_archive
from operations.backup_commands import Command, decode, prefixed
from operations.backup_keys import RESTORE_PREFIX, KeyRules
from operations.backup_snapshot import Progress, patient_client
from operations.backup_sql import check_sqlite, engine, member, put_in_place, users_exist
from operations.backup_users import who_is_running

COMMANDS_AT_ONCE = 200
SHOWN_KEYS = 5


class RestoreError(CrowdsiteError):
    """Nothing was restored; the message says what state the instance is in."""

    code = "restore_refused"
    status = 409


@dataclass(frozen=True, slots=True)
class Restored:
    """migrations: what had to be brought up to date, in Redis. audit: of the store afterwards. notes: sentences."""

    manifest: Manifest
    keys: int
    migrations: tuple[str, ...]
    audit: Audit
    notes: tuple[str, ...]


# KEYS[1] list of keys to delete. ARGV[1] prefix of the new ones.
# All that is there goes and all that was loaded gets its name, at one instant.
_EXCHANGE = """
local at = 0
while true do
  local doomed = redis.call('LRANGE', KEYS[1], at, at + 999)
  if #doomed == 0 then break end
  redis.call('DEL', unpack(doomed))
  at = at + 1000
end
redis.call('DEL', KEYS[1])
local cursor, loaded = '0', {}
repeat
  local reply = redis.call('SCAN', cursor, 'MATCH', ARGV[1] .. '*', 'COUNT', 1000)
  cursor = reply[1]
  for _, key in ipairs(reply[2]) do loaded[key] = true end
until cursor == '0'
local count = 0
for key in pairs(loaded) do
  redis.call('RENAME', key, string.sub(key, #ARGV[1] + 1))
  count = count + 1
end
return count
"""


def restore_backup(path: Path, *, replace: bool = False, force: bool = False, progress: Progress = silent) -> Restored:
    """Make this installation what the backup holds. Raises CrowdsiteError; then it is as it was before.

    replace: delete what is here. force: although processes of Crowdsite seem to run.
    """
    server = patient_client(url())
    with _said_plainly(), open_archive(path) as archive:
        progress("Checking the file", 0, 0)
        _check(archive)
        if not force:
            _nobody_runs(server)
        if not replace:
            _is_empty(server)
        keys = _exchange(server, archive, progress)
    progress("Bringing records up to date", 0, 0)
    try:
        migrations, notes = _bring_up_to_date()
        progress("Checking records and indexes", 0, 0)
        return Restored(archive.manifest, keys, tuple(migrations), audit_store(), tuple(notes))
    except (DatabaseError, redis.RedisError, OSError) as error:
        raise RestoreError(
            f"The backup is in place, but its records could not be brought up to date or checked: {error}. Run "
            "`manage.py migrate`, `manage.py migrate_redis` and `manage.py store_verify`, then start Crowdsite."
        ) from error


def _check(archive: Archive) -> None:
    """Everything that can be known before anything is written. Raises CrowdsiteError."""
    manifest = archive.manifest
    _not_newer(manifest)
    if manifest.sql.get("engine") != engine():
        raise RestoreError(
            f"The backup holds a {manifest.sql.get('engine')} database and this installation uses {engine()}. "
            "Set or clear DATABASE_URL to match."
        )
    manifest.part(member())
    known = {REDIS_MEMBER, member()}
    for part in manifest.parts:
        name = part.name.removeprefix(FILES)
        if part.name not in known and not (part.name.startswith(FILES) and _is_kept_file(name)):
            raise BadBackup(f"The backup holds a part this program does not know: {part.name!r}.")
    archive.check_hashes()
    keys = sum(1 for _key in _keys(_commands(archive)))
    if keys != manifest.redis.get("keys"):
        raise BadBackup("The backup is damaged: it does not hold the keys its manifest counts. Take another backup.")


def _is_kept_file(name: str) -> bool:
    return any(
        Path(name).match(pattern) and Path(name).parts[:-1] == Path(pattern).parts[:-1] for pattern in KEPT_FILES
    )


def _not_newer(manifest: Manifest) -> None:
    here = {migration.name for migration in known_migrations()}
    here |= {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    stored = {*manifest.redis.get("migrations", ()), *manifest.sql.get("migrations", ())}
    ours = {name.split(".")[0] for name in here}
    if unknown := sorted(name for name in stored - here if name.split(".")[0] in ours):
        raise BadBackup(
            f"This backup was made by a newer Crowdsite ({manifest.crowdsite}): it knows {unknown[0]}. "
            "Install that version, then restore."
        )


def _commands(archive: Archive) -> Iterator[Command]:
    """Raises BadBackup for a key that a backup never holds, such as one of a queue of tasks."""
    rules = KeyRules()
    last = b""
    with archive.reading(REDIS_MEMBER) as file:
        for command in decode(file):
            if command[1] != last:
                last = command[1]
                if not rules.is_kept(last):
                    raise BadBackup(f"The backup holds a key that does not belong there: {last[:60]!r}.")
            yield command


def _keys(commands: Iterator[Command]) -> Iterator[bytes]:
    last = b""
    for command in commands:
        if command[1] != last:
            last = command[1]
            yield last


def _nobody_runs(server: redis.Redis) -> None:
    running = who_is_running(server, at=now())
    if running:
        raise RestoreError(
            f"Crowdsite seems to be running: {', '.join(running)}. End every process of it on every machine "
            "(only Redis stays), then restore. --force restores nevertheless; what they write meanwhile may be lost."
        )


def _is_empty(server: redis.Redis) -> None:
    rules = KeyRules()
    found = [key for key in server.scan_iter(count=1000) if rules.is_kept(key)]
    people = users_exist()
    if not found and not people:
        return
    what = f"{len(found)} keys in Redis" if found else "users in the SQL database"
    raise RestoreError(
        f"This installation is not empty: it has {what}. --replace deletes what is here and puts the backup in its "
        "place; make a backup of it first."
    )


def _exchange(server: redis.Redis, archive: Archive, progress: Progress) -> int:
    """Load aside, then exchange. Returns the number of keys. On any failure everything is as it was."""
    _clear(server, RESTORE_PREFIX)
    prefix = f"{RESTORE_PREFIX}{secrets.token_hex(6)}:"
    folder = settings.VAR_DIR
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _load(server, archive, prefix + "new:", progress)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as work:
            copy = Path(work) / "sql"
            archive.extract(member(), copy)
            if engine() == "sqlite":
                check_sqlite(copy)
            progress("Exchanging", 0, 0)
            with put_in_place(copy), _put_files(archive):
                return _rename(server, prefix)
    except BaseException:
        with contextlib.suppress(redis.RedisError):
            _clear(server, prefix)
        raise


def _load(server: redis.Redis, archive: Archive, prefix: str, progress: Progress) -> None:
    total = archive.manifest.redis["keys"]
    pipe = server.pipeline(transaction=False)
    done, last = 0, b""
    for command in prefixed(_commands(archive), prefix.encode()):
        done += command[1] != last
        last = command[1]
        pipe.execute_command(*command)
        if len(pipe) >= COMMANDS_AT_ONCE:
            pipe.execute()
            progress("Loading keys", done, total)
    pipe.execute()


def _rename(server: redis.Redis, prefix: str) -> int:
    doomed = f"{prefix}doomed"
    pipe = server.pipeline(transaction=False)
    for key in server.scan_iter(count=1000):
        if not key.startswith(RESTORE_PREFIX.encode()):
            pipe.rpush(doomed, key)
        if len(pipe) >= 1000:
            pipe.execute()
    pipe.execute()
    return int(server.eval(_EXCHANGE, 1, doomed, f"{prefix}new:"))


def _clear(server: redis.Redis, prefix: str) -> None:
    """Remove what an unfinished restore left."""
    for key in server.scan_iter(match=f"{prefix}*", count=1000):
        server.unlink(key)


@contextlib.contextmanager
def _put_files(archive: Archive) -> Iterator[None]:
    """The small files in their places; the old ones again when the body fails."""
    old: dict[Path, bytes | None] = {}
    try:
        for part in archive.manifest.parts:
            if part.name.startswith(FILES):
                target = settings.VAR_DIR / part.name.removeprefix(FILES)
                old[target] = target.read_bytes() if target.exists() else None
                _write_private(target, archive.content(part.name))
        yield
    except BaseException:
        for target, content in old.items():
            if content is None:
                target.unlink(missing_ok=True)
            else:
                _write_private(target, content)
        raise


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _bring_up_to_date() -> tuple[list[str], list[str]]:
    """Migrations that are newer than the backup, and what an administrator should know."""
    call_command("migrate", interactive=False, verbosity=0)
    done = apply_migrations()
    ensure_roles()
    from django.contrib.sessions.models import Session

    # A session that was ended since the backup must not come to life again.
    Session.objects.all().delete()
    notes = ["Everybody has to sign in again."]
    if os.environ.get("SECRET_KEY"):
        notes.append(
            "SECRET_KEY is set in the environment and stays as it is; the one in the backup is in var/secret_key."
        )
    notes.append("API tokens and passwords are those of the backup: revoke again what was revoked since.")
    return done, notes


@contextlib.contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise RestoreError(
            f"Redis did not take the backup: {error}. Nothing was changed. Put that right and restore again."
        ) from error
    except OSError as error:
        raise RestoreError(
            f"The disk refused: {error.strerror or error}. Nothing was changed. Put that right and restore again."
        ) from error
