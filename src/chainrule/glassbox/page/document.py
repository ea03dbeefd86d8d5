"""The frame of a page: one HTML file that fetches nothing, light or dark as the reader's system is."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape

__all__ = ["document", "section"]

_STYLE = """
:root{--ink:#1f2328;--paper:#fff;--soft:#f6f8fa;--line:#d1d9e0;--dim:#59636e;--plus:#0072b2;--minus:#d55e00;
color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#161b22;--line:#3d444d;--dim:#9198a1;
--plus:#56b4e9;--minus:#f0883e}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:62rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif}
h1{font-size:1.6rem;margin:.5rem 0}
h2{font-size:1.25rem;margin:2rem 0 .5rem;border-top:1px solid var(--line);padding-top:1rem}
a{color:var(--plus)}nav a{margin-right:1rem;display:inline-block}
p.note{color:var(--dim);font-size:.9rem}
.wide{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
caption{font-weight:600;padding:.25rem 0}
th,td{padding:.15rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}
.words td{white-space:normal!important;vertical-align:top}
th{color:var(--dim);font-weight:600}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;padding:.4rem .75rem;background:var(--soft)}
summary{cursor:pointer;overflow-wrap:anywhere}
svg{display:block;min-width:34rem;width:100%;height:auto}
svg text{fill:var(--ink);font-size:11px}svg .dim{fill:var(--dim)}svg text.small{font-size:9.5px}
svg .plus{stroke:var(--plus)}svg .minus{stroke:var(--minus)}svg .odd{stroke:var(--ink);stroke-dasharray:3 3}
svg circle.plus{fill:var(--plus)}svg circle.minus{fill:var(--minus)}svg circle.odd{fill:var(--paper)}
svg .halo{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
svg .none{fill:var(--paper);stroke:var(--line)}
svg .under{fill:var(--paper);stroke:none}
svg a:hover line,svg a:focus line{stroke-width:7}
svg .axis{stroke:var(--line)}svg polyline{fill:none;stroke-width:2}
"""

# Opens the derivation that is asked for and closes the others. Without it a browser follows the link all the same.
_SCRIPT = """
function choose(){
  const wanted=document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const box=wanted&&wanted.closest("details");
  if(!box)return;
  for(const other of document.querySelectorAll("details.derivation"))other.open=other===box;
  box.scrollIntoView({block:"start"});
}
addEventListener("hashchange",choose);
addEventListener("click",e=>{const a=e.target.closest("a");
  if(a&&a.getAttribute("href")===location.hash)setTimeout(choose);});
choose();
"""

_HASH = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'"


def section(name: str, heading: str, parts: Iterable[str]) -> str:
    """Return a section with an anchor; the parts are HTML, the heading is plain text."""
    return f'<section id="{escape(name)}"><h2>{escape(heading)}</h2>{"".join(parts)}</section>'


def document(title: str, introduction: str, sections: Iterable[tuple[str, str, Iterable[str]]]) -> str:
    """Return the page.

    Parameters
    ----------
    title : str
        Plain text.
    introduction : str
        HTML.
    sections : iterable of (anchor, heading, parts)
        Heading in plain text, parts in HTML.
    """
    sections = list(sections)
    links = "".join(f'<a href="#{escape(name)}">{escape(heading)}</a>' for name, heading, _ in sections)
    body = "".join(section(*one) for one in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>{escape(title)}</h1>{introduction}<nav>{links}</nav></header>"
        f"<main>{body}</main><script>{_SCRIPT}</script></body></html>\n"
    )
