import datetime as dt
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def real_table() -> Callable[[str], Path]:
    """Path of a real table, from the folder in CHAINRULE_DATA, or ../shared/data beside the repository."""
    folder = Path(os.environ.get("CHAINRULE_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"{folder / name} is not here; set CHAINRULE_DATA to the folder of the real tables")
        return folder / name

    return find


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write bytes or text to a file of the test's own folder."""

    def write_file(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def _cell(place: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


@pytest.fixture
def write_workbook(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as the first sheet of a minimal Excel workbook: the format's own XML, by hand."""

    def write_file(name: str, rows: list[list[Any]]) -> Path:
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        relations = "http://schemas.openxmlformats.org/package/2006/relationships"
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        lines = [
            f'<row r="{i}">{"".join(_cell(f"{chr(65 + j)}{i}", v) for j, v in enumerate(row))}</row>'
            for i, row in enumerate(rows, start=1)
        ]
        parts = {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}"><Relationship Id="rId1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData>'
            "</worksheet>",
        }
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, '<?xml version="1.0" encoding="UTF-8"?>' + content)
        return path

    return write_file


def _column(cells: st.SearchStrategy[Any], n_rows: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(cells, min_size=n_rows, max_size=n_rows)


@st.composite
def _tables(draw: st.DrawFn, min_rows: int = 2, max_rows: int = 12) -> pl.DataFrame:
    """Tables of every kind of column, with and without gaps; "some" always varies, and "word" holds words."""
    n = draw(st.integers(min_rows, max_rows))
    gap = st.none() if draw(st.booleans()) else st.nothing()
    extremes = st.sampled_from([0.0, 1e300, -1e300, 1.7e308, 5e-324, 1.0])
    words = st.sampled_from(["a", "b", "c", "NA", "true", "1", " x", "é"])
    columns = {
        "number": _column(st.floats(-1e6, 1e6) | extremes | gap, n),
        "count": _column(st.integers(-3, 3) | gap, n),
        "truth": _column(st.booleans() | gap, n),
        "word": _column(words | gap, n - 2).map(lambda rest: ["a", "b", *rest]),
        "day": _column(st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)) | gap, n),
        "moment": _column(st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)) | gap, n),
        "some": _column(st.integers(0, 9).map(float), n - 2).map(lambda rest: [0.25, 0.5, *rest]),
    }
    types = dict(
        zip(columns, (pl.Float64, pl.Int64, pl.Boolean, pl.String, pl.Date, pl.Datetime("us"), pl.Float64), strict=True)
    )
    return pl.DataFrame({name: draw(cells) for name, cells in columns.items()}, schema=types)


@pytest.fixture(scope="session")
def tables() -> Callable[..., st.SearchStrategy[pl.DataFrame]]:
    """Hypothesis strategy of polars tables, for ``data.draw(tables())``."""
    return _tables
