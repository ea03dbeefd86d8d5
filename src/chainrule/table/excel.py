"""Excel workbooks: the first sheet, by the optional package fastexcel."""

__all__ = ["read_excel"]

from collections import Counter

import polars as pl

from chainrule.errors import TableFileError


def read_excel(path: str) -> pl.DataFrame:
    """Read the first sheet, whatever others there are, its first row as the header; types are found on all rows.

    Raises
    ------
    TableFileError
        If fastexcel is not installed, the file is no workbook, or a column has no name or one that repeats.
    """
    try:
        import fastexcel
    except ImportError as error:
        raise TableFileError(
            f"{path}: reading Excel needs the package fastexcel: pip install 'chainrule[excel]', or save it as CSV"
        ) from error
    try:
        workbook = fastexcel.read_excel(path)
        header = workbook.load_sheet(0, header_row=None, n_rows=1, dtypes="string").to_polars()
        names = [] if header.is_empty() else [str(name or "") for name in header.row(0)]
        _check_names(path, names)
        frame: pl.DataFrame = workbook.load_sheet(0, schema_sample_rows=None).to_polars()
        return frame
    except fastexcel.FastExcelError as error:
        raise TableFileError(f"{path}: cannot be read as an Excel workbook ({error})") from error


def _check_names(path: str, names: list[str]) -> None:
    if not names:
        raise TableFileError(f"{path}: the first sheet is empty; a table needs a header row and at least one row")
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise TableFileError(f"{path}: column {position} of {len(names)} has no name; name it in the first row")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise TableFileError(
            f"{path}: the column name {repeated[0]!r} appears {names.count(repeated[0])} times; "
            "give every column its own name"
        )
