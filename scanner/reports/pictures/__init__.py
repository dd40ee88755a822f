"""The pictures of a report: each a pure function of what a run observed, with a table that says the same."""

from scanner.locale.speech import Speaker
from scanner.reports.pictures.certificates import certificates
from scanner.reports.pictures.chain import chain
from scanner.reports.pictures.coverage import coverage
from scanner.reports.pictures.latency import latency
from scanner.reports.pictures.picture import STYLE, Picture, Table
from scanner.reports.pictures.protocols import protocols
from scanner.reports.pictures.seen import look_at
from scanner.reports.pictures.suites import suites
from scanner.run import Run

__all__ = ["STYLE", "Picture", "Table", "pictures"]


def pictures(run: Run, speaker: Speaker) -> tuple[Picture, ...]:
    """All pictures of a run, from one walk over its observations. Raises AlteredError for a journal that was altered."""
    sights = look_at(run)
    return tuple(draw(sights, speaker) for draw in (coverage, certificates, chain, protocols, suites, latency))
