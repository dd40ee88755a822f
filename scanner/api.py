"""What a check or a plug-in may import. Version 1; everything else may change tomorrow.

Checks import this module, and the value types in `scanner.observations` and `scanner.derive`, and nothing else of Pindai.
"""

from scanner.estate import Kind
from scanner.findings import FixedBy, Severity, State, Subject
from scanner.needs import Derived, Each, Fact, Need, Place, derived, maybe, parts_of
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.outcomes import DoesNotApply, Outcome, Passed, Undecided, Verdict, unknown
from scanner.registry import API_VERSION, Check, CheckParams, check

__all__ = [
    "API_VERSION",
    "Check",
    "CheckParams",
    "Derived",
    "DoesNotApply",
    "Each",
    "Fact",
    "FixedBy",
    "Kind",
    "Need",
    "NotApplicable",
    "Outcome",
    "Passed",
    "Place",
    "Reason",
    "Replay",
    "Severity",
    "State",
    "Subject",
    "Undecided",
    "Unobserved",
    "Verdict",
    "check",
    "derived",
    "maybe",
    "parts_of",
    "unknown",
]
