"""Routes of `exchange`."""

from django.urls import path

from healthcode.control.exchange import views

urlpatterns = [
    path("console/imports/", views.imports),
    path("console/imports/<uuid:upload_id>/", views.report),
    path("console/imports/<uuid:upload_id>/errors.csv", views.report_csv),
]
