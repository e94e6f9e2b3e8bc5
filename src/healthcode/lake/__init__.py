"""The population engine: the parsed rules compiled to columnar expressions. No visits, no identities, no I/O.

The same rules as `healthcode.rules` evaluates for one subject; `tests/properties/test_one_meaning.py` keeps them equal.
"""
