"""One file per outside thing; each implements a port of the package it serves."""
