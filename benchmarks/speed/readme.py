"""Putting the newest tables into a page, between two markers."""


def markers(name: str) -> tuple[str, str]:
    """Return the lines between which a page keeps what ``name`` measured."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def between_markers(page: str, content: str, *, name: str = "speed") -> str:
    """Return the page with ``content`` in place of what stands between the markers of ``name``.

    Raises
    ------
    ValueError
        If the page does not have both markers, once each and in order.
    """
    begin, end = markers(name)
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"The page needs the lines {begin} and {end}, once each and in this order.")
    before, after = page[: page.index(begin)], page[page.index(end) :]
    return f"{before}{begin}\n{content.strip()}\n{after}"
