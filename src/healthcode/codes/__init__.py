"""Codes: live, pass, paper, venue and session, made and opened. Format: spec/code-format.md.

Invariants: opening a code returns its claim or raises a `CodeError`; nothing else ever escapes for any input; a code
made for one purpose, region, epoch or minute never opens as another; time and keys are arguments.
"""
