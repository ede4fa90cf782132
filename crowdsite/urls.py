"""Every address of the site. Each app's `urls.py` gives whole paths."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required, login_required
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from crowdsite import probes
from operations.metrics_view import Metrics

urlpatterns = [
    path("", include("reports.urls")),
    path("", include("cameras.urls")),
    path("", include("licensing.urls")),
    path("", include("operations.urls")),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    # A page people open: strangers are led to the login.
    path("api/docs/", login_required(SpectacularSwaggerView.as_view(url_name="schema")), name="api-docs"),
    path("favicon.ico", login_not_required(RedirectView.as_view(url=f"{settings.STATIC_URL}img/icon.svg"))),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", Metrics.as_view(), name="metrics"),
]

handler400 = "crowdsite.api_errors.bad_request"
handler403 = "crowdsite.api_errors.permission_denied"
handler404 = "crowdsite.api_errors.page_not_found"
handler500 = "crowdsite.api_errors.server_error"
