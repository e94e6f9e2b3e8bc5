"""A province's health code and venue code: the color follows from evidence and a published rule."""
