"""Checks that the owner switched off: what is not asked is not known, and no fault is made up for it."""

from pathlib import Path

import faults
import pytest
from scanned import scanned, web_target

from scanner.estate import Disabled
from scanner.journal import Standing
from scanner.observations.steps import Reason


@pytest.mark.parametrize(
    ("switched_off", "standing", "reason", "detail"),
    [
        (("*",), Standing.NOT_OBSERVED, Reason.DISABLED.value, "Retired in January"),
        (("tls", "web", "uptime", "dns"), Standing.NOT_OBSERVED, Reason.DISABLED.value, "Retired in January"),
        (("tls", "web", "dns"), Standing.OBSERVED, "", ""),
    ],
)
def test_a_target_with_everything_off_is_not_observed_for_that_reason(
    tmp_path: Path, switched_off: tuple[str, ...], standing: Standing, reason: str, detail: str
) -> None:
    with faults.serving_in_thread(faults.BEHAVIOURS["answers_change_each_request+tls"]) as served:
        off = tuple(Disabled(checks, "Retired in January") for checks in switched_off)
        target = web_target("retired", port=served.port, disabled=off)
        with scanned(tmp_path, [target], hosts={"retired": served.address}) as scan:
            ((_, record),) = scan.run.targets()
    assert record is not None
    assert (record.standing, record.reason, record.detail) == (standing, reason, detail)
