"""Failures on purpose: what is scheduled, when it strikes, and what it does to calls, rows and answers.

Everything is off until `PUT /_sandbox/faults` asks for it; docs/sandbox.md lists the kinds.
"""
