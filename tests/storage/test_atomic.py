import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import ModelFileError, OutputError
from chainrule.storage import atomic_write, check_writable, read_container, write_container


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("data", [b"new", lambda file: file.write(b"new")])
@pytest.mark.parametrize("before", [{}, {"f": b"old"}])
def test_the_file_appears_and_nothing_else(tmp_path, data, before):
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    atomic_write(tmp_path / "f", data)
    assert files(tmp_path) == {"f": b"new"}


class Syscalls:
    """Counts the calls an atomic write makes, and lets the one with number ``failing`` fail with ``code``."""

    def __init__(self, monkeypatch, failing=0, code=errno.ENOSPC):
        self.count, self.names = 0, []
        for owner, name in [
            (os, "fsync"),
            (os, "open"),
            (os, "fchmod"),
            (Path, "replace"),
            (Path, "open"),
            (Path, "stat"),
        ]:
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name), name, failing, code))

    def _counted(self, function, name, failing, code):
        def call(*args, **kwargs):
            self.tick(name, failing, code)
            result = function(*args, **kwargs)
            if function.__name__ == "open" and hasattr(result, "write"):
                return FailingFile(result, lambda n: self.tick(n, failing, code))
            return result

        return call

    def tick(self, name, failing, code):
        self.count += 1
        self.names.append(name)
        if self.count == failing:
            raise OSError(code, os.strerror(code))


class FailingFile:
    """A file of which each write, flush and close can fail."""

    def __init__(self, file, tick):
        self.file, self.tick = file, tick

    def close(self):
        if not self.file.closed:
            self.file.close()
            self.tick("close")

    def write(self, data):
        self.tick("write")
        return self.file.write(data)

    def flush(self):
        self.tick("flush")
        self.file.flush()

    def fileno(self):
        return self.file.fileno()


@pytest.fixture
def calls_of_a_save(tmp_path, monkeypatch):
    (tmp_path / "count").write_bytes(b"")
    with monkeypatch.context() as patch:
        calls = Syscalls(patch)
        write_container(tmp_path / "count", {"v": 2}, {"w": np.zeros(9)})
    (tmp_path / "count").unlink()
    return calls


def test_the_injection_sees_every_kind_of_call(calls_of_a_save):
    assert set(calls_of_a_save.names) == {"stat", "open", "fchmod", "write", "flush", "fsync", "close", "replace"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("failing", range(1, 16))
def test_whichever_call_fails_a_whole_file_is_there_and_no_other(tmp_path, monkeypatch, calls_of_a_save, failing, code):
    path = tmp_path / "m.chainrule"
    write_container(path, {"v": 1}, {"w": np.ones(9)})
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        Syscalls(patch, failing, code)
        if failing > calls_of_a_save.count:
            write_container(path, {"v": 2}, {"w": np.zeros(9)})
        else:
            with pytest.raises(OutputError, match=r"m\.chainrule'.*(untouched|written and whole)"):
                write_container(path, {"v": 2}, {"w": np.zeros(9)})
    renamed = failing > calls_of_a_save.names.index("replace") + 1
    assert read_container(path)[0] == {"v": 2 if renamed else 1}
    assert renamed or path.read_bytes() == before
    assert set(files(tmp_path)) == {"m.chainrule"}


def test_all_calls_of_a_save_were_made_to_fail(calls_of_a_save):
    assert calls_of_a_save.count < 15


ERRORS_OF_THE_BLOCK = [
    ValueError("mine"),
    KeyboardInterrupt(),
    ModelFileError("ours"),
    FileNotFoundError(errno.ENOENT, "No such file or directory", "input.csv"),
    OSError(errno.EIO, "Input/output error"),
]


@pytest.mark.parametrize("error", ERRORS_OF_THE_BLOCK, ids=repr)
def test_an_exception_of_the_block_leaves_everything_as_it_was(tmp_path, error):
    (tmp_path / "f").write_bytes(b"old")

    def fails_half_way(file):
        file.write(b"half")
        raise error

    with pytest.raises(type(error)) as raised:
        atomic_write(tmp_path / "f", fails_half_way)
    assert raised.value is error  # an input that cannot be read is not reported as an output that cannot be written
    assert files(tmp_path) == {"f": b"old"}


def test_an_exception_of_the_block_goes_through_a_device_too():
    error = OSError(errno.EIO, "Input/output error")

    def fails(_):
        raise error

    with pytest.raises(OSError, match="Input/output error") as raised:
        atomic_write("/dev/null", fails)
    assert raised.value is error


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/f", r"No such file or directory.*make the folder first"),
        ("file/f", r"Not a directory.*part of the path is a file"),
        (".", r"Is a directory.*name a file inside it"),
        ("x" * 300, r"File name too long.*choose a shorter name"),
    ],
)
def test_the_refusal_names_path_reason_and_way_out(tmp_path, name, message):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OutputError, match=f"cannot write '.*': {message}"):
        atomic_write(tmp_path / name, b"new")
    assert files(tmp_path) == {"file": b"old"}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.EACCES, "choose a folder you may write to"),
        (errno.EROFS, "this disk is read-only"),
        (errno.ENOSPC, "free some space"),
        (errno.EIO, "choose another path or disk"),
    ],
)
def test_each_reason_has_its_way_out(tmp_path, monkeypatch, code, message):
    Syscalls(monkeypatch, failing=2, code=code)
    with pytest.raises(OutputError, match=message):
        atomic_write(tmp_path / "f", b"new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        atomic_write(tmp_path / "f", b"new")


@pytest.mark.parametrize("name", ["new", "old", "link", "/dev/null"])
def test_what_can_be_written_is_found_writable_and_nothing_changes(tmp_path, name):
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to("old")
    check_writable(tmp_path / name)
    assert files(tmp_path) == {"old": b"old", "link": b"old"}


@pytest.mark.parametrize(
    ("name", "message"),
    [("no/f", "make the folder first"), (".", "name a file inside it"), ("x" * 300, "choose a shorter name")],
)
def test_what_cannot_be_written_is_known_before_the_work(tmp_path, name, message):
    with pytest.raises(OutputError, match=message):
        check_writable(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_really_full_disk_is_refused():
    with pytest.raises(OutputError, match=r"No space left on device.*free some space"):
        atomic_write("/dev/full", b"x" * 100_000)


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    real = os.fsync

    def only_files(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    atomic_write(tmp_path / "f", b"new")
    assert files(tmp_path) == {"f": b"new"}


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_new_file_has_the_mode_of_the_umask_and_an_old_one_keeps_its_own(tmp_path, umask):
    program = (
        f"import os; os.umask({umask}); from chainrule.storage import atomic_write\n"
        f"atomic_write({str(tmp_path / 'new')!r}, b''); atomic_write({str(tmp_path / 'old')!r}, b'')"
    )
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(0o640)
    subprocess.run([sys.executable, "-c", program], check=True)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o666 & ~umask
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "real")
    for content in (b"first", b"second"):
        atomic_write(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert files(tmp_path / "folder") == {"real": content}


def test_a_device_is_written_directly_and_stays_a_device():
    atomic_write("/dev/null", b"x")
    assert Path("/dev/null").is_char_device()
