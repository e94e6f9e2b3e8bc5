"""Routes of `rulesets`."""

from django.urls import path

from healthcode.control.rulesets import public_views, rehearsal_views, views

CONSOLE = "console/province/rulesets/"

urlpatterns = [
    path("rules/", public_views.in_force),
    path(CONSOLE, views.index),
    path(f"{CONSOLE}drafts/new", views.draft_new),
    path(f"{CONSOLE}drafts/<int:draft_id>/", views.draft),
    path(f"{CONSOLE}drafts/<int:draft_id>/file", views.draft_file),
    path(f"{CONSOLE}drafts/<int:draft_id>/numbers", views.draft_numbers),
    path(f"{CONSOLE}drafts/<int:draft_id>/check", views.draft_check),
    path(f"{CONSOLE}drafts/<int:draft_id>/rehearse", rehearsal_views.rehearse),
    path(f"{CONSOLE}drafts/<int:draft_id>/rehearsal/", rehearsal_views.rehearsal),
    path(f"{CONSOLE}drafts/<int:draft_id>/submit", views.draft_submit),
    path(f"{CONSOLE}submissions/<int:submission_id>/decide", views.decide),
    path(f"{CONSOLE}publications/<int:publication_id>/", views.publication),
    path(f"{CONSOLE}publications/<int:publication_id>/stop", views.stop),
]
