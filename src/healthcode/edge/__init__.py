"""The edge: shows, checks and records.  Raw ASGI, no Django, no ORM and, on the read path, no database.

Invariants: it cannot change a color; `unknown` is never green; what it acknowledged as a visit is committed;
it goes on answering when control and PostgreSQL are gone and says how old its data are.
"""
