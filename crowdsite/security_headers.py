"""Headers that tell browsers what our pages may do.

Our own pages run no inline script and no inline style, and load nothing from elsewhere. Two third-party parts need more
and get it on their own paths alone: the admin (unfold runs Alpine, which evaluates expressions) and the API's
description (Swagger UI starts from an inline script).
"""

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

OWN_PAGES = {
    "default-src": [SELF],
    # blob: and data: are the stills of cameras, drawn by our own scripts.
    "img-src": [SELF, "blob:", "data:"],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
ADMIN = {
    **OWN_PAGES,
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}
API_DESCRIPTION = {**OWN_PAGES, "script-src": [SELF, UNSAFE_INLINE], "style-src": [SELF, UNSAFE_INLINE]}

# The first beginning that fits the path counts.
POLICIES = (("/admin/", ADMIN), ("/api/docs/", API_DESCRIPTION), ("/", OWN_PAGES))
# The camera of the visitor's own device, for enrolment of faces, and nothing else.
PERMISSIONS = "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()"


class SecurityHeadersMiddleware(CSPMiddleware):
    """Content-Security-Policy by path; Permissions-Policy, Cross-Origin-Resource-Policy, Cache-Control everywhere."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        return PolicyParts(config={} if report_only else policy_of(request.path_info))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # What says nothing else was made for one person: neither a proxy nor the next user of the machine gets it.
        response.headers.setdefault("Cache-Control", "private, no-store")
        return super().process_response(request, response)


def policy_of(path: str) -> dict[str, list[str]]:
    """The directives for an address."""
    # A request may name the whole address, as to a proxy; its path then begins with no slash.
    return next((policy for prefix, policy in POLICIES if path.startswith(prefix)), OWN_PAGES)
