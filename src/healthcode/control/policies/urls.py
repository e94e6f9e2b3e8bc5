"""Routes of `policies`."""

from django.urls import path

from healthcode.control.policies import views

urlpatterns = [
    path("console/policies/", views.adjustments),
    path("console/policies/propose", views.propose),
    path("console/policies/<int:adjustment_id>/", views.adjustment),
    path("console/policies/<int:adjustment_id>/decide", views.decide),
    path("console/policies/<int:adjustment_id>/end", views.end),
]
