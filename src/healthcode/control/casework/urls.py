"""Routes of `casework`."""

from django.urls import path

from healthcode.control.casework import province_views, views

urlpatterns = [
    path("console/county/", views.county),
    path("console/county/items/<int:item_id>/", views.item),
    path("console/county/items/<int:item_id>/accept", views.accept),
    path("console/county/items/<int:item_id>/hand-back", views.hand_back),
    path("console/county/items/<int:item_id>/propose", views.propose),
    path("console/county/reviews/", views.reviews),
    path("console/county/reviews/<int:proposal_id>/", views.review),
    path("console/province/", province_views.progress),
    path("console/province/nobody/", province_views.nobody),
    path("console/province/nobody/<int:item_id>/route", province_views.route),
]
