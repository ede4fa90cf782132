"""What has to be known before Django's settings exist: secrets and the address of the embedded Redis.

Imports nothing of ours.
"""

import os
import secrets
import socket
from pathlib import Path


def kept(path: Path, make: str) -> str:
    """The text in `path`; `make` is written there first when nobody has. Readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and linked into place: a process that starts at the same moment never reads half a secret.
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(make + "\n")
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()


def secret(path: Path) -> str:
    """A random secret, made on first use and kept in `path`."""
    return path.read_text().strip() if path.exists() else kept(path, secrets.token_urlsafe(40))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def redis_url(port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def embedded_redis_url(var_dir: Path) -> str:
    """Where the embedded Redis listens: chosen by whichever process starts first, kept in `var_dir/redis/url`."""
    path = var_dir / "redis" / "url"
    return path.read_text().strip() if path.exists() else kept(path, redis_url(free_port(), secrets.token_urlsafe(24)))
