"""Settings, read from the environment.

Development needs nothing set. With SEIKA_ENV=production the program refuses to start until the secret key, the hosts and the database
are named. `docs/settings.md` lists every variable.
"""

import tomllib
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
SEIKA_VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text("utf-8"))["project"]["version"]
env = environ.Env()

ENVIRONMENT = env.str("SEIKA_ENV", default="development")
if ENVIRONMENT not in ("development", "production"):
    raise ImproperlyConfigured(f"SEIKA_ENV is {ENVIRONMENT!r}: set it to development or production.")
PRODUCTION = ENVIRONMENT == "production"


def _needed_in_production(variable: str, what: str, development: str) -> str:
    """The variable's value; in production a sentence that says what to set when it is missing."""
    value = env.str(variable, default="" if PRODUCTION else development)
    if not value:
        raise ImproperlyConfigured(f"{variable} is not set: production needs {what}.")
    return value


SECRET_KEY = _needed_in_production("SEIKA_SECRET_KEY", "a secret key of 50 random characters or more", "development-only-" + "x" * 50)
_hosts = _needed_in_production("SEIKA_ALLOWED_HOSTS", "the host names it serves, separated by commas", "localhost,127.0.0.1")
ALLOWED_HOSTS = [host.strip() for host in _hosts.split(",") if host.strip()]
DEBUG = env.bool("SEIKA_DEBUG", default=not PRODUCTION)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("SEIKA_DEBUG is true: production never shows tracebacks; unset it.")

# --- Database: SQLite in a file beside manage.py, or whatever DATABASE_URL names -----------------------------------------------------

DATABASES = {
    "default": env.db_url_config(
        _needed_in_production(
            "DATABASE_URL", "a database, such as postgres://user:password@host:5432/seika", f"sqlite:///{BASE_DIR}/db.sqlite3"
        )
    )
}
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # A system of record: writers queue instead of failing (IMMEDIATE and a long timeout), readers do not block them (WAL), and a
    # commit is on the disk (FULL). The file is read through the system's own memory (mmap): history makes it large.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; PRAGMA mmap_size=1073741824",
    }
else:
    # Compiling a plan costs more than these queries take. What the address asks for (sslmode) stays.
    _database["OPTIONS"] = {"options": "-c jit=off"} | _database.get("OPTIONS", {})
    _database["CONN_MAX_AGE"] = 60
    _database["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Application --------------------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts",
    "budget",
    "kpis",
    "config.apps.SeikaAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_filters",
    "simple_history",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.AuditCopyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.middleware.ReadableAddressMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Users --------------------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PostingBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "kpis:work"

# --- Language, time, files ----------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Outside production files are served from where they lie, under DEBUG or not: nothing has to be collected for the tests.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FIXTURE_DIRS = [BASE_DIR / "fixtures"]

# --- Security: nothing from outside, no inline script or style ------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SEIKA_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- Mail ---------------------------------------------------------------------------------------------------------------------------

# consolemail: prints what would be sent. A server that does not answer is given up after ten seconds.
globals().update(env.email_url("SEIKA_EMAIL_URL", default="smtp://localhost:25" if PRODUCTION else "consolemail://"))
EMAIL_TIMEOUT = 10
_host = next(iter(ALLOWED_HOSTS), "localhost").lstrip(".")
DEFAULT_FROM_EMAIL = env.str("SEIKA_EMAIL_FROM", default=f"seika@{_host}")
# Where the links of a mail lead.
SEIKA_ADDRESS = env.str("SEIKA_ADDRESS", default=f"https://{_host}" if PRODUCTION else "http://127.0.0.1:8000")

# --- History and the yearly round -------------------------------------------------------------------------------------------------------

SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True
# Month and day by which the results of the fiscal year before are due (DOMAIN: 31 August).
SEIKA_RESULTS_DUE = (8, 31)
# The days of the round on which `send_reminders` writes to people, beside the day on which results are due and the one after (DOMAIN).
SEIKA_REMINDER_DAYS = {
    (4, 1): "asked",
    (5, 15): "again",
    (6, 1): "public_review",
    (6, 15): "again",
    (7, 31): "last_call",
}
# How many days before a target's deadline its officials are told.
SEIKA_DAYS_BEFORE_DEADLINE = (180, 90, 30)
