"""Subjects, their sealed identities, application, consent and withdrawal (Art. 2, 6, 10, 13)."""
