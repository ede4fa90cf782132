"""A whole Crowdsite of real processes, with a Redis and a data folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import redis

from tests.support.redis_server import RedisServer, free_port

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CELERY = [str(BIN / "celery"), "-A", "crowdsite"]


def wait_until(condition: Callable[[], object], what: str, secs: float = 60) -> object:
    """The first true value of `condition`; AssertionError naming `what` when there is none in time."""
    deadline = time.monotonic() + secs
    while True:
        try:
            value = condition()
        except (redis.ConnectionError, redis.TimeoutError):
            value = None
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {secs:.0f} s: {what}"
        time.sleep(0.1)


class Installation:
    """`start_*` processes as an operator would; `close` ends them all and checks that no child is left."""

    def __init__(self, **environment: str):
        self.redis_server = RedisServer().start()
        self.folder = Path(tempfile.mkdtemp(prefix="crowdsite-system-"))
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "CROWDSITE_VAR")},
            "REDIS_URL": self.redis_server.url,
            "CROWDSITE_VAR": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "crowdsite.settings",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.client = redis.Redis.from_url(self.redis_server.url, socket_timeout=5)
        self.processes: list[subprocess.Popen[bytes]] = []
        self._logs = 0

    def spawn(self, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        """A process in a session of its own, its output in a file that `logs` prints."""
        self._logs += 1
        log = (self.folder / f"log-{self._logs:02}-{Path(command[0]).name}-{'-'.join(command[3:6])}.txt").open("wb")
        process = subprocess.Popen(
            command, cwd=ROOT, env={**self.environment, **environment}, stdout=log, stderr=log, start_new_session=True
        )
        self.processes.append(process)
        return process

    def start_gpu_worker(self, name: str = "gpu") -> subprocess.Popen[bytes]:
        return self.spawn([*CELERY, "worker", "-Q", "gpu", "-n", f"{name}@%h"])

    def start_task_worker(self) -> subprocess.Popen[bytes]:
        return self.spawn([*CELERY, "worker", "-P", "processes", "-Q", "celery", "-n", "tasks@%h", "-c", "1"])

    def start_beat(self) -> subprocess.Popen[bytes]:
        return self.spawn([*CELERY, "beat"])

    def start_web(self) -> str:
        """Its address, once it answers."""
        port = free_port()
        self.spawn([sys.executable, "manage.py", "web"], WEB_PORT=str(port))
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: self._answers(f"{address}/healthz"), "the web process answers")
        return address

    @staticmethod
    def _answers(url: str) -> bool:
        import httpx

        try:
            return httpx.get(url, timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def manage(self, *arguments: str) -> str:
        """Output of a manage.py command."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout  # fmt: skip

    def shell(self, code: str) -> str:
        """Run `code` in this installation's Django and return what it prints."""
        return self.manage("shell", "--no-imports", "-c", code).strip()

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-4000:]}" for path in sorted(self.folder.glob("log-*"))
        )

    def children(self, process: subprocess.Popen[bytes]) -> list[psutil.Process]:
        return psutil.Process(process.pid).children(recursive=True)

    def close(self) -> None:
        """Stop everything, kill what does not stop, remove the folder."""
        family = [child for process in self.processes if process.poll() is None for child in self.children(process)]
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        _, alive = psutil.wait_procs(family, timeout=5)
        for child in alive:
            child.kill()
        self.redis_server.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
