"""Routes of `venues`."""

from django.urls import path

from healthcode.control.venues import county_views, views

urlpatterns = [
    path("console/venue/", views.venues, name="venues"),
    path("console/venue/register/", views.register, name="venue-register"),
    path("console/venue/<int:number>/", views.venue, name="venue"),
    path("console/venue/<int:number>/checkpoints/", views.checkpoints, name="venue-checkpoints"),
    path("console/venue/<int:number>/poster/<int:checkpoint>/", views.poster, name="venue-poster"),
    path("console/venue/<int:number>/screen/<int:checkpoint>/", views.screen, name="venue-screen"),
    path("console/venue/<int:number>/screen/<int:checkpoint>/code", views.screen_code, name="venue-screen-code"),
    path("console/venue/<int:number>/inspectors/", views.inspectors, name="venue-inspectors"),
    path("console/venue/<int:number>/inspectors/<int:inspector>/dismissal/", views.dismissal, name="venue-dismissal"),
    path("console/county/venues/", county_views.queue, name="county-venues"),
    path("console/county/venues/<int:number>/", county_views.item, name="county-venue"),
    path("console/county/venues/<int:number>/decision/", county_views.decision, name="county-venue-decision"),
]
