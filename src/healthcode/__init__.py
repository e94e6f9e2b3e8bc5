"""A province's health code and venue code: the color follows from evidence and a published rule."""

from importlib.metadata import version

__version__ = version("healthcode")
