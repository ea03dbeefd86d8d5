"""Files that appear whole or not at all.

The bytes go to a temporary file beside the target, reach the disk (fsync), and only then take the target's name
(rename); an fsync of the folder makes the new name last. Whatever fails on the way, the file that was there before is
untouched.
"""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from chainrule.errors import OutputError

_LONGEST_NAME = 255
_WAYS_OUT = {
    errno.ENOENT: "make the folder first, or choose another one",
    errno.ENOTDIR: "part of the path is a file; choose another folder",
    errno.EISDIR: "name a file inside it",
    errno.EACCES: "choose a folder you may write to, or change its permissions",
    errno.EPERM: "choose a folder you may write to, or change its permissions",
    errno.EROFS: "this disk is read-only; choose another folder",
    errno.ENOSPC: "free some space, or choose another disk",
    errno.EDQUOT: "free some space, or choose another disk",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def atomic_write(path: str | os.PathLike[str], data: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file atomically.

    Parameters
    ----------
    path : str or path-like
        Where. A symbolic link stays a link: the file it points to is replaced. A device or a pipe is written directly.
    data : bytes or callable
        The content, or a function that writes it to the open binary file it is given.

    Raises
    ------
    OutputError
        If the file cannot be written. What was there before is untouched.
    """
    with atomic_file(path) as file:
        if callable(data):
            data(file)
        else:
            file.write(data)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check that :func:`atomic_write` could write here, so that it is known before the work. Leaves nothing behind.

    Raises
    ------
    OutputError
        As :func:`atomic_write` would.
    """
    target = Path(os.path.realpath(path))
    with _refusing(path):
        if target.is_file() or not target.exists():
            temporary = _temporary(target)
            temporary.open("xb").close()
            temporary.unlink()
        else:
            target.open("wb").close()


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes its place at ``path`` when the block ends without an exception.

    If the block raises (an interrupt included), the temporary file is removed and ``path`` is as before. What the block
    raises for reasons of its own, an ``OSError`` of another file included, goes through as it is.

    Raises
    ------
    OutputError
        If the file cannot be opened, written, brought to the disk or renamed.
    """
    target = Path(os.path.realpath(path))
    with _refusing(path):
        mode = _mode_of(target)
        replaces = mode is None or stat.S_ISREG(mode)  # a device or a pipe: nothing to keep whole; a folder fails here
        place = _temporary(target) if replaces else target
        file = place.open("xb" if replaces else "wb")
    try:
        if replaces and mode is not None and os.name == "posix":
            with _refusing(path):
                os.fchmod(file.fileno(), stat.S_IMODE(mode))  # a private file stays private
        yield cast(BinaryIO, _RefusingFile(file, path))
        with _refusing(path):
            _finish(file, replaces=replaces)
            if replaces:
                place.replace(target)
    except BaseException:
        with suppress(OSError):
            file.close()
        if replaces:
            with suppress(OSError):
                place.unlink()
        raise
    if replaces:
        _sync_folder(target)


class _RefusingFile:
    """An open file whose own failures are OutputErrors, so that no other failure of the block is taken for one."""

    def __init__(self, file: BinaryIO, path: str | os.PathLike[str]) -> None:
        self._file, self._path = file, path

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._file, name)
        return _refusing(self._path)(attribute) if callable(attribute) else attribute


@contextmanager
def _refusing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let an OSError be the OutputError of this path."""
    try:
        yield
    except OSError as error:
        raise OutputError(_refusal(path, error)) from error


def _finish(file: BinaryIO, *, replaces: bool) -> None:
    """Bring all bytes to the disk, where there is one, and close."""
    file.flush()
    if replaces:
        os.fsync(file.fileno())
    file.close()


def _temporary(target: Path) -> Path:
    """Return a name beside the target: a rename is atomic within one file system only."""
    if len(os.fsencode(target.name)) > _LONGEST_NAME:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    return target.with_name(f"{_temporary_prefix(target)}{secrets.token_hex(8)}.tmp")


def _temporary_prefix(target: Path) -> str:
    """Return how temporary files of a target begin: a hash, since the name itself may be too long to add to."""
    return f".chainrule-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}-"


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove the temporary files that killed writers of this path have left; for a path with one writer at a time."""
    target = Path(os.path.realpath(path))
    for leftover in target.parent.glob(f"{_temporary_prefix(target)}*.tmp"):
        with suppress(OSError):
            leftover.unlink()


def _mode_of(target: Path) -> int | None:
    """Return the mode bits of what is at ``target`` now, or None if there is nothing."""
    try:
        return target.stat().st_mode
    except FileNotFoundError:
        return None


def _sync_folder(target: Path) -> None:
    """Make the rename last. The new file is whole already, so a failure here is another message than a failed write."""
    if os.name != "posix":
        return  # Windows has no handle on a folder to sync
    try:
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOTSUP, errno.EACCES}:
            return  # some network and container file systems cannot sync a folder, and one may write but not read it
        raise OutputError(
            f"'{target}' is written and whole, but its folder could not be brought to the disk "
            f"({error.strerror or error}); it may be lost in a power failure. Check the disk and save again."
        ) from error


def _refusal(path: str | os.PathLike[str], error: OSError) -> str:
    way_out = _WAYS_OUT.get(error.errno or 0, "choose another path or disk")
    return (
        f"cannot write '{os.fspath(path)}': {error.strerror or error}. What was there before is untouched; {way_out}."
    )
