"""Flower's settings: `celery -A crowdsite flower` reads this file. Nobody sees tasks without the password."""

import socket
import sys

from django.conf import settings

from crowdsite.bootstrap import secret

address = "127.0.0.1"
port = settings.FLOWER_PORT
basic_auth = [f"admin:{secret(settings.VAR_DIR / 'flower_password')}"]

with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((address, port))
    except OSError:
        sys.exit(f"Flower cannot listen on {address}:{port}: another program does. Set FLOWER_PORT to a free port.")
