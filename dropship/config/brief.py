"""A main file without its services, for who only wants to know where the agent is.

Only services that can be left out without being understood are: from a header at the left edge to
the first closing brace there, where nothing in between could hold such a brace without its being
one. Should that brace be another block's, the service's own one is left over, and the text is
faulty: then the whole of it is to be read.
"""

from __future__ import annotations

import re
from typing import Final

_SERVICE: Final = re.compile(
    r'^service[ \t]+"[^"\n]*"[ \t]*\{[ \t\r]*\n((?:(?!\}).*\n)*)\}[ \t\r]*$', re.MULTILINE
)
# A heredoc, a long comment, a string that goes on in the next line.
_ANYTHING: Final = re.compile(r"<<|/\*|\$\{[^}\n]*$", re.MULTILINE)


def brief(text: str) -> str:
    """The text without its plain services."""
    return _SERVICE.sub(lambda one: one[0] if _ANYTHING.search(one[1]) else "", text)
