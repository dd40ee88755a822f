"""What a check or a plug-in may import. Version 1; everything else may change tomorrow.

Checks import this module, and the value types in `scanner.observations` and `scanner.derive`, and nothing else of Pindai.
So do plug-ins: their probes, reports and frameworks find here what they need besides. What each name is for stands in
docs/write-a-check.md.
"""

from scanner.cost import Cost
from scanner.estate import Kind, Target
from scanner.estate_checks import EstateView, Group, estate_check, several_targets
from scanner.findings import Finding, FixedBy, Severity, State, Subject
from scanner.locale.printable import printable
from scanner.locale.values import write_time
from scanner.needs import At, Derived, Each, EstateFact, Fact, Need, Place, derived, everywhere, maybe, parts_of
from scanner.observations.observation import Observation
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.outcomes import DoesNotApply, Outcome, Passed, Undecided, Verdict, unknown
from scanner.probes.probe import Laboratory, Order, Probe
from scanner.probes.streams import NetworkError, Stream, connected, read_line
from scanner.profiles import Profile
from scanner.redaction import NOTHING_KNOWN, Blackout, redact_text
from scanner.registry import API_VERSION, Check, CheckParams, check
from scanner.reports.report import Report, report
from scanner.run import Run

__all__ = [
    "API_VERSION",
    "NOTHING_KNOWN",
    "At",
    "Blackout",
    "Check",
    "CheckParams",
    "Cost",
    "Derived",
    "DoesNotApply",
    "Each",
    "EstateFact",
    "EstateView",
    "Fact",
    "Finding",
    "FixedBy",
    "Group",
    "Kind",
    "Laboratory",
    "Need",
    "NetworkError",
    "NotApplicable",
    "Observation",
    "Order",
    "Outcome",
    "Passed",
    "Place",
    "Probe",
    "Profile",
    "Reason",
    "Replay",
    "Report",
    "Run",
    "Severity",
    "State",
    "Stream",
    "Subject",
    "Target",
    "Undecided",
    "Unobserved",
    "Verdict",
    "check",
    "connected",
    "derived",
    "estate_check",
    "everywhere",
    "maybe",
    "parts_of",
    "printable",
    "read_line",
    "redact_text",
    "report",
    "several_targets",
    "unknown",
    "write_time",
]
