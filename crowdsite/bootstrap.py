"""What has to be known before Django's settings exist: the secret key and where the embedded Redis listens. Imports nothing of ours."""

import os
import secrets
from pathlib import Path

NO_EMBEDDED_REDIS = "redis://127.0.0.1:1/0"  # nothing listens there: start-up explains what is missing


def secret_key(var_dir: Path) -> str:
    """The key in `var_dir/secret_key`, made on first use and readable by its owner alone."""
    path = var_dir / "secret_key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


def embedded_redis_url(var_dir: Path) -> str:
    """The address `manage.py redis_server` left in `var_dir/redis/url`."""
    try:
        return (var_dir / "redis" / "url").read_text().strip()
    except FileNotFoundError:
        return NO_EMBEDDED_REDIS
