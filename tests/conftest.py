"""The marker `system(name)`: a test that starts a program from a system package; loggers and language left as found."""

import logging
import os
from collections.abc import Iterator

import hypothesis
import pytest
from installed import program

from scanner.locale.speech import language_of, speak

# How long an example takes says more of the machine than of the code; benchmarks/ is for time.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

collect_ignore = ["example_plugin"]
"""Has tests of its own, which run where it is installed: tests/test_plugins.py."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, before any fixture is made, a test whose program is missing; with CI=true fail it: the CI installs them all."""
    for marker in item.iter_markers("system"):
        for name in marker.args:
            if program(name) is None:
                missing = f"needs the program {name}, which is not installed here"
                if os.environ.get("CI") == "true":
                    pytest.fail(f"{missing}, though CI=true says that everything is", pytrace=False)
                pytest.skip(missing)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever the locale of whoever runs the tests, and whatever another test has spoken."""
    monkeypatch.setenv("LANGUAGE", "en")
    if language_of(None) != "en":
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        monkeypatch.setenv("PYTHONUTF8", "1")  # LC_ALL asks for plain C only where nothing else is said
    speak("en")
    yield
    speak("en")


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    """A test that silences a logger of ours does so for itself."""
    before = {logger.name: logger.level for logger in _our_loggers()}
    yield
    for logger in _our_loggers():
        logger.setLevel(before.get(logger.name, logging.NOTSET))


def _our_loggers() -> list[logging.Logger]:
    known = list(logging.root.manager.loggerDict.values())
    return [it for it in known if isinstance(it, logging.Logger) and it.name.startswith("pindai")]
