"""Flower's settings: `celery -A crowdsite flower` reads this file. Nobody sees tasks without the password."""

import socket
import sys

import django
from django.conf import settings

from crowdsite.bootstrap import secret

django.setup()  # its lines go where all others go
from crowdsite.masking import register  # noqa: E402
from operations import heartbeat  # noqa: E402

address = settings.FLOWER_HOST
port = settings.FLOWER_PORT
password = secret(settings.VAR_DIR / "flower_password")
register(password)
basic_auth = [f"admin:{password}"]
# The password must not cross the network in the clear where the site itself is encrypted.
certfile, keyfile = settings.SSL_CERTFILE, settings.SSL_KEYFILE

with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((address, port))
    except OSError:
        sys.exit(f"Flower cannot listen on {address}:{port}: another program does. Set FLOWER_PORT to a free port.")

heartbeat.start("flower")
