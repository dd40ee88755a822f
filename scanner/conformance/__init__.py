"""The rules for plug-ins as tests that their authors run with pytest.

    from scanner.conformance import Case, PluginConformance, Seen

    class TestMine(PluginConformance):
        distribution = "pindai-mine"
        cases = (Case(my_check, "value of its need", says="outcome"), ...)
        seen = (Seen(MyProbe(...), MyObservation(...)), ...)

The distribution must be installed (`pip install -e .` will do). Each rule names what it found wrong in one line. What the
rules cannot see is whether a check is right: the cases are its author's.
"""

from scanner.conformance.cases import Case, Seen
from scanner.conformance.suite import PluginConformance

__all__ = ["Case", "PluginConformance", "Seen"]
