"""Every parser, given what a hostile server could send: its own error or a bounded answer, nothing else."""

from random import Random

import pytest
from generated import PARSERS, inputs, mutated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_input_is_read_or_refused(name: str, data: st.DataObject) -> None:
    PARSERS[name].read(data.draw(inputs(name)))


@pytest.mark.parametrize("name", PARSERS)
def test_the_longest_inputs_end(name: str) -> None:
    """One token, again and again, behind the beginning of each seed."""
    parser = PARSERS[name]
    for seed in parser.seeds()[:1]:
        for token in parser.tokens:
            parser.read((seed + token * (parser.longest // len(token)))[: parser.longest])
            parser.read((seed[: len(seed) // 2] + token * (parser.longest // len(token)))[: parser.longest])


@pytest.mark.parametrize("name", PARSERS)
def test_inputs_depend_on_their_seed_alone(name: str) -> None:
    parser = PARSERS[name]
    seeds = parser.seeds()
    one, same, other = ([mutated(Random(seed), parser, seeds) for _ in range(3)] for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert all(len(it) <= parser.longest for it in one)
