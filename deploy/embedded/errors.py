"""What the world can refuse while the stack starts, said to the person who can mend it."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `up`, `down` and `status`. 2 is left to the command line parser."""

    OK = 0
    FAILED = 1  # could not start; nothing of it is left running
    ALREADY_RUNNING = 3  # `up`: the stack of this home directory runs
    NOT_RUNNING = 4  # `status`, `down`: nothing of this home directory runs
    DEGRADED = 5  # `status`: it runs, and a component of it does not


class StartError(Exception):
    """A start that cannot go on: what we saw and expected, and what to do. Shown without a traceback."""

    def __init__(self, problem: str, remedy: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy
        self.code = code
