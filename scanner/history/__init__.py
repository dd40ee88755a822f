"""What earlier runs say: what is new, what goes on, what was repaired, and how scanning went in a period.

    night.py     what one run leaves to history: its open and accepted findings, and by what measure it looked
    ledger.py    findings followed from run to run by fingerprint: from when they were first seen until a repair was seen
    changes.py   one run against an earlier one
    period.py    nights, follow-up and repairs of a period
    archive.py   the journals of a state folder, and which of them may be held against each other

A fault is repaired when a later run looked the same way and concluded otherwise. That nothing was said of it any more is no
repair. Everything is read from the journals; the history database only remembers what was read of each.
"""
