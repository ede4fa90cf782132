"""The one domain error of the project.

Services raise it; the API (`crowdsite.api_errors`), forms and commands turn it into an answer. Imports nothing.
"""

from collections.abc import Mapping


class CrowdsiteError(Exception):
    """Something a person can act on.

    `message` is a whole sentence for that person, `code` a stable word for programs, `fields` the sentences that
    belong to single inputs, `status` the HTTP status an API answers with.
    """

    code = "invalid"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Mapping[str, list[str]] | None = None,
        status: int | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.fields = dict(fields or {})
        self.status = status or type(self).status


class NotAvailable(CrowdsiteError):
    """Something this installation lacks: a model file, a service, a library."""

    code = "not_available"
    status = 503
