"""Figures: what a benchmark measured, against its goal, as a table or as JSON."""

import json
import operator
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tabulate import tabulate

_RELATIONS = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Figure:
    """One quantity measured over several rounds. `goal` reads `>= 50`; a figure without one is there to be looked at."""

    name: str
    values: tuple[float, ...]
    unit: str
    goal: str = ""

    @property
    def median(self) -> float:
        """The figure that is compared with the goal."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the median meets the goal; None without one."""
        if not self.goal:
            return None
        relation, limit = self.goal.split()
        return bool(_RELATIONS[relation](self.median, float(limit)))


def show(title: str, figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print the figures on standard output."""
    if as_json:
        rows = [asdict(figure) | {"median": figure.median, "met": figure.met} for figure in figures]
        sys.stdout.write(json.dumps({"benchmark": title, "figures": rows}, indent=1) + "\n")
        return
    table = [
        (
            figure.name,
            f"{figure.median:.3g}" if figure.median < 100 else f"{figure.median:.0f}",
            f"{min(figure.values):.3g} to {max(figure.values):.3g}",
            figure.unit,
            figure.goal,
            {True: "met", False: "MISSED", None: ""}[figure.met],
        )
        for figure in figures
    ]
    headers = (title, "median", "range", "unit", "goal", "")
    sys.stdout.write(tabulate(table, headers, disable_numparse=True, colalign=("left", "right", "right")) + "\n")
