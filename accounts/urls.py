from django.contrib.auth.views import LogoutView
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from accounts import api, login_views, people_views, views

router = DefaultRouter()
# Both spellings answer alike: a redirect would turn a program's POST into a GET.
router.trailing_slash = "/?"
router.include_root_view = False
router.register("tokens", api.TokenViewSet, basename="token")

urlpatterns = [
    path("api/", include(router.urls)),
    path("login", login_views.LoginView.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("admin/login/", login_views.admin_login),
    path("password-reset", login_views.ResetView.as_view(), name="password-reset"),
    path("password-reset/<uidb64>/<token>", login_views.SetPasswordView.as_view(), name="password-set"),
    path("account", views.account, name="account"),
    path("account/password", views.change_password, name="account-password"),
    path("account/email", views.change_email, name="account-email"),
    path("account/sessions/end", views.end_other_sessions, name="account-sessions-end"),
    path("account/sessions/<uuid:reference>/end", views.end_session, name="account-session-end"),
    path("account/tokens", views.create_token, name="account-token-create"),
    path("account/tokens/<uuid:reference>/revoke", views.revoke_token, name="account-token-revoke"),
    path("settings/people", people_views.people, name="people"),
    path("settings/people/add", people_views.add, name="person-add"),
    path("settings/people/<int:user_id>", people_views.edit, name="person"),
    path("settings/people/<int:user_id>/password", people_views.set_password, name="person-password"),
    path("settings/people/<int:user_id>/invite", people_views.invite, name="person-invite"),
    path("settings/people/<int:user_id>/activate", people_views.switch, {"active": True}, name="person-activate"),
    path("settings/people/<int:user_id>/deactivate", people_views.switch, {"active": False}, name="person-deactivate"),
    path("settings/people/<int:user_id>/end-sessions", people_views.end_sessions, name="person-end-sessions"),
    path("settings/people/<int:user_id>/unlock", people_views.unlock, name="person-unlock"),
]
