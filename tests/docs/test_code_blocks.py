"""Every block of Python in README and docs runs, and so does every command; what the docs show is what is printed.

The blocks of a page run in order, in one namespace and one empty folder, as a reader would type them. A block called
``output`` is what the block of Python before it prints; in a ``console`` block, output follows each command. After a
change that is meant, ``REFRESH_DOCS=1 pytest tests/docs`` writes what is printed now into the pages; look at the
difference.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
REFRESH = bool(os.environ.get("REFRESH_DOCS"))
COLUMNS = "88"  # what the pages were made at; rich fits its tables to it


def run_python(block, page, namespace):
    code = "\n" * (block.line - 1) + block.text  # so that a traceback names the line of the page
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(page), "exec"), namespace)
    return printed.getvalue()


def run_command(command, folder):
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": COLUMNS}
    environment.pop("FORCE_COLOR", None)
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def essence(text):
    """Return a text without what may differ between machines: digits, and the widths of tables that follow them."""
    text = re.sub(r"[─━┌┐└┘┏┓┗┛├┤┡┩┬┴┼┳┻╇│┃\s]+", " ", text)
    return re.sub(r"\d+(,\d{3})*(\.\d+)?(e[-+]?\d+)?", "#", text).strip()


def check_shown(page, before, shown, printed):
    """Compare what a page shows after the line ``before`` with what is printed, or refresh the page."""
    printed = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    if REFRESH:
        source = page.read_text(encoding="utf-8")
        assert before + shown in source
        page.write_text(source.replace(before + shown, before + printed, 1), encoding="utf-8")
    else:
        assert essence(shown) == essence(printed), f"after {before!r}"


def test_python(python_page, blocks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace, printed = {"__name__": "docs"}, ""
    for block in blocks(python_page):
        if block.language == "sh" and "chainrule sample" in block.text:
            for command in block.text.strip().splitlines():
                done = run_command(command, tmp_path)
                assert done.returncode == 0, done.stderr
        if block.language == "python":
            printed = run_python(block, python_page, namespace)
        if block.language == "output":
            check_shown(python_page, "```output\n", block.text, printed)


def commands_of(block):
    """Return the commands of a console block, each with the output shown (standard error included)."""
    commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert commands[0] == "", "a console block starts with its first command"
    return [command.partition("\n")[::2] for command in commands[1:]]


@pytest.mark.slow
def test_commands(console_page, blocks, tmp_path):
    for block in blocks(console_page):
        if block.language != "console":
            continue
        for command, shown in commands_of(block):
            done = run_command(command, tmp_path)
            mistake = shown.startswith("error:")
            assert done.returncode == (2 if mistake else 0), f"{command}: {done.stderr}"
            check_shown(console_page, f"$ {command}\n", shown, done.stderr if mistake else done.stdout)


def test_the_readme_shows_both_ways_first(root, blocks):
    first = [block for block in blocks(root / "README.md") if block.language in ("sh", "python")][:2]
    assert [block.language for block in first] == ["sh", "python"]
    assert len(first[0].text.splitlines()) == 3
    assert 8 <= len(first[1].text.splitlines()) <= 12
    for command in first[0].text.splitlines():
        assert shlex.split(command, comments=True)[0] == "chainrule"


def test_what_is_compared_is_the_output_and_not_its_numbers():
    assert essence("│ rmse │ 12.5 │\n") == essence("│ rmse │  3.125e-05 │")
    assert essence("│ rmse │ 12.5 │") != essence("│ mae │ 12.5 │")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(root, page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (root / page).read_text(encoding="utf-8"))
    assert links or page != "README.md"
    assert [link for link in links if not (root / link).exists()] == []
