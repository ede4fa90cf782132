"""The web process: start-up checks, first run, then the ASGI server."""

import signal
import sys
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from crowdsite.first_run import first_run
from crowdsite.startup import EX_CONFIG, prepare
from crowdsite.tls import ConfigurationError, check_proxies, check_tls, expired_since


class Command(BaseCommand):
    help = "Prepare the installation and serve pages, API and live pictures."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        tls = self._checked()
        prepare()
        password = first_run()
        scheme = "https" if tls else "http"
        address = f"{scheme}://{settings.WEB_HOST}:{settings.WEB_PORT}"
        if password:
            self.stdout.write(
                f"\n  Crowdsite is ready: {address}\n  Sign in as admin with the password {password}\n"
                f"  (kept in {settings.VAR_DIR / 'admin_password'}; change it, then delete that file)\n"
            )
        else:
            self.stdout.write(f"Crowdsite is ready: {address}")
        self.stdout.flush()
        # uvicorn gives the signal back when it is done; this way the process ends in order instead of being killed.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        uvicorn.run(
            "crowdsite.asgi:application",
            host=settings.WEB_HOST,
            port=settings.WEB_PORT,
            ssl_certfile=settings.SSL_CERTFILE or None,
            ssl_keyfile=settings.SSL_KEYFILE or None,
            # uvicorn would believe anybody on this machine.
            proxy_headers=bool(settings.TRUSTED_PROXIES),
            forwarded_allow_ips=settings.TRUSTED_PROXIES,
            timeout_graceful_shutdown=5,
            lifespan="off",
            access_log=False,
            server_header=False,
            log_config=None,
        )

    def _checked(self) -> bool:
        """Whether TLS is on; leaves the process with a sentence where the environment is wrong."""
        try:
            check_proxies(settings.TRUSTED_PROXIES)
            tls = check_tls(settings.SSL_CERTFILE, settings.SSL_KEYFILE)
        except ConfigurationError as error:
            self.stderr.write(error.message)
            sys.exit(EX_CONFIG)
        ended = expired_since(settings.SSL_CERTFILE) if tls else None
        if ended:
            self.stderr.write(f"The certificate in SSL_CERTFILE expired on {ended:%Y-%m-%d}: browsers warn about it.")
        return tls
