"""Every way a command can end: 0 done, 2 the user's mistake, 1 a defect of ours, 130 Ctrl-C. No traceback unasked."""

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Sequence

import typer

from chainrule.errors import ChainruleError

DONE, DEFECT, MISTAKE, INTERRUPTED = 0, 1, 2, 130

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Root of the errors in the use of options. Older typer has it in click, newer typer inside; this finds it in both."""


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What goes wrong with standard output when it is a file; other files' errors are ``OutputError`` already."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Errors are one line on standard error.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``chainrule`` on the command line.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _one_line_warning  # type: ignore[assignment]  # it takes the message alone
        try:
            code = _run(arguments)
            sys.stdout.flush()  # a full disk shows here, not when Python exits
            return code
        except KeyboardInterrupt:
            return _fail("interrupted", INTERRUPTED)
        except BrokenPipeError:  # the reader has seen enough, as in `chainrule predict … | head`
            _drop_output()
            return DONE
        except ChainruleError as error:
            return _fail(str(error), MISTAKE)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
                _drop_output()
                return _fail(
                    f"cannot write to standard output: {error.strerror}. Make room, or write elsewhere.", MISTAKE
                )
            if os.environ.get("CHAINRULE_DEBUG"):
                traceback.print_exc()
            reason = f"{type(error).__name__}: {error}"
            return _fail(
                f"this is a defect of chainrule, not a mistake of yours ({reason}). Please report it, with what is "
                "printed when the environment has CHAINRULE_DEBUG=1.",
                DEFECT,
            )


def _run(arguments: Sequence[str]) -> int:
    from chainrule.cli.app import app

    command = typer.main.get_command(app)
    try:
        with command.make_context("chainrule", list(arguments) or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    except _UsageError as error:
        where = getattr(error, "ctx", None)
        usage = f" See: {where.command_path} --help" if where is not None else ""
        message = str(getattr(error, "format_message", error.__str__)())
        message += "" if message.endswith((".", "?")) else "."
        return _fail(f"{message}{_setting_hint(arguments, getattr(error, 'option_name', None))}{usage}", MISTAKE)
    return DONE


def _setting_hint(arguments: Sequence[str], option: str | None) -> str:
    """Return how to set a parameter of the estimators that was written as an option of train."""
    if option is None or "train" not in arguments[:1]:
        return ""
    from chainrule.estimators import TableClassifier, TableRegressor

    name = option.lstrip("-").replace("-", "_")
    known = TableClassifier().get_params().keys() | TableRegressor().get_params().keys()
    return f" It is a parameter of the network: use --set {name}=VALUE." if name in known else ""


def _drop_output() -> None:
    """Send what standard output still holds nowhere: Python flushes it at exit, and would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return code


def _one_line_warning(message: Warning | str, *_: object) -> None:
    print(f"warning: {' '.join(str(message).split())}", file=sys.stderr)
