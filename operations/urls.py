from django.urls import path

from operations import activity_views, site_views, transfer_views, views
from operations.pages import PAGES

SITES, TRANSFER = {"slug": "sites"}, {"slug": "transfer"}

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
    path("settings/transfer", transfer_views.transfer, TRANSFER, name="settings-transfer"),
    path("settings/transfer/apply", transfer_views.apply, TRANSFER, name="settings-transfer-apply"),
    path("settings/transfer/export", transfer_views.export, TRANSFER, name="settings-transfer-export"),
    path("settings/activity", activity_views.activity, {"slug": "activity"}, name="settings-activity"),
    path("settings/mail/test", views.mail_test, {"slug": "mail"}, name="settings-mail-test"),
]
