"""The web process: start-up checks, first run, then the ASGI server."""

from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from crowdsite.first_run import first_run
from crowdsite.startup import prepare


class Command(BaseCommand):
    help = "Prepare the installation and serve pages, API and live pictures."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
        password = first_run()
        scheme = "https" if settings.SSL_CERTFILE else "http"
        address = f"{scheme}://{settings.WEB_HOST}:{settings.WEB_PORT}"
        if password:
            self.stdout.write(
                f"\n  Crowdsite is ready: {address}\n  Sign in as admin with the password {password}\n"
                f"  (kept in {settings.VAR_DIR / 'admin_password'}; change it, then delete that file)\n"
            )
        else:
            self.stdout.write(f"Crowdsite is ready: {address}")
        self.stdout.flush()
        uvicorn.run(
            "crowdsite.asgi:application",
            host=settings.WEB_HOST,
            port=settings.WEB_PORT,
            ssl_certfile=settings.SSL_CERTFILE or None,
            ssl_keyfile=settings.SSL_KEYFILE or None,
            timeout_graceful_shutdown=5,
            lifespan="off",
            access_log=False,
            server_header=False,
            log_config=None,
        )
