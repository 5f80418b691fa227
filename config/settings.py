"""Settings, all from the environment; a wrong value says how to mend it. docs/operating.md has the table of them.

Only ``config`` reads the environment for settings; ``chat`` reads ``django.conf.settings``.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent
# --- Where things are kept ----------------------------------------------------------------------------------

DATA_DIR = env.folder("EVERTHREAD_DATA_DIR", default=BASE_DIR / "data")

SECRET_KEY = env.text("DJANGO_SECRET_KEY") or env.secret_in_file(DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.word_list("DJANGO_SECRET_KEY_FALLBACKS")

DATABASES = {"default": env.database("DATABASE_URL", default=DATA_DIR / "everthread.sqlite3")}
if DATABASES["default"]["ENGINE"] == env.SQLITE:
    # One writer at a time: take the lock when the transaction begins and wait for it, rather than fail in the middle.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = None  # to open one costs more than most requests ask
    # Threads share the test database, which memory-only SQLite does badly.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
else:
    from config import postgres  # its driver is there only where it is used

    postgres.mend()
    # A thread takes a connection for a request or a look at the rows, not for as long as it lives.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A process that was cut off in the middle of a transaction holds its locks for no longer than it counts as alive.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c idle_in_transaction_session_timeout=1min")
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 0,
        "max_size": env.integer("EVERTHREAD_DATABASE_CONNECTIONS", default=20, least=1),
        "timeout": 20,
    }
REDIS_URL = env.redis("REDIS_URL")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MEDIA_ROOT = DATA_DIR
STORAGES = {
    "default": env.storage("EVERTHREAD_STORAGE_URL"),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
EVERTHREAD_STORAGE_REDIRECTS = env.boolean("EVERTHREAD_STORAGE_REDIRECTS", default=False) and bool(
    env.text("EVERTHREAD_STORAGE_URL")  # the data folder gives no addresses
)
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
STATIC_URL = "static/"
STATIC_ROOT = env.file("EVERTHREAD_STATIC_DIR") or DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- The web ------------------------------------------------------------------------------------------------

DEBUG = env.boolean("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env.word_list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", socket.gethostname()])
CSRF_TRUSTED_ORIGINS = env.word_list("DJANGO_CSRF_TRUSTED_ORIGINS")
EVERTHREAD_HOST = env.text("HOST", default="127.0.0.1")
EVERTHREAD_PORT = env.text("PORT", default="8000")
TLS = env.boolean("EVERTHREAD_TLS", default=False)
_own_host = next((host for host in ALLOWED_HOSTS if host[0] not in ".*"), "localhost")
_own_origin = f"https://{_own_host}" if TLS else f"http://{_own_host}:{EVERTHREAD_PORT}"
# Links in mail begin with it.
EVERTHREAD_URL = env.site_address(
    "EVERTHREAD_URL", default=next((origin for origin in CSRF_TRUSTED_ORIGINS if "*" not in origin), _own_origin)
)
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

INSTALLED_APPS = [
    "config.apps.EverthreadAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "corsheaders",
    "django_htmx",
    "ninja",
    "axes",
    "chat",
]
if DATABASES["default"]["ENGINE"] == env.POSTGRESQL:
    INSTALLED_APPS.insert(-1, "procrastinate.contrib.django")
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""  # a process adds the tasks that it works on
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "chat.web.middleware.TimeZoneMiddleware",
    "chat.web.middleware.DatabaseErrorMiddleware",
    "axes.middleware.AxesMiddleware",
    "chat.api.middleware.authentication.ApiKeyMiddleware",
]
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
    }
]

# Behind a TLS proxy everything that can be tied to TLS is.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = TLS
SECURE_SSL_REDIRECT = TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- People -------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "chat.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

AXES_FAILURE_LIMIT = env.integer("EVERTHREAD_SIGN_IN_TRIES", default=10)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "chat.web.accounts.client_address.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked_out.html"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

EVERTHREAD_SIGN_UP = env.boolean("EVERTHREAD_SIGN_UP", default=False)

vars().update(env.mail("EMAIL_URL"))
EMAIL_TIMEOUT = 30  # seconds
EVERTHREAD_HAS_MAIL = env.text("EMAIL_URL") != ""
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default="everthread@localhost")

# --- Language and time --------------------------------------------------------------------------------------

USE_I18N = True
USE_TZ = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
TIME_ZONE = env.text("TZ", default="UTC")

# --- The API ------------------------------------------------------------------------------------------------

EVERTHREAD_STRICT_BETA_HEADER = env.boolean("EVERTHREAD_STRICT_BETA_HEADER", default=False)
EVERTHREAD_REQUESTS_PER_MINUTE = env.integer("EVERTHREAD_REQUESTS_PER_MINUTE", default=0)  # 0: no limit
CORS_URLS_REGEX = r"^/(v1|openai)/"
CORS_ALLOWED_ORIGINS = env.word_list("EVERTHREAD_CORS_ORIGINS")
if CORS_ALLOWED_ORIGINS == ["*"]:
    CORS_ALLOWED_ORIGINS, CORS_ALLOW_ALL_ORIGINS = [], True
CORS_ALLOW_HEADERS = ["accept", "authorization", "api-key", "content-type", "user-agent", "idempotency-key"]
CORS_ALLOW_HEADERS += ["openai-beta", "openai-organization", "openai-project"]
CORS_ALLOW_HEADERS += [f"x-stainless-{name}" for name in ("arch", "async", "custom-event-handler")]
CORS_ALLOW_HEADERS += [f"x-stainless-{name}" for name in ("custom-poll-interval", "helper-method", "lang", "os")]
CORS_ALLOW_HEADERS += [f"x-stainless-{name}" for name in ("package-version", "poll-helper", "read-timeout")]
CORS_ALLOW_HEADERS += [f"x-stainless-{name}" for name in ("retry-count", "runtime", "runtime-version", "timeout")]
CORS_ALLOW_HEADERS += ["x-stainless-stream-helper"]
CORS_EXPOSE_HEADERS = ["x-request-id", "openai-processing-ms", "openai-poll-after-ms", "retry-after"]
CORS_EXPOSE_HEADERS += [f"x-ratelimit-{name}-requests" for name in ("limit", "remaining", "reset")]

# --- Models and runs ----------------------------------------------------------------------------------------

OPENAI_BASE_URL = env.text("OPENAI_BASE_URL")
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_MODEL = env.text("OPENAI_MODEL")
EVERTHREAD_DATA_DIR = DATA_DIR
EVERTHREAD_MODEL_PATH = env.text("EVERTHREAD_MODEL_PATH")
EVERTHREAD_EMBEDDING_MODEL_PATH = env.text("EVERTHREAD_EMBEDDING_MODEL_PATH")
EVERTHREAD_MAX_RUNS = env.integer("EVERTHREAD_MAX_RUNS", default=100)
EVERTHREAD_GRACE_SECONDS = env.integer("EVERTHREAD_GRACE_SECONDS", default=10)
EVERTHREAD_WORKERS = env.boolean("EVERTHREAD_WORKERS", default=True)  # in the server's process
# Live runs that one person may have at once, by where they are started; 0: no limit.
EVERTHREAD_PAGE_RUNS = env.integer("EVERTHREAD_PAGE_RUNS", default=4)
EVERTHREAD_API_RUNS = env.integer("EVERTHREAD_API_RUNS", default=20)
EVERTHREAD_MAX_ANSWER_MB = env.integer("EVERTHREAD_MAX_ANSWER_MB", default=2)
EVERTHREAD_TIMELINE_DAYS = env.integer("EVERTHREAD_TIMELINE_DAYS", default=90, least=1)
EVERTHREAD_OCR_PAGES = env.integer("EVERTHREAD_OCR_PAGES", default=100)
EVERTHREAD_MAX_UPLOAD_MB = env.integer("EVERTHREAD_MAX_UPLOAD_MB", default=512)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # bytes of a form without its files
EVERTHREAD_ADMIN_USERNAME = env.text("EVERTHREAD_ADMIN_USERNAME", default="admin")
EVERTHREAD_ADMIN_PASSWORD = env.text("EVERTHREAD_ADMIN_PASSWORD")

# --- The code interpreter -----------------------------------------------------------------------------------

EVERTHREAD_SANDBOX = env.choice("EVERTHREAD_SANDBOX", choices=("AUTO", "NS", "LANDLOCK", "OFF"), default="AUTO").lower()
EVERTHREAD_SANDBOX_SOCKET = env.file("EVERTHREAD_SANDBOX_SOCKET")
EVERTHREAD_SANDBOX_PYTHON = env.file("EVERTHREAD_SANDBOX_PYTHON")
EVERTHREAD_SANDBOX_LIBRARIES = env.choice(
    "EVERTHREAD_SANDBOX_LIBRARIES", choices=("FULL", "SMALL"), default="FULL"
).lower()
EVERTHREAD_SANDBOX_SESSIONS = env.integer("EVERTHREAD_SANDBOX_SESSIONS", default=50)
EVERTHREAD_SANDBOX_CELLS = env.integer("EVERTHREAD_SANDBOX_CELLS", default=max(2, os.cpu_count() or 2))
EVERTHREAD_SANDBOX_CELL_SECONDS = env.integer("EVERTHREAD_SANDBOX_CELL_SECONDS", default=60)
EVERTHREAD_SANDBOX_MEMORY_MB = env.integer("EVERTHREAD_SANDBOX_MEMORY_MB", default=2048)
EVERTHREAD_SANDBOX_UIDS = env.integer_range(
    "EVERTHREAD_SANDBOX_UIDS", default="61200-65000"
)  # used when started as root

# --- The log ------------------------------------------------------------------------------------------------

LOG_LEVEL = env.choice("EVERTHREAD_LOG_LEVEL", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
LOG_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": LOG_LINE},
        "one_line": {"()": "config.log.OneLine", "format": LOG_LINE},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        "clients": {"class": "logging.StreamHandler", "formatter": "one_line"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Django warns of each request that was refused; the API's middleware logs the requests of programs itself.
    # A foreign host or a form of too many fields is the client's fault: a line, without a traceback.
    "loggers": {
        "chat": {"level": LOG_LEVEL},
        "django.request": {"level": "ERROR"},
        "django.security": {"handlers": ["clients"], "propagate": False},
    },
}
