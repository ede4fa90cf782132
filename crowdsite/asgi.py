"""The ASGI application: `uvicorn crowdsite.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

from crowdsite.body_limit import limited

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crowdsite.settings")
application = limited(get_asgi_application())

from operations import heartbeat  # noqa: E402 - Django has to be set up first

heartbeat.start("web")
