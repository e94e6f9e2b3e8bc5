"""Routes of `notices`."""

from django.urls import path

from healthcode.control.notices import views

urlpatterns = [
    path("console/county/tonight/", views.county_tonight),
    path("console/county/calls/", views.county_calls),
    path("console/county/calls/<int:notice_id>/told", views.told),
    path("console/province/tonight/", views.province_tonight),
]
