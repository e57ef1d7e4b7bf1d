"""The error of the scripts that read files of other programs."""

import os


class InputError(Exception):
    """What is wrong, where, and the remedy; `status` is the exit status (sysexits)."""

    def __init__(self, place: object, problem: str, remedy: str, status: int = os.EX_DATAERR):
        super().__init__(f"{place}: {problem}. {remedy}")
        self.status = status
