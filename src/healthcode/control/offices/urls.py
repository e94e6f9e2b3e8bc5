"""Routes of `offices`."""

from django.urls import path

from healthcode.control.offices import views

urlpatterns = [
    path("console/", views.home),
    path("console/enter", views.enter),
    path("console/leave", views.leave),
]
