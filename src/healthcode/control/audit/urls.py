"""Routes of `audit`."""

from django.urls import path

from healthcode.control.audit import views

urlpatterns = [path("console/audit/", views.events)]
