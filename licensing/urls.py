from django.urls import path

from licensing import api, views

urlpatterns = [
    path("api/license", api.LicenceView.as_view(), name="api-license"),
    path("license", api.V81LicenceView.as_view(), name="license"),
    path("settings/licence", views.licence, name="licence"),
    path("settings/licence/remove", views.licence_remove, name="licence-remove"),
    path("settings/licence/restore", views.licence_restore, name="licence-restore"),
]
