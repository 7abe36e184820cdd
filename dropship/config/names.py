"""Names in ``env {}`` and ``headers {}``: what can be one, and that none is there twice."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Final

from dropship.config.report import Report
from dropship.config.scalar import FaultError
from dropship.core.option import fold
from dropship.hcl.ast import ObjectValue, StringValue
from dropship.hcl.diagnostics import Related

# RFC 9110, 5.6.2: a token.
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def check(key: str, value: ObjectValue, report: Report) -> None:
    """Look at the names of a block of strings.

    Raises:
        FaultError: One of them can be no name.
    """
    headers = fold(key) == "headers"
    for item in value.items:
        name, content = item.keys[0], item.value
        sound = _HEADER.fullmatch(name.text) if headers else name.text and "=" not in name.text
        if not sound:
            what = "header" if headers else "variable"
            message = f'"{name.text}" cannot be the name of a {what}'
            raise FaultError(message, name.span, shown=True)
        if headers and isinstance(content, StringValue) and re.search(r"[\r\n]", content.text):
            raise FaultError("a header is one line", content.span, shown=True)
    for first, second in combinations(value.items, 2):
        one, two = first.keys[0].text, second.keys[0].text
        if one == two or (headers and one.casefold() == two.casefold()):
            report.warning(
                "W207",
                f"{two} is written twice; the last one counts",
                second.span,
                suggestion="remove one of the two",
                related=(Related("the other one is here", first.span),),
            )
