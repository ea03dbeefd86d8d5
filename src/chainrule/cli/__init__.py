"""The ``chainrule`` command: thin, over the public API."""

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command with the arguments of this process, and exit with its code."""
    from chainrule.cli.run import run

    sys.exit(run(sys.argv[1:]))
