"""The web process as it is deployed, on a free port, with its own folder for SQLite and secrets."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.redis_server import free_port

ROOT = Path(__file__).resolve().parents[2]


class WebServer:
    """`start`, `kill` keep port and data, so a restart is a restart. Redis is the one given."""

    def __init__(self, redis_url: str):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="crowdsite-web-"))
        self._environment = os.environ | {
            "REDIS_URL": redis_url,
            "CROWDSITE_VAR": str(self.folder),
            "WEB_PORT": str(self.port),
            "DJANGO_SETTINGS_MODULE": "crowdsite.settings",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self._environment, check=True, capture_output=True)

    def add_user(self, name: str, password: str) -> None:
        """An administrator."""
        code = f"from django.contrib.auth.models import User; User.objects.create_superuser({name!r}, '', {password!r})"
        self.manage("shell", "-v0", "-c", code)

    def start(self) -> "WebServer":
        log = (self.folder / "web.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "web"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        for _ in range(300):
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=1)
                return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"the web server did not answer: {(self.folder / 'web.log').read_text()[-2000:]}")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(20)
            self._process = None
