"""The marker `system(name)`: a test that starts a program from a system package."""

import os

import pytest
from installed import program


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
