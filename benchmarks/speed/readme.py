"""Putting the newest tables into a page, between two markers."""

BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"


def between_markers(page: str, content: str) -> str:
    """Return the page with ``content`` in place of what stands between its markers.

    Raises
    ------
    ValueError
        If the page does not have both markers, once each and in order.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"The page needs the lines {BEGIN} and {END}, once each and in this order.")
    before, after = page[: page.index(BEGIN)], page[page.index(END) :]
    return f"{before}{BEGIN}\n{content.strip()}\n{after}"
