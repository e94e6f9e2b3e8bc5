"""Routes of `exchange`."""

from django.urls import path

from healthcode.control.exchange import views

urlpatterns = [
    path("console/imports/", views.imports),
    path("console/imports/samples/<str:kind>.csv", views.sample),
    path("console/imports/schemas/<str:kind>.json", views.schema),
    path("console/imports/rollbacks/<int:rollback>/", views.rollback_decide),
    path("console/imports/<uuid:upload_id>/", views.report),
    path("console/imports/<uuid:upload_id>/cancel", views.cancel),
    path("console/imports/<uuid:upload_id>/rollback", views.roll_back),
    path("console/imports/<uuid:upload_id>/errors.csv", views.report_csv),
]
