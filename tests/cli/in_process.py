"""The command in this process: it prints and ends as in one of its own, without the second that one takes to start."""

import io
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from footfall.cli import main


def run(*arguments: str, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run `footfall` with these arguments: its status, standard output and standard error."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["footfall", *arguments]),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
    return status, output.getvalue(), errors.getvalue()
