"""The codes of the language's diagnostics, and what each is about in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

UNEXPECTED = "E101"
UNTERMINATED_STRING = "E102"
UNCLOSED = "E103"
STRAY_CLOSER = "E104"
NO_VALUE = "E105"
LABELS_AND_EQUALS = "E106"
BARE_VALUE = "E107"
BAD_ESCAPE = "E108"
BAD_NUMBER = "E109"
UNTERMINATED_HEREDOC = "E110"
BAD_HEREDOC = "E111"
UNTERMINATED_COMMENT = "E112"
MISSING_COMMA = "E113"
COLON_FOR_EQUALS = "E114"
SINGLE_QUOTES = "E115"
NOT_TEXT = "E116"
BAD_CALL = "E117"
TOO_DEEP = "E118"
BLOCK_AFTER_VALUE = "E119"
JSON_COMMENT = "E120"
UNSET = "E121"
UNREADABLE = "E122"
TOO_MANY = "E199"
NUMBER_THEN_UNIT = "W101"
AFTER_JSON = "W102"

CODES: Mapping[str, str] = MappingProxyType(
    {
        UNEXPECTED: "something that cannot stand here",
        UNTERMINATED_STRING: "a string that does not end on its line",
        UNCLOSED: "a brace, bracket or parenthesis that is never closed",
        STRAY_CLOSER: "a closing brace or bracket that nothing opened",
        NO_VALUE: "a key without a value",
        LABELS_AND_EQUALS: "more than one key in front of an equals sign",
        BARE_VALUE: "a value without quotes",
        BAD_ESCAPE: "an escape that does not exist",
        BAD_NUMBER: "a number with something behind it that belongs to no number",
        UNTERMINATED_HEREDOC: "a heredoc that is never ended",
        BAD_HEREDOC: "a heredoc that does not start right",
        UNTERMINATED_COMMENT: "a comment that is never closed",
        MISSING_COMMA: "no comma between two elements of a list",
        COLON_FOR_EQUALS: "a colon where an equals sign belongs",
        SINGLE_QUOTES: "a string in single quotes",
        NOT_TEXT: "bytes that are not UTF-8 text",
        BAD_CALL: "env() or file() called wrongly",
        TOO_DEEP: "blocks and lists nested too deeply",
        BLOCK_AFTER_VALUE: "a block behind a value",
        JSON_COMMENT: "a comment in a JSON file",
        UNSET: "a variable that is not set, in env()",
        UNREADABLE: "a file that cannot be read, in file()",
        TOO_MANY: "so many faults that reading stopped",
        NUMBER_THEN_UNIT: "a unit that is apart from its number",
        AFTER_JSON: "text behind the end of a JSON document",
    }
)
