"""Routes of `offices`."""

from django.urls import path

from healthcode.control.offices import demo, views

urlpatterns = [
    path("console/", views.home),
    path("console/enter", views.enter),
    path("console/leave", views.leave),
    path("demo/", demo.index),
]
