"""The SQL database in a backup: SQLite through its own backup call, PostgreSQL through pg_dump and pg_restore."""

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from crowdsite.errors import CrowdsiteError

SQLITE_MEMBER = "sql/crowdsite.sqlite3.gz"
POSTGRES_MEMBER = "sql/postgres.dump.gz"
PAGES_AT_ONCE = 2000


class SqlBackupError(CrowdsiteError):
    """The SQL database cannot be backed up or restored."""

    code = "sql_backup"


def engine() -> str:
    """`sqlite` or `postgresql`."""
    name = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    if name == "sqlite3":
        return "sqlite"
    if name.startswith("postg"):
        return "postgresql"
    raise SqlBackupError(f"A database of the kind {name} cannot be backed up by Crowdsite. Use its own tools.")


def member() -> str:
    """The name of the SQL part in the archive."""
    return SQLITE_MEMBER if engine() == "sqlite" else POSTGRES_MEMBER


def sqlite_path() -> Path:
    return Path(settings.DATABASES["default"]["NAME"])


def copy_sql(into: Path) -> None:
    """Write the database as it is at one instant, while others write. Raises SqlBackupError."""
    if engine() == "sqlite":
        _copy_sqlite(sqlite_path(), into)
    else:
        _run_postgres(_tool("pg_dump", "backed up"), "--format=custom", "--no-owner", f"--file={into}")


def _copy_sqlite(source: Path, into: Path) -> None:
    if not source.exists():
        raise SqlBackupError(f"There is no database at {source}. Start Crowdsite once, or set CROWDSITE_VAR.")
    try:
        # A reader, in WAL mode beside the writers: the copy is the state at the first page, writers do not wait.
        with contextlib.closing(_open_for_reading(source)) as live, contextlib.closing(sqlite3.connect(into)) as copy:
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()
            live.backup(copy, pages=PAGES_AT_ONCE)
            # One file, without the -wal beside it, wherever it is opened.
            copy.execute("PRAGMA journal_mode=DELETE")
        check_sqlite(into)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise SqlBackupError(f"The database {source} cannot be copied: {error}.") from error


def _open_for_reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=20, isolation_level=None)


def check_sqlite(path: Path) -> None:
    """Raises SqlBackupError unless SQLite finds the file whole."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check(3)")]
    except sqlite3.Error as error:
        found = [str(error)]
    if found != ["ok"]:
        raise SqlBackupError(f"The SQL database is damaged: {found[0]}.")


def users_exist() -> bool:
    """Whether the SQL database of this installation has users already."""
    from django.contrib.auth import get_user_model
    from django.db import connection

    if engine() == "sqlite" and not sqlite_path().exists():
        return False
    table = get_user_model()._meta.db_table
    return table in connection.introspection.table_names() and get_user_model().objects.exists()


@contextlib.contextmanager
def put_in_place(copy: Path) -> Iterator[None]:
    """The database becomes `copy`; it is the old one again when the body fails. Nobody may have it open."""
    from django.db import connections

    connections["default"].close()
    if engine() != "sqlite":
        tool = _tool("pg_restore", "restored")
        yield  # what can fail without harm comes first; this is one transaction
        _run_postgres(
            tool, "--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error", str(copy)
        )
        return
    target = sqlite_path()
    aside = target.with_name(f"{target.name}.before-restore")
    _merge_wal(target)
    had_one = target.exists()
    if had_one:
        target.replace(aside)
    copy.replace(target)
    try:
        yield
    except BaseException:
        if had_one:
            aside.replace(target)
        else:
            target.unlink(missing_ok=True)
        raise
    aside.unlink(missing_ok=True)


def _merge_wal(path: Path) -> None:
    """Bring what is in the -wal into the file itself, so that the file alone is the database."""
    if not path.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise SqlBackupError(
            f"The database {path} is in use by another program: {error}. End every process of Crowdsite."
        ) from error
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _tool(name: str, done: str) -> str:
    found = shutil.which(name)
    if not found:
        raise SqlBackupError(
            f"PostgreSQL's {name} is not installed here, so the database in DATABASE_URL cannot be {done}. "
            "Install it (Debian: apt install postgresql-client)."
        )
    return found


def _run_postgres(tool: str, *arguments: str) -> None:
    options: dict[str, Any] = settings.DATABASES["default"]
    # Through the environment: a command line is seen by everybody on the machine.
    names = {"PGDATABASE": "NAME", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGHOST": "HOST", "PGPORT": "PORT"}
    environment = {name: str(options[key]) for name, key in names.items() if options.get(key)}
    target = [] if tool.endswith("pg_dump") else [f"--dbname={options['NAME']}"]
    done = subprocess.run(
        [tool, "--no-password", *target, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SqlBackupError(f"{Path(tool).name} failed: {said}")
