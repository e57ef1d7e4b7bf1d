"""What the tests of the import programs share."""

import contextlib
import io
import pathlib
import tempfile
import unittest


class ImportCase(unittest.TestCase):
    """A test with a folder of its own, in which an import writes `output`."""

    output_name = ""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.output = self.folder / self.output_name

    def outcome(self, main, arguments: list) -> tuple[int, str]:
        """The exit status of a program, and what it says on standard error."""
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            try:
                main([str(argument) for argument in arguments])
                return 0, errors.getvalue()
            except SystemExit as end:
                return end.code, errors.getvalue()
