"""Cryptography behind names of our own: suites, COSE, sealed boxes, sealed fields, the key store port.

Invariants: nothing outside this package imports a cryptographic library; opening and verifying return the content or
raise, never a boolean; every stored artefact starts with a version and names its key; secrets are compared in
constant time in here, nowhere else.
"""
