"""The life of a ruleset: draft, checks, rehearsal, approval by another person, in force from an instant, history."""
