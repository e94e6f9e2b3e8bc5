"""URLs under `/demo/`: each answers 404 where real people are served."""

from django.urls import path

from healthcode.control.people.demo_views import phone_codes

urlpatterns = [path("phone-codes", phone_codes)]
