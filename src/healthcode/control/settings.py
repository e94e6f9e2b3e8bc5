"""Django's settings. Importable without environment or database; what differs comes from `configuration.configure`."""

from __future__ import annotations

from pathlib import Path

BASE = Path(__file__).parent

SECRET_KEY = "set by healthcode.control.configuration.configure"  # noqa: S105  # refuses to sign: see checks there
DATABASES: dict[str, dict[str, object]] = {
    "default": {"ENGINE": "django.db.backends.postgresql", "NAME": "healthcode"},
}
ALLOWED_HOSTS: list[str] = []
CSRF_TRUSTED_ORIGINS: list[str] = []
DEBUG = False

APPS = [
    "offices",
    "audit",
    "bridge",
    "people",
    "exchange",
    "casework",
    "evidence",
    "venues",
    "areas",
    "rulesets",
    "notices",
    "credentials",
    "documents",
    "policies",
    "population",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "ninja",  # serves the API documentation's scripts itself: no third-party request
    "procrastinate.contrib.django",
    *(f"healthcode.control.{app}" for app in APPS),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "healthcode.control.headers.HeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "healthcode.control.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "healthcode.control.problems.ProblemMiddleware",
]
ROOT_URLCONF = "healthcode.control.urls"
WSGI_APPLICATION = "healthcode.wiring.control.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "healthcode.control.console.context",
            ],
            "builtins": ["django.templatetags.i18n", "healthcode.control.templatetags.console"],
        },
    }
]

AUTH_USER_MODEL = "offices.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/console/enter"
LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_ADAPTER = "healthcode.control.offices.adapter.OfficerAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False  # `configure` allows plain HTTP (loopback) only where cookies need no HTTPS
MFA_TOTP_ISSUER = "healthcode"
MFA_TOTP_TOLERANCE = 1  # the code before and after: phones' clocks differ, and typing takes time
MFA_ADAPTER = "healthcode.control.offices.second_factor.SealingMfaAdapter"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False
ACT_COOKIE_SECURE = False
CSRF_COOKIE_SAMESITE = "Strict"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# Nothing personal is spooled to disk in clear: what comes in is sealed piece by piece under a key in memory.
FILE_UPLOAD_HANDLERS = ["healthcode.control.exchange.receiving.SealingUploadHandler"]

STATIC_URL = "/static/"
STATICFILES_DIRS: list[tuple[str, Path]] = []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [BASE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"  # for display; instants are UTC in the database
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING_CONFIG = None  # structlog, set up by wiring with redaction
