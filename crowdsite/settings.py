"""Django settings. Deployment comes from the environment (see `.env.example`).

What an operator changes at run time is a record in Redis, not a setting here.
"""

from datetime import timedelta
from pathlib import Path

import environ

from crowdsite.bootstrap import embedded_redis_url, secret
from crowdsite.version import VERSION

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():  # absent, django-environ writes a line about it
    env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env("CROWDSITE_VAR", default=str(BASE_DIR / "var"))).resolve()
# Cameras' passwords, password hashes and sessions lie below: nobody else on the machine reads them.
VAR_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or secret(VAR_DIR / "secret_key")
# Former secrets that sessions and links to reset passwords may still be signed with.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"])
WEB_HOST = env("WEB_HOST", default="127.0.0.1")
WEB_PORT = env.int("WEB_PORT", default=8000)
FLOWER_HOST = env("FLOWER_HOST", default="127.0.0.1")
FLOWER_PORT = env.int("FLOWER_PORT", default=5555)
FLOWER_URL = env("FLOWER_URL", default="")
SSL_CERTFILE = env("SSL_CERTFILE", default="")
SSL_KEYFILE = env("SSL_KEYFILE", default="")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Where people reach the installation, for links in mail. Also says that a proxy speaks TLS for us.
PUBLIC_URL = env("PUBLIC_URL", default="")
# Addresses or networks of proxies in front. Only they may say who the client is and that it came by TLS.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

# Empty REDIS_URL = the embedded server, whose address its supervisor leaves in var/redis/.
REDIS_IS_EMBEDDED = not env("REDIS_URL", default="")
REDIS_URL = env("REDIS_URL", default="") or embedded_redis_url(VAR_DIR)

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "axes",
    "csp",
    "auditlog",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "crowdsite",
    "licensing",
    "accounts",
    "cameras",
    "tracking",
    "ppe",
    "reports",
    "operations",
]

MIDDLEWARE = [
    "crowdsite.request_ids.request_ids",
    "django.middleware.security.SecurityMiddleware",
    "crowdsite.security_headers.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SessionSeenMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "operations.audit.remember_request",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Last: it turns what a view answers to somebody who is locked out into the page that says so.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "crowdsite.urls"
ASGI_APPLICATION = "crowdsite.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'crowdsite.sqlite3'}"),
    "redis": {"ENGINE": "crowdsite.store", "NAME": REDIS_URL},
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "timeout": 20,
    }
DATABASE_ROUTERS = ["crowdsite.store.router.StoreRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.backends.SiteAwareBackend"]
# The first makes new hashes; the last reads those that came from v81.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", "accounts.hashers.PasslibPBKDF2Hasher"]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login"

# Sessions: rows that their owners see and end. A login lasts at most so long, and ends when nobody uses it.
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = env.int("SESSION_MAX_DAYS", default=30) * 86400
SESSION_IDLE_SECS = env.int("SESSION_IDLE_HOURS", default=24) * 3600

# Links to set a password, in invitations and for whoever forgot it.
PASSWORD_RESET_TIMEOUT = 3 * 86400

# Who fails too often waits: `accounts.lockout` adds the second limit. Rows in the SQL database, because all web
# processes have to count together and a restart must forgive nothing.
LOGIN_FAILURES_PER_NAME = env.int("LOGIN_FAILURES_PER_NAME", default=5)
LOGIN_FAILURES_PER_ADDRESS = env.int("LOGIN_FAILURES_PER_ADDRESS", default=50)
AXES_HANDLER = "accounts.lockout.LockoutHandler"
AXES_FAILURE_LIMIT = LOGIN_FAILURES_PER_NAME
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_PAUSE_MINUTES", default=15))
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "accounts.clients.throttled_address"
AXES_LOCKOUT_CALLABLE = "accounts.login_views.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "password", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Which sites exist is decided above the accounts.
VISIBLE_SITE_MODEL = "cameras.Site"

# TLS: our own, or that of the proxy people reach us by.
HTTPS = bool(SSL_CERTFILE) or PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = env.int("HSTS_DAYS", default=30) * 86400 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# API tokens: only their hashes are kept; how they begin tells them apart and lets scanners of leaked secrets find them.
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 - the name of a model
REST_KNOX = {"TOKEN_PREFIX": "cs_", "TOKEN_TTL": timedelta(days=365), "TOKEN_LIMIT_PER_USER": None}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

# A camera, its line and its settings fit in a few kilobytes.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "accounts.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crowdsite.api_permissions.ModelPermissions"],
    "DEFAULT_PARSER_CLASSES": [
        "crowdsite.api_parsers.BoundedJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "crowdsite.api_pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "crowdsite.api_errors.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Crowdsite API",
    "DESCRIPTION": "Counting people and keeping sites safe.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "crowdsite.api_schema.document_errors",
    ],
    # Sites are offline: Swagger comes with the installation, not from a CDN.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

UNFOLD = {
    "SITE_TITLE": "Crowdsite",
    "SITE_HEADER": "Crowdsite",
    "SITE_URL": "/",
    "SHOW_BACK_BUTTON": True,
    "SITE_DROPDOWN": "crowdsite.monitoring_links.site_links",
    # The accent of static/css/tokens.css in unfold's steps, light theme from 600 on, dark theme around 400.
    "COLORS": {
        "primary": {
            "50": "#f3f5fd",
            "100": "#e9edfb",
            "200": "#cfd8f6",
            "300": "#b0c0ff",
            "400": "#94a9ff",
            "500": "#5f7be0",
            "600": "#2f4fc4",
            "700": "#243f9f",
            "800": "#1d2747",
            "900": "#172040",
            "950": "#0c1330",
        }
    },
}

LOGGING_CONFIG = "crowdsite.logging.configure_logging"
LOGGING = {
    "level": env("LOG_LEVEL", default="INFO"),
    "format": env("LOG_FORMAT", default="text"),
    "dir": Path(env("LOG_DIR", default=str(VAR_DIR / "log"))),
    "rotation": env("LOG_ROTATION", default="20 MB"),
    "retention": env("LOG_RETENTION", default="10"),
}

# Celery. The bare `celery -A crowdsite worker -Q gpu` has to run camera loops as threads, so the pool comes from here.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_WORKER_POOL = env("WORKER_POOL", default="threads")
CELERY_WORKER_CONCURRENCY = env.int("CAMERAS_PER_NODE", default=16)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A Redis that answers but takes nothing (full disk, full memory, a replica) is away like one that does not answer:
# without this a worker ends at the first such answer, and its cameras with it.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TASK_ROUTES = {"tracking.tasks.track_camera": {"queue": "gpu"}}
CELERY_BEAT_SCHEDULE = {
    "reconcile-cameras": {"task": "tracking.tasks.reconcile_cameras", "schedule": 1.0, "options": {"expires": 3}},
    "forget-ended-sessions": {"task": "accounts.tasks.forget_ended_sessions", "schedule": 86400.0},
    "prune-audit-trail": {"task": "operations.tasks.prune_audit_trail", "schedule": 86400.0},
    "watch-licence": {"task": "licensing.tasks.watch", "schedule": 60.0, "options": {"expires": 60}},
    "prune-person-logs": {"task": "tracking.tasks.prune_person_logs", "schedule": 3600.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# Mail leaves through the server set under Settings, Mail; its sender replaces this one.
EMAIL_BACKEND = "operations.mail.StoredSmtpBackend"
DEFAULT_FROM_EMAIL = "crowdsite@localhost"

# Video files may be cameras too, but only from these folders: an address must not read the machine's other files.
CAMERA_FILE_ROOTS = [Path(p) for p in env.list("CAMERA_FILE_ROOTS", default=[])] + [VAR_DIR / "videos"]

# Restreamers such as MediaMTX or go2rtc often run on the same machine. Where nothing of the kind does, False keeps
# operators from learning which local services answer.
CAMERA_ALLOW_LOOPBACK = env.bool("CAMERA_ALLOW_LOOPBACK", default=True)

# Whose licences count: a vendor's public keys, and the installation's own unless that is switched off.
LICENCE_PUBLIC_KEYS = env("LICENCE_PUBLIC_KEYS", default="")
LICENCE_TRUST_LOCAL_KEY = env.bool("LICENCE_TRUST_LOCAL_KEY", default=True)

# Models are looked for here, first hit wins; MODEL_DIR adds a folder in front.
MODEL_DIRS = [Path(p) for p in env.list("MODEL_DIR", default=[])] + [VAR_DIR / "models"]
