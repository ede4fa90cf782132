"""Answers for load balancers and service managers: is the process up, can it work."""

import redis
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connections
from django.http import HttpRequest, JsonResponse


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """SQL database and Redis answer; 503 and the name of what does not otherwise."""
    failed = {}
    for alias in ("default", "redis"):
        try:
            connections[alias].ensure_connection()
            if alias == "redis":
                connections[alias].connection.ping()
        except (Error, redis.RedisError) as error:
            failed[alias] = str(error)
    return JsonResponse(
        {"status": "not ready" if failed else "ok", "failed": sorted(failed)}, status=503 if failed else 200
    )
