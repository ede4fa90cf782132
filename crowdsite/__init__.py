"""Crowdsite: counting people and keeping sites safe."""

from crowdsite.celery import app as celery_app

__all__ = ["celery_app"]
