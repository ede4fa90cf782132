"""Who may call what: one row for each address and method. A new address fails `test_url_table` until it has a row.

Columns: nobody (not logged in), viewer, operator, administrator, and an operator of another site: where the address
names a record of a site, or changes what holds for every site. Words:

    ok      let in: the page, the answer, or the sentence about what is missing in what was sent
    said    let in, nothing was done, and a message says why
    login   sent to the login page
    401, 403, 404   refused; 404 also where a record is there, but not for the one who asks
    =       as anybody with that role

Viewers of another site are refused as other viewers are, and get 404 where operators of another site do.
"""

PAGES = """
GET         /                                     login  ok    ok    ok    =
GET         /wall                                 login  ok    ok    ok    =
POST        /occupancy                            login  403   ok    ok    404
GET         /cameras                              login  ok    ok    ok    =
POST        /cameras                              401    403   ok    ok    =
GET,POST    /cameras/add                          login  403   ok    ok    =
POST        /cameras/restore                      login  403   ok    ok    said
GET         /cameras/<camera_id>                  login  ok    ok    ok    404
POST        /cameras/<camera_id>                  login  403   ok    ok    404
POST        /cameras/<camera_id>/delete           login  403   ok    ok    404
POST        /cameras/<camera_id>/enable           login  403   ok    ok    404
POST        /cameras/<camera_id>/disable          login  403   ok    ok    404
GET         /stream/clean/<camera_id>             401    ok    ok    ok    404
GET         /stream/annotated/<camera_id>         401    ok    ok    ok    404
GET         /stream/still/<camera_id>.jpg         401    ok    ok    ok    404
GET         /stream/clip/<camera_id>              401    ok    ok    ok    404

GET,POST,PUT /login                               ok     ok    ok    ok    =
PATCH,DELETE /login                               405    ok    ok    ok    =
POST        /logout                               login   ok    ok    ok    =
GET,POST    /password-reset                       404    404   404   404   =
ANY         /password-reset/<uidb64>/<token>      ok     ok    ok    ok    =
GET         /account                              login  ok    ok    ok    =
POST        /account/password                     login  ok    ok    ok    =
POST        /account/email                        login  ok    ok    ok    =
POST        /account/sessions/end                 login  ok    ok    ok    =
POST        /account/sessions/<reference>/end     login  ok    ok    ok    =
POST        /account/tokens                       login  ok    ok    ok    =
POST        /account/tokens/<reference>/revoke    login  ok    ok    ok    =

GET         /settings                             login  ok    ok    ok    =
GET         /settings/sites                       login  ok    ok    ok    =
GET,POST    /settings/sites/add                   login  403   ok    ok    403
GET         /settings/sites/<site_id>             login  ok    ok    ok    404
POST        /settings/sites/<site_id>             login  403   ok    ok    404
POST        /settings/sites/<site_id>/delete      login  403   said  said  404
GET         /settings/counting                    login  403   ok    ok    =
POST        /settings/counting                    login  403   ok    ok    403
GET         /settings/capture                     login  403   ok    ok    =
POST        /settings/capture                     login  403   ok    ok    403
GET         /settings/equipment                   login  403   ok    ok    =
POST        /settings/equipment                   login  403   ok    ok    403
GET,POST    /settings/mail                        login  403   403   ok    =
POST        /settings/mail/test                   login  403   403   ok    =
GET         /settings/system                      login  403   ok    ok    =
POST        /settings/system                      login  403   ok    ok    403
GET         /settings/licence                     login  403   ok    ok    =
POST        /settings/licence                     login  403   ok    ok    403
POST        /settings/licence/remove              login  403   ok    ok    403
POST        /settings/licence/restore             login  403   said  said  403
GET,POST    /settings/transfer                    login  403   403   ok    =
POST        /settings/transfer/apply              login  403   403   ok    =
POST        /settings/transfer/export             login  403   403   ok    =
GET         /settings/activity                    login  403   403   ok    =
GET         /settings/people                      login  403   403   ok    =
GET,POST    /settings/people/add                  login  403   403   ok    =
GET,POST    /settings/people/<user_id>            login  403   403   ok    =
POST        /settings/people/<user_id>/password   login  403   403   ok    =
POST        /settings/people/<user_id>/invite     login  403   403   ok    =
POST        /settings/people/<user_id>/activate   login  403   403   ok    =
POST        /settings/people/<user_id>/deactivate login  403   403   ok    =
POST        /settings/people/<user_id>/end-sessions login 403  403   ok    =
POST        /settings/people/<user_id>/unlock     login  403   403   ok    =

GET         /api/                                 401    ok    ok    ok    =
GET         /api/stats                            401    ok    ok    ok    =
GET         /api/cameras                          401    ok    ok    ok    =
POST        /api/cameras                          401    403   ok    ok    =
POST        /api/cameras/check                    401    403   ok    ok    =
GET         /api/cameras/<pk>                     401    ok    ok    ok    404
PATCH       /api/cameras/<pk>                     401    403   ok    ok    404
DELETE      /api/cameras/<pk>                     401    403   ok    ok    404
GET         /api/sites                            401    ok    ok    ok    =
POST        /api/sites                            401    403   ok    ok    403
GET         /api/sites/<pk>                       401    ok    ok    ok    404
PATCH       /api/sites/<pk>                       401    403   ok    ok    404
DELETE      /api/sites/<pk>                       401    403   ok    ok    404
GET,POST    /api/tokens                           401    ok    ok    ok    =
GET,DELETE  /api/tokens/<id>                      401    ok    ok    ok    =
GET         /api/license                          401    ok    ok    ok    =
POST,DELETE /api/license                          401    403   ok    ok    403
GET         /license                              401    ok    ok    ok    =
POST,DELETE /license                              401    403   ok    ok    403
GET         /api/schema/                          401    ok    ok    ok    =
GET         /api/docs/                            login  ok    ok    ok    =
GET         /metrics                              401    403   ok    ok    403
ANY         /favicon.ico                          ok     ok    ok    ok    =
ANY         /healthz                              ok     ok    ok    ok    =
ANY         /readyz                               ok     ok    ok    ok    =

GET,POST    /admin/                               login  login ok    ok    =
GET,POST    /admin/login/                         login  403   403   403   =
POST        /admin/logout/                        login  ok    ok    ok    =
GET,POST    /admin/password_change/               login  login ok    ok    =
GET         /admin/search/                        login  login ok    ok    =
GET         /admin/autocomplete/                  login  login ok    ok    =
GET         /admin/jsi18n/                        login  login ok    ok    =
GET         /admin/r/<content_type_id>/<object_id>/ login login 404  404   =
GET         /admin/<app_label>/                   login  login ok    ok    =
GET         /admin/<url>                          login  login 404   404   =
GET,POST    /admin/auth/user/<id>/password/       login  login 403   ok    =
"""

# What an operator and an administrator may do with the records of each model in the admin: list, add, change, delete,
# and read the history. A small letter: look only. The last column: an operator of another site, with a record of a site.
ADMIN = """
auth.user                   -      LACDH  -
auditlog.logentry           -      lch    -
cameras.camera              LACDH  LACDH  404
cameras.site                LACDH  LACDH  404
cameras.capturedefaults     LCH    LCH    lch
licensing.licence           LCH    LCH    lch
operations.mailsettings     -      LCH    -
operations.systemsettings   LCH    LCH    lch
ppe.ppesettings             LCH    LCH    lch
tracking.trackingsettings   LCH    LCH    lch
"""
