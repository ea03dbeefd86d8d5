from html.parser import HTMLParser

import pytest

VOID = {"meta", "br"}


class Page(HTMLParser):
    """Reads a page as a browser would: what it fetches, links to, marks with ids, and says."""

    def __init__(self, source):
        super().__init__()
        self.open, self.fetched, self.links, self.ids, self.words = [], [], [], [], []
        self.headings, self.policy, self.script = [], None, ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.fetched += [value for name, value in attrs if name in {"src", "srcset", "data", "action"}]
        self.fetched += [value for name, value in attrs if name == "href" and not value.startswith("#")]
        self.links += [value[1:] for name, value in attrs if name == "href" and value.startswith("#")]
        self.ids += [given["id"]] if "id" in given else []
        self.policy = given["content"] if given.get("http-equiv") == "Content-Security-Policy" else self.policy
        assert not [name for name in given if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
        if self.open and self.open[-1] == "script":
            self.script += data
        elif "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)


@pytest.fixture
def read():
    return Page
