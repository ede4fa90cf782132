from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from tests.store.app.api import PersonViewSet

router = DefaultRouter()
router.register("people", PersonViewSet)

urlpatterns = [path("admin/", admin.site.urls), path("api/", include(router.urls))]
