"""The URL map of control. Each app brings its own; every view states its access (a house test looks)."""

from django.urls import include, path

from healthcode.control.api import api
from healthcode.control.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("api/", api.urls),
    path("", include("healthcode.control.offices.urls")),
    path("", include("healthcode.control.casework.urls")),
    path("", include("healthcode.control.exchange.urls")),
    path("", include("healthcode.control.venues.urls")),
    path("", include("healthcode.control.areas.urls")),
    path("", include("healthcode.control.population.urls")),
    path("", include("healthcode.control.rulesets.urls")),
    path("", include("healthcode.control.policies.urls")),
    path("", include("healthcode.control.notices.urls")),
    path("", include("healthcode.control.credentials.urls")),
    path("", include("healthcode.control.audit.urls")),
    path("demo/", include("healthcode.control.people.demo_urls")),
    path("accounts/", include("healthcode.control.offices.urls_accounts")),
]
