"""Console routes of `credentials`."""

from django.urls import path

from healthcode.control.credentials import views

urlpatterns = [
    path("console/recalls/", views.recalls),
    path("console/recalls/<int:recall>/", views.decide),
]
