"""The code blocks of README and docs, as a reader sees them."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block: its language, its text, and the line of the page it starts in (as an editor counts)."""

    language: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the code blocks of a Markdown page in order."""
    source = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2], source.count("\n", 0, m.start(2)) + 1) for m in _BLOCK.finditer(source)]


@pytest.fixture
def blocks():
    return blocks_of


@pytest.fixture(scope="session")
def root():
    return ROOT


def pytest_generate_tests(metafunc):
    """Give every page with code of a kind to the test that asks for it."""
    for fixture, languages in (("python_page", {"python"}), ("console_page", {"console"})):
        if fixture in metafunc.fixturenames:
            pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
            asked = [page for page in pages if languages & {block.language for block in blocks_of(page)}]
            metafunc.parametrize(fixture, asked, ids=lambda page: str(page.relative_to(ROOT)))
