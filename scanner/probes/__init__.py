"""Probes: frozen values that each name one network fact, and know how to observe it.

Importing a probe is cheap (plans and `--help` do); what it needs to talk is imported when it first talks.
"""
