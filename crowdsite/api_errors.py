"""Errors of the API: always `{"error": {"code", "message", "fields"}}` with a sentence a person can act on."""

import sys
from collections.abc import Mapping
from typing import Any

import redis
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import get_template
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from crowdsite.api_parsers import TOO_LARGE
from crowdsite.errors import CrowdsiteError

STORE_DOWN = "The data store is not reachable. Nothing was changed; try again in a few seconds."
# What lies in Redis is written on its own, so part of a change may be there already.
DATABASE_DOWN = (
    "The database of users, logins and the audit log is busy or does not answer. Try again in a few seconds, and look "
    "first whether your change is there already."
)
DATABASE_CODE = "database_unreachable"
NOT_FOUND = "There is nothing at this address. Check it for mistakes; the record may have been deleted."
BAD_REQUEST = "The request could not be understood. Check it and send it again."
FORBIDDEN = "You are not allowed to do this. Ask an administrator for the right."
SERVER_ERROR = "Something went wrong on the server. It was written to the log; try again, and report it if it stays."
_STORE_ERRORS = (
    OperationalError,
    InterfaceError,
    redis.ConnectionError,
    redis.TimeoutError,
    redis.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.MasterDownError,
)
# Refusals that redis-py has no class for: its disk is full, it has lost its replicas.
_REFUSALS = ("MISCONF", "NOREPLICAS")


def exception_handler(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None for what nobody expected: that is logged and answered by `server_error`."""
    error = as_error(exception)
    if error is None:
        return None
    set_rollback()
    response = Response(body(error), status=error.status)
    if error.status == 401:
        response["WWW-Authenticate"] = getattr(exception, "auth_header", None) or "Token"
    if isinstance(exception, exceptions.Throttled) and exception.wait:
        response["Retry-After"] = str(int(exception.wait) + 1)
    return response


def body(error: CrowdsiteError) -> dict[str, Any]:
    """The JSON of an error."""
    return {"error": {"code": error.code, "message": error.message, "fields": error.fields}}


def as_error(exception: Exception) -> CrowdsiteError | None:
    """What to tell a person about `exception`; None when it is a fault of the program."""
    match exception:
        case CrowdsiteError():
            return exception
        case exceptions.ValidationError():
            return _invalid(exception.detail)
        case DjangoValidationError():
            return _invalid(exception.message_dict if hasattr(exception, "error_dict") else exception.messages)
        case exceptions.NotAuthenticated():
            return CrowdsiteError("Sign in, or send a valid token.", code="not_authenticated", status=401)
        case exceptions.AuthenticationFailed():
            return CrowdsiteError(_sentence(exception.detail), code="not_authenticated", status=401)
        case exceptions.PermissionDenied() if "CSRF" in str(exception.detail):
            message = "The form's security code is missing or too old. Load the page again, then repeat."
            return CrowdsiteError(message, code="csrf_failed", status=403)
        case exceptions.PermissionDenied() | PermissionDenied():
            return CrowdsiteError(FORBIDDEN, code="forbidden", status=403)
        case exceptions.NotFound() | Http404():
            return CrowdsiteError(NOT_FOUND, code="not_found", status=404)
        case exceptions.ParseError():
            return CrowdsiteError(_sentence(exception.detail), code="malformed", status=400)
        case exceptions.MethodNotAllowed() | exceptions.UnsupportedMediaType() | exceptions.APIException():
            return CrowdsiteError(_sentence(exception.detail), code=_code(exception), status=exception.status_code)
        case RequestDataTooBig():
            return CrowdsiteError(TOO_LARGE, code="too_large", status=413)
        case ProtectedError():
            return CrowdsiteError("Other records need this one. Move or delete them first.", code="in_use", status=409)
        case redis.ResponseError() if str(exception).startswith(_REFUSALS):
            return CrowdsiteError(STORE_DOWN, code="store_unreachable", status=503)
        case OperationalError() | InterfaceError() if _is_of_the_database(exception):
            return CrowdsiteError(DATABASE_DOWN, code=DATABASE_CODE, status=503)
        case _ if isinstance(exception, _STORE_ERRORS):
            return CrowdsiteError(STORE_DOWN, code="store_unreachable", status=503)
    return None


def _is_of_the_database(exception: Exception) -> bool:
    """Whether SQL failed rather than Redis: Django hands on what the SQL driver raised as the cause of its own error.

    The store raises the same classes, caused by redis-py.
    """
    return isinstance(exception.__cause__, connections[DEFAULT_DB_ALIAS].Database.Error)  # type: ignore[attr-defined]


def _code(exception: exceptions.APIException) -> str:
    code = exception.get_codes()
    return code if isinstance(code, str) else exception.default_code


def _invalid(detail: Any) -> CrowdsiteError:
    fields = _by_field(detail)
    sentences = [sentence for found in fields.values() for sentence in found] or ["Check what you sent."]
    more = f" ({len(sentences) - 1} more to correct.)" if len(sentences) > 1 else ""
    general = fields.pop("non_field_errors", None) or fields.pop("__all__", None)
    return CrowdsiteError((general or sentences)[0] + more, code="invalid", fields=fields)


def _by_field(detail: Any) -> dict[str, list[str]]:
    if not isinstance(detail, Mapping):
        return {"non_field_errors": _flat(detail)}
    return {str(name): _flat(found) for name, found in detail.items()}


def _flat(detail: Any) -> list[str]:
    if isinstance(detail, Mapping):
        return [sentence for found in detail.values() for sentence in _flat(found)]
    if isinstance(detail, list | tuple):
        return [sentence for found in detail for sentence in _flat(found)]
    return [str(detail)]


def _sentence(detail: Any) -> str:
    text = " ".join(_flat(detail)).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def for_programs(request: HttpRequest) -> bool:
    """Whether the one who asked reads JSON rather than a page."""
    return request.path.startswith("/api/") or request.content_type == "application/json"


def _answer(request: HttpRequest, message: str, *, code: str, status: int) -> HttpResponse | None:
    if for_programs(request):
        return JsonResponse(body(CrowdsiteError(message, code=code)), status=status)
    return None


def _page(template: str, status: int, request: HttpRequest | None = None, **how: Any) -> HttpResponse:
    """Django's own handlers look for a CSRF token in what was sent, and fail once more where that cannot be read."""
    return HttpResponse(get_template(template).render(request=request), status=status, **how)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: also bodies over the limit, which Django would answer with a bare 400.

    And a session that could not be written: Django takes a locked database for a session somebody ended.
    """
    if isinstance(exception, SessionInterrupted) and (error := _behind(exception)) is not None:
        return _away(request, error)
    if isinstance(exception, RequestDataTooBig):
        answer = _answer(request, TOO_LARGE, code="too_large", status=413)
        return answer or HttpResponse(TOO_LARGE, status=413, content_type="text/plain; charset=utf-8")
    code = "refused" if isinstance(exception, SuspiciousOperation) else "malformed"
    return _answer(request, BAD_REQUEST, code=code, status=400) or _page("400.html", 400)


def _behind(exception: BaseException) -> CrowdsiteError | None:
    """What is told of the database's own error while whose handling `exception` was raised; None without one."""
    found: BaseException | None = exception
    while found is not None and not isinstance(found, OperationalError | InterfaceError):
        found = found.__context__
    return as_error(found) if found is not None else None


def _away(request: HttpRequest, error: CrowdsiteError) -> HttpResponse:
    """Redis or the SQL database does not answer: 503 with what happens next."""
    answer = _answer(request, error.message, code=error.code, status=503)
    template = "503_database.html" if error.code == DATABASE_CODE else "503.html"
    return answer or _page(template, 503, headers={"Retry-After": "5"})


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _answer(request, FORBIDDEN, code="forbidden", status=403) or _page("403.html", 403, request)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return _answer(request, NOT_FOUND, code="not_found", status=404) or _page("404.html", 404, request)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500. A store or database that does not answer is no fault of the program: 503 with what happens next."""
    exception = sys.exc_info()[1]
    error = as_error(exception) if isinstance(exception, Exception) else None
    if error is not None and error.status == 503:
        return _away(request, error)
    return _answer(request, SERVER_ERROR, code="server_error", status=500) or _page("500.html", 500)
