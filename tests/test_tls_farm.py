"""The sweep, whole handshakes and trials at real servers, held against a table written without them: no difference.

The table is `tls_farm/truth.py`. A row whose server is not installed is skipped by name; `tls_farm/prepare.py` fetches what
no system package has (CI does, see `.ci/run`).
"""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tls_farm.compared import differences, session_differences, trial_differences
from tls_farm.row import Row
from tls_farm.servers import ADDRESS, Farm, MissingError, farm_of
from tls_farm.truth import ROWS
from tls_servers import Bench

from scanner.derive.tls_fold import swept_of
from scanner.derive.tls_sessions import sessions_of
from scanner.derive.tls_trials import trials_of
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.observation import digest, encode
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_sessions import TlsSessions as SessionsSeen
from scanner.observations.tls_trials import TlsTrials as TrialsSeen
from scanner.probes.probe import Probe, Record
from scanner.probes.tls.sessions import TlsSessions
from scanner.probes.tls.sweep import TlsSweep
from scanner.probes.tls.trials import TlsTrials
from scanner.profiles import Timeouts, load_profile

HOST = "www.farm.test"
PATIENT = Timeouts(dns_s=1, connect_s=5, tls_s=3, answer_s=3, body_s=3, exchange_s=20, target_s=300)
HASTY = Timeouts(dns_s=1, connect_s=2, tls_s=0.5, answer_s=0.5, body_s=0.5, exchange_s=20, target_s=300)
"""For servers that are silent on purpose."""


class Laboratory(Bench):
    """The real gate and clock; a probe that another one waits for is made once."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__(msgspec.structs.replace(load_profile("local"), timeouts=timeouts), connections=600)
        self.budget = type(self.budget)(self.budget.ceiling, 300.0)
        self.made: dict[Probe[Any], Record[Any]] = {}

    async def observe(self, probe: Probe[Any]) -> Record[Any]:
        if probe not in self.made:
            seen = await probe.observe(self)
            self.made[probe] = Record(seen, digest(encode(seen)))
        return self.made[probe]


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    here = tmp_path_factory.mktemp("farm")
    here.chmod(0o755)
    with farm_of(here, ROWS) as it:
        yield it


async def looked(endpoint: Endpoint, row: Row) -> tuple[TlsHellos, SessionsSeen | None, TrialsSeen | None]:
    laboratory = Laboratory(HASTY if row.stack == "faulty" else PATIENT)
    sweep = (await laboratory.observe(TlsSweep.of(endpoint, row.starttls))).observation
    if row.stack == "faulty":
        return sweep, None, None
    sessions = (await laboratory.observe(TlsSessions.of(endpoint, row.starttls))).observation
    trials = (await laboratory.observe(TlsTrials.of(endpoint, row.starttls))).observation
    return sweep, sessions, trials


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_is_seen_is_what_is_true(row: Row, farm: Farm) -> None:
    try:
        port = farm.port(row)
    except MissingError as missing:
        if os.environ.get("CI") == "true" and not missing.may_be:
            pytest.fail(f"needs {missing}, though CI=true says that everything is here", pytrace=False)
        pytest.skip(f"needs {missing}")
    endpoint = Endpoint(HOST, port, ADDRESS, Source.OPTION)
    hellos, sessions, trials = asyncio.run(looked(endpoint, row))
    stored = msgspec.json.decode(encode(hellos), type=TlsHellos)
    found = differences(row, swept_of(stored), farm.authority)
    if sessions is not None:
        found += session_differences(row, sessions_of(sessions))
    if trials is not None:
        found += trial_differences(row, trials_of(trials))
    assert not found, "\n" + "\n".join(found)


def test_the_farm_is_large() -> None:
    """Sixty configurations at least, of many programs, none named twice."""
    assert len(ROWS) >= 60
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert len({row.stack for row in ROWS}) >= 15
