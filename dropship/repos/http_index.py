"""Index pages: what stands in a folder of a web server, as its own page of the folder says.

HTML as nginx, Apache, lighttpd, Caddy, Artifactory, Nexus, Python and many more write it: whatever
is linked and lies in that very folder, be the link relative, a path or a whole URL. JSON as nginx
(``autoindex_format json``) and Caddy have it: a list of objects with a ``name`` each.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

ACCEPT: Final = "text/html, application/json;q=0.9, */*;q=0.1"
"""What to ask for; Caddy takes any mention of JSON for a wish."""

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_LONGEST_NAME: Final = 1024
# The parser looks at what it could not finish again with every piece.
_LONGEST_TAG: Final = 128 << 10
_SAFE: Final = "!$&'()*+,;=~@:"  # RFC 3986, 3.3: what a step of a path may hold as it is


def readable(content_type: str) -> bool:
    """Whether it is a kind of page that is understood; with or without parameters."""
    return _kind(content_type) in _HTML or _is_json(content_type)


def children(page: str, content_type: str, pieces: Iterable[bytes]) -> Iterator[str]:
    """The names of what lies in the folder ``page``, folders with a slash; decoded, some twice.

    ``page``: the URL that the page came from in the end, without a login.

    Raises:
        ValueError: It is no page of that kind, though called so.
    """
    if _is_json(content_type):
        return _of_json(b"".join(pieces))
    return _of_html(page, pieces)


def in_a_path(name: str) -> str:
    """A name as the ``path`` of an artifact has it: what looks encoded is not."""
    return name.replace("%", "%25")


def in_a_url(name: str) -> str:
    """A name as a URL has it."""
    return quote(name.rstrip("/"), safe=_SAFE) + ("/" if name.endswith("/") else "")


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_json(content_type: str) -> bool:
    return _kind(content_type) in {"application/json", "text/json"}


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _of_html(page: str, pieces: Iterable[bytes]) -> Iterator[str]:
    here = urlsplit(page)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    links, last = _Links(), ""
    for piece in pieces:
        links.feed(decoder.decode(piece))
        if len(links.rawdata) > _LONGEST_TAG:
            raise ValueError("something in it does not end")
        found, links.found = links.found, []
        for link in found:
            name = _child(page, here, link)
            if name and name != last:  # an icon beside it is linked too
                last = name
                yield name


def _child(page: str, here: SplitResult, link: str) -> str:
    """The name of what a link leads to; empty where that is not in the folder itself."""
    try:
        there = urlsplit(urljoin(page, link.strip()))
        same = (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
    except ValueError:
        return ""
    steps = [unquote(step) for step in there.path.split("/")]
    folder = [unquote(step) for step in here.path.split("/")[:-1]]
    name, *rest = steps[len(folder) :] or [""]
    if not same or there.query or steps[: len(folder)] != folder or rest not in ([], [""]):
        return ""
    return (name + "/" if rest else name) if _usable(name) else ""


def _of_json(text: bytes) -> Iterator[str]:
    try:
        read = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(read, list):
        raise ValueError("it is no list")  # noqa: TRY004 - a ValueError as for all that is no index
    for one in read:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str):
            raise ValueError("it has something without a name in it")  # noqa: TRY004 - as above
        bare = name.removesuffix("/")
        if _usable(bare):
            yield bare + "/" if _is_folder(one) else bare


def _is_folder(one: dict[str, Any]) -> bool:
    return bool(one.get("is_dir")) or one.get("type") == "directory" or one["name"].endswith("/")


def _usable(name: str) -> bool:
    odd = name in {"", ".", ".."} or "/" in name or len(name) > _LONGEST_NAME
    return not odd and name.isprintable() and "\N{REPLACEMENT CHARACTER}" not in name
