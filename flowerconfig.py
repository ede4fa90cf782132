"""Flower's settings: `celery -A crowdsite flower` reads this file. Nobody sees tasks without the password."""

from django.conf import settings

from crowdsite.bootstrap import secret

address = "127.0.0.1"
port = 5555
basic_auth = [f"admin:{secret(settings.VAR_DIR / 'flower_password')}"]
