from django.urls import path

from operations import site_views, views
from operations.pages import PAGES

SITES = {"slug": "sites"}

urlpatterns = [
    path("settings", views.settings_home, name="settings"),
    path("settings/sites", site_views.site_list, SITES, name="settings-sites"),
    path("settings/sites/add", site_views.site_form, SITES, name="settings-site-add"),
    path("settings/sites/<int:site_id>", site_views.site_form, SITES, name="settings-site"),
    path("settings/sites/<int:site_id>/delete", site_views.site_delete, SITES, name="settings-site-delete"),
    *(
        path(f"settings/{page.slug}", views.settings_page, {"slug": page.slug}, name=f"settings-{page.slug}")
        for page in PAGES
    ),
    path("settings/mail/test", views.mail_test, {"slug": "mail"}, name="settings-mail-test"),
]
