"""An invented county for demonstrations and tests: offices, officers, people, venues, a morning of leads.

Nobody here exists. Identity numbers carry valid check digits and divisions of Shanxi, so that everything that checks
them is really exercised.
"""
