"""Routes of `population`."""

from django.urls import path

from healthcode.control.population import views

urlpatterns = [path("console/province/runs/", views.runs)]
