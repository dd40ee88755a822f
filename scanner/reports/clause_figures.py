"""The figure of a clause in words, as the terminal and the page say it: services by state, never without their whole."""

from collections.abc import Mapping

from scanner.clauses.assessed import Figure
from scanner.locale.clause_phrases import clause_phrases
from scanner.locale.speech import Speaker
from scanner.locale.values import write_number

_ORDER = ("supports", "mixed", "to_explain", "material", "not_observed")


def figure_text(figure: Figure, language: str) -> str:
    """The services by state, with their whole; a share only where an official list gives one and something was concluded."""
    say = clause_phrases(language)
    parts = states_text(figure.states, figure.not_scanned, language)
    if figure.whole and not figure.concluded:
        return f"{say.whole.format(whole=write_number(figure.whole, language))}: {parts}"
    if figure.whole:
        told = say.share.format(
            supports=write_number(figure.supports, language),
            whole=write_number(figure.whole, language),
            share=write_number(100 * figure.supports / figure.whole, language),
        )
        others = {name: count for name, count in figure.states.items() if name != "supports"}
        rest = states_text(others, figure.not_scanned, language)
        return f"{told}; {rest}" if rest else told
    if figure.whole == 0:
        return Speaker(language).say("no service of the official list is in the scope of this clause")
    return f"{say.no_share.format(counted=write_number(figure.counted, language))}: {parts or '-'}"


def states_text(states: Mapping[str, int], not_scanned: int, language: str) -> str:
    """`3 mendukung, 1 ada temuan, 2 tidak teramati`; services that nobody scanned are not observed either."""
    counted = clause_phrases(language).counted
    counts = {**states, "not_observed": states["not_observed"] + not_scanned}
    return ", ".join(f"{write_number(counts[it], language)} {counted[it]}" for it in _ORDER if counts.get(it))
