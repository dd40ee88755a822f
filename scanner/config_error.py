"""What is wrong with a configuration, said to whoever wrote it."""

from collections.abc import Sequence


class ConfigError(ValueError):
    """What is wrong with the configuration, all of it at once: one line a problem, each with file, line and key."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
