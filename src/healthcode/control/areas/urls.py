"""Routes of `areas`."""

from django.urls import path

from healthcode.control.areas import views

urlpatterns = [
    path("console/county/areas/", views.county),
    path("console/county/areas/preview", views.preview),
    path("console/county/areas/propose", views.propose),
    path("console/county/areas/<int:area_id>/", views.county_area),
    path("console/city/areas/", views.city),
    path("console/city/areas/<int:area_id>/", views.city_area),
    path("console/city/areas/proposals/<int:designation_id>/decide", views.decide),
]
