from django.urls import path

from reports import api, views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("wall", views.wall, name="wall"),
    path("occupancy", views.correct_inside, name="correct-inside"),
    path("api/stats", api.StatsView.as_view(), name="stats"),
]
