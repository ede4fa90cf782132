from django.urls import include, path
from rest_framework.routers import DefaultRouter

from crowdsite.urls import urlpatterns as project
from tests.store.app.api import PersonViewSet

router = DefaultRouter()
router.register("people", PersonViewSet)

urlpatterns = [path("api/", include(router.urls)), *project]
