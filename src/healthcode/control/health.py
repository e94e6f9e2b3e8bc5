"""Liveness and readiness of control, for the supervisor and for load balancers."""

from __future__ import annotations

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse

from healthcode.control.access import unguarded


@unguarded("health")
def healthz(_request: HttpRequest) -> JsonResponse:
    """The process runs; says nothing about the database on purpose."""
    return JsonResponse({"status": "ok"})


@unguarded("health")
def readyz(_request: HttpRequest) -> JsonResponse:
    """The process can work: its database answers under the role it should have."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            role = cursor.fetchone()[0]
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse({"status": "ok", "role": role})
