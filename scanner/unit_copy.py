"""The part of a run that belongs to one unit: a run of its own, in which nothing of the others is."""

import msgspec

from scanner.clauses.services import Services
from scanner.estate import Estate
from scanner.journal import Journal
from scanner.parse.list_name import name_key
from scanner.run import Ending, Run
from scanner.scope import Scope


def units_of(estate: Estate) -> tuple[str, ...]:
    """The units that the targets or the official list name, sorted; spelled as the first of them spells it."""
    names: dict[str, str] = {}
    for target in estate.targets:
        names.setdefault(name_key(target.unit), target.unit)
    if estate.population is not None:
        for unit in estate.population.units:
            names.setdefault(name_key(unit.name), unit.name)
        for service in estate.population.services:
            names.setdefault(name_key(service.unit), service.unit)
    names.pop("", None)
    return tuple(sorted(names.values()))


def part_of(run: Run, unit: str) -> Run:
    """A run in memory with this unit's targets, observations and findings, and its part of the official list.

    What was written for the whole estate (scope, waivers, problems of the configuration, traffic) is left out: it may name
    what belongs to others. That a finding was accepted stands with the finding. Raises JournalError, AlteredError.
    """
    manifest = run.manifest
    estate = manifest.estate
    services = Services(estate.targets, estate.population, unit)
    population = services.population
    if population is not None and not (population.units or population.services):
        population = None
    own = msgspec.structs.replace(
        estate,
        targets=services.targets,
        population=population,
        scope=Scope(),
        waivers=(),
        problems=(),
        references=(),
        redirections=(),
    )
    wanted = {target.id for target in services.targets}
    journal = Journal.in_memory()
    journal.put_manifest(msgspec.json.encode(msgspec.structs.replace(manifest, estate=own)))
    unjudged = frozenset(run.journal.unjudged())
    for record in run.journal.targets():
        if record.id not in wanted:
            continue
        filed = run.journal.filed(record.id)
        stored = {digest: run.journal.stored(digest) for digest in set(filed.values())}
        journal.commit(record, filed, {digest: it for digest, it in stored.items() if it is not None})
        if record.id not in unjudged:
            journal.put_findings(record.id, run.findings(record.id))
    ending = run.ending
    if ending is not None:
        ending = Ending(ending.ended, ending.interrupted, doubts=ending.doubts, clock_jump_s=ending.clock_jump_s)
        journal.put_end(msgspec.json.encode(ending))
    return Run(journal)
