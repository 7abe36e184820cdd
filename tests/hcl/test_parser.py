"""The language, from a text to what it says: HCL as version 1 reads it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dropship.hcl.ast import (
    BoolValue,
    CallValue,
    File,
    Key,
    ListValue,
    NullValue,
    NumberValue,
    ObjectValue,
    Source,
    StringValue,
)
from dropship.hcl.decode import Decoder
from dropship.hcl.diagnostics import Diagnostic, Severity, draw
from dropship.hcl.parser import parse


def plain(text: str) -> dict[str, Any]:
    """What a valid text says, in version 1's shape."""
    parsed = parse(Source("test.hcl", text))
    assert parsed.diagnostics == ()
    return Decoder({}, str).object(parsed.file.body)


def tree(text: str) -> File:
    """The tree of a valid text."""
    parsed = parse(Source("test.hcl", text))
    assert parsed.diagnostics == ()
    return parsed.file


def faults(text: str) -> list[tuple[str, str]]:
    """Code and pointed-at text of every diagnostic."""
    return [(one.code, pointed(one)) for one in parse(Source("test.hcl", text)).diagnostics]


def pointed(diagnostic: Diagnostic) -> str:
    """The text under the caret."""
    span = diagnostic.span
    assert span is not None
    return span.source.text[span.start : span.end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a = 1 b = 2", {"a": 1, "b": 2}),
        ("a\n=\n1", {"a": 1}),
        ("a = 1, b = 2,", {"a": 1, "b": 2}),
        ("foo\n{\n}", {"foo": [{}]}),
        ("foo {}", {"foo": [{}]}),
        ("foo = {}", {"foo": [{}]}),
        ('foo "a" b "c" { x = 1 }', {"foo": [{"a": [{"b": [{"c": [{"x": 1}]}]}]}]}),
        ('"foo bar" = 1', {"foo bar": 1}),
        ("foo-bar.baz = 1", {"foo-bar.baz": 1}),
        ("größe = 1", {"größe": 1}),
        ("truely = true, false-ish = false", {"truely": True, "false-ish": False}),
        (
            "TRUE = true, _ = 1, a. = 2, a- = 3, a٣ = 4",
            {"TRUE": True, "_": 1, "a.": 2, "a-": 3, "a٣": 4},
        ),
        ('"" = 1, "true" = 2, "${x}" = 3, "a²" = 4', {"": 1, "true": 2, "${x}": 3, "a²": 4}),
        (
            '"a"="b""c"="d"e=true"f"{}g=[]"h"=1',
            {"a": "b", "c": "d", "e": True, "f": [{}], "g": [], "h": 1},
        ),
        ('a=1"b"=2', {"a": 1, "b": 2}),
        ("a # x\n= // y\n1 /* z */ b /* = */ { # }\n}", {"a": 1, "b": [{}]}),
        ("a = 1 a = 2", {"a": 2}),
        ("a { x = 1 } a { y = 2 }", {"a": [{"x": 1}, {"y": 2}]}),
        ("a = { x = 1, y = 2 }", {"a": [{"x": 1, "y": 2}]}),
        ("# x\n// y\n/* z /* */ a = 1 # b = 2", {"a": 1}),
        ("/**/ a = 1 /***/", {"a": 1}),
        ("\ufeffa = 1", {"a": 1}),
        ("a = 1\r\nb = 2\r\n", {"a": 1, "b": 2}),
        ('A "x" {} a "y" {}', {"A": [{"x": [{}]}, {"y": [{}]}], "a": [{"x": [{}]}, {"y": [{}]}]}),
    ],
)
def test_items_are_read_as_version_one_does(text: str, expected: dict[str, Any]) -> None:
    """Newlines mean nothing, one comma may follow an item, labels nest."""
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        ("[,]", []),
        ('[1, "a", true,]', [1, "a", True]),
        ("[,,1,,2,]", [1, 2]),
        ('[["a"] ["b"] "c"]', [["a"], ["b"], "c"]),
        ("[{a = 1}, {b = {}}]", [{"a": 1}, {"b": [{}]}]),
        ("[<<X\nt\nX\n, 2]", ["t\n", 2]),
        ("[ # one\n1, // two\n2 ]", [1, 2]),
        ('[[1]"a"]', [[1], "a"]),
        ("[[1]{a = 2}, [[]]]", [[1], {"a": 2}, [[]]]),
        ('["${b{}}", ["${b{}}"]"${c{}}"]', ["${b{}}", ["${b{}}"], "${c{}}"]),
    ],
)
def test_lists_take_version_ones_commas(text: str, expected: list[Any]) -> None:
    """Any number of commas, and none needed behind a list in a list."""
    assert plain(f"a = {text}") == {"a": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\101\x41\u0041\U00000041"', "AAAA"),
        (r'"\xc3\xa9\303\251"', "éé"),
        (r'"\xff\xe2\x82"', "\ufffd\ufffd\ufffd"),
        (r'"\ud800"', "\ufffd"),
        (r'"\ud83d\ude80"', "\ufffd\ufffd"),
        (r'"\U0000d800"', "\ufffd"),
        (r'"\r\n"', "\r\n"),
        (r'"\x24{a}\\"', r"${a}" + "\\"),
        (r'"${\400\ud800\U00110000\"}"', r"${\400\ud800\U00110000\"}"),
        (r'"$${a}$${{\n}}\n"', "$${a}$${{\\n}}\n"),
        ('"${\r\n\r}\\r\\n\r"', "${\n\r}\r\n\r"),
        (r'"\U0001F680"', "🚀"),
        ('"a$b$$c$"', "a$b$$c$"),
        ('"${a} ${b}"', "${a} ${b}"),
        ('"${file("x")}"', '${file("x")}'),
        (r'"\n${a\n}\n"', "\n${a\\n}\n"),
        ('"${a {b {c}} d} }"', "${a {b {c}} d} }"),
        ('"${a { # no comment\n}} ${x{}} end"', "${a { # no comment\n}} ${x{}} end"),
        ('"${a\r\nb}"', "${a\nb}"),
        ('"${{{{{}}}}}"', "${{{{{}}}}}"),
        ('"{{.Name}} %{if}"', "{{.Name}} %{if}"),
        ('"# no comment // nor this /* or this"', "# no comment // nor this /* or this"),
        ('"\t"', "\t"),
        ('""', ""),
    ],
)
def test_strings_keep_templates_and_take_escapes(text: str, expected: str) -> None:
    """Escapes count outside of ``${…}``; templates stay as they are written."""
    assert plain(f"a = {text}") == {"a": expected}


def test_deep_template_can_be_a_label() -> None:
    """A key may be any string."""
    assert plain('a "${x{y{z}}}" { "${p{q{r}}}" = 1 }') == {
        "a": [{"${x{y{z}}}": [{"${p{q{r}}}": 1}]}]
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<X\nX\n", ""),
        ("<<X\na\n  b\nX\n", "a\n  b\n"),
        ("<<X\na\n  X\n", "a\n  "),
        ("<<X\n X X\nXX\nX\n", " X X\nXX\n"),
        ("<<X\na\nX", "a\n"),
        ("<<X\r\na\r\nX\r\n", "a\n"),
        ("<<-X\n    a\n      b\n    X\n", "a\n  b\n"),
        ("<<-X\n  a\n    b\n      X\n", "  a\n    b\n"),
        ("<<-X\n  a\n\n  X\n", "  a\n\n"),
        ("<<-X\n\ta\n\tX\n", "a\n"),
        ("<<-X\na\nX\n", "a\n"),
        ("<<-X\na\nX", "a\n"),
        ("<<1_é\na\n1_é\n", "a\n"),
        ('<<X\n"${ # \\q {\nX\n', '"${ # \\q {\n'),
        ("<<X\na\n\f X\n", "a\n\f "),
        ("<<-X\n\v a\n\v X\n", "a\n"),
        ("<<-X\na\n\v\f X\n", "a\n\v\f"),
        ("<<X\nX }\nx\nX\n", "X }\nx\n"),
        ("<<X\r\r\na\r\r\nX\r\r\n", "a\r\n"),
        ("<<-X\r\r\n a\r\r\n X\r\r\n", "a\r\n"),
    ],
)
def test_heredocs_follow_version_ones_indentation(text: str, expected: str) -> None:
    """``<<-`` takes the terminator's indentation off if every line has it."""
    assert plain(f"a = {text}") == {"a": expected}
    assert plain(f"a = {text}\nb = 1") == {"a": expected, "b": 1} or not text.endswith("\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0), ("-12", -12), ("0755", 493), ("0x1F", 31), ("-0Xff", -255), ("00", 0),
        ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("1.e3", 1000.0),
        ("1E+3", 1000.0), ("0e1", 0.0), ("-1.5e-1", -0.15), ("08.5", 8.5),
        ("0189.5", 189.5), ("08e1", 80.0), ("1e-999", 0.0),
        ("9223372036854775807", 2**63 - 1), ("9223372036854775808", "9223372036854775808"),
        ("-9223372036854775808", -(2**63)), ("1e999", "1e999"),
    ],
)  # fmt: skip
def test_numbers_have_their_value(text: str, expected: float | str) -> None:
    """What 64 bits cannot hold comes as its text."""
    found = plain(f"a = {text}")["a"]
    assert found == expected
    assert type(found) is type(expected)


def test_number_keeps_its_text() -> None:
    """A file mode is written as a number and meant as a string."""
    value = tree("mode = 0755").body.items[0].value
    assert isinstance(value, NumberValue)
    assert value.text == "0755"


def test_very_long_number_is_infinite() -> None:
    """Nobody means it, and nothing breaks over it."""
    value = tree(f"a = -{'9' * 5000}").body.items[0].value
    assert isinstance(value, NumberValue)
    assert value.value == -math.inf


@pytest.mark.parametrize(
    ("text", "expected"), [("0" * 5000, 0), (f"-0x{'0' * 5000}f", -15), (f"0.{'1' * 5000}", 0.1)]
)
def test_long_number_is_exact_where_it_can_be(text: str, expected: float) -> None:
    """Length alone makes no number large."""
    assert plain(f"a = {text}")["a"] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    "number",
    [
        "10s",
        "1_000",
        "0b1",
        "0x",
        "09",
        "0159",
        "1e",
        "1e+",
        "5%",
        "10.0.0.1",
        "1.5x",
        "0x1g",
        "7é",
    ],
)
def test_number_with_a_tail_is_refused(number: str) -> None:
    """The tail would be read as the next block's name."""
    text = f'a = {number}\nservice "b" {{}}'
    assert faults(text) == [("E109", number)]
    assert [item.keys[0].text for item in parse(Source("x", text)).file.body.items] == [
        "a",
        "service",
    ]


@pytest.mark.parametrize(
    ("number", "meant"), [("-.5", "-0.5"), (".5e3", "0.5e3"), ("-.5e-3", "-0.5e-3")]
)
@pytest.mark.parametrize("form", ["a = %s", '{"a": %s}'])
def test_number_that_starts_with_its_point_has_neither_sign_nor_exponent(
    form: str, number: str, meant: str
) -> None:
    """So it is in version 1, that knows .5 all the same."""
    fault, *others = parse(Source("x", form % number)).diagnostics
    assert (fault.code, pointed(fault), fault.suggestion) == ("E109", number, f"write {meant}")
    assert not others
    assert faults(form % meant) == []
    assert faults(form % ".5") == []


@pytest.mark.parametrize("unit", ["s", "ms", "MB", "minutes"])
def test_unit_apart_from_its_number_is_warned_of(unit: str) -> None:
    """Version 1 reads it as the next item's name, and so do we."""
    text = f'a = 10 {unit}\nservice "b" {{}}'
    parsed = parse(Source("x", text))
    assert [(one.code, one.severity) for one in parsed.diagnostics] == [("W101", Severity.WARNING)]
    assert [key.text for key in parsed.file.body.items[1].keys] == [unit, "service", "b"]


@pytest.mark.parametrize(
    "text", ["a = 10 b = 2", "a = 10 s = 2", "a = 10\ns {}", "a = 10 smart {}"]
)
def test_item_behind_a_number_is_no_unit(text: str) -> None:
    """Several attributes may share a line."""
    assert faults(text) == []


def test_calls_are_kept_for_later() -> None:
    """Whoever needs a secret asks for it; the parser does not."""
    body = tree('a = env("A") b = env ( "B" , "x", ) c = [file("/p")]'.replace(", )", " )")).body
    first, second, third = (item.value for item in body.items)
    assert isinstance(first, CallValue)
    assert (first.function, [one.text for one in first.arguments]) == ("env", ["A"])
    assert isinstance(second, CallValue)
    assert [one.text for one in second.arguments] == ["B", "x"]
    assert isinstance(third, ListValue)
    call = third.elements[0]
    assert isinstance(call, CallValue)
    assert call.function == "file"


def test_env_is_still_a_key() -> None:
    """``env {}`` is a block of the script hook."""
    assert plain('env { A = "x" } file = "y"') == {"env": [{"A": "x"}], "file": "y"}


@pytest.mark.parametrize(
    "call", ['env("a", "b", "c")', 'file("a", "b")', "env()", "file( )", "env(A)", 'exec("x")']
)
def test_wrong_call_is_one_fault(call: str) -> None:
    """Wrong names, arguments and numbers of them are told; the next item is read."""
    text = f"a = {call}\nb = 1"
    assert [code for code, _ in faults(text)] == ["E117"]
    assert [item.keys[0].text for item in parse(Source("x", text)).file.body.items] == ["a", "b"]


def test_spans_are_those_of_the_text() -> None:
    """Every node knows its own place, without the white space around it."""
    text = 'é "ö" {\r\n  a = "x" , b=[1 , true ]\n  c = { }\n  d = <<X\nt\n X\n} # end\r\n'
    file = tree(text)
    block = file.body.items[0]
    found = [text[key.span.start : key.span.end] for key in block.keys]
    assert found == ["é", '"ö"']
    assert text[block.span.start : block.span.end] == 'é "ö"'
    assert isinstance(block.value, ObjectValue)
    values = [item.value for item in block.value.items]
    assert [text[value.span.start : value.span.end] for value in values] == [
        '"x"', "[1 , true ]", "{ }", "<<X\nt\n X",
    ]  # fmt: skip
    elements = values[1]
    assert isinstance(elements, ListValue)
    assert [text[one.span.start : one.span.end] for one in elements.elements] == ["1", "true"]
    assert text[block.value.span.start :].startswith("{\r\n")
    assert text[: block.value.span.end].endswith("}")
    assert (values[0].span.line, values[0].span.column) == (2, 7)
    assert (values[0].span.end_line, values[0].span.end_column) == (2, 10)


def test_byte_order_mark_is_in_no_column() -> None:
    """Whoever looks for the place in an editor does not see it."""
    text = "\ufeffa = b\nc = d\n"
    body = tree(text.replace("b", "1").replace("d", "2")).body
    keys = [item.keys[0].span for item in body.items]
    assert [(span.line, span.column, span.end_column) for span in keys] == [(1, 1, 2), (2, 1, 2)]
    first, second = parse(Source("x", text)).diagnostics
    assert draw(first).splitlines()[:3] == [
        "x:1:5: error E107: b is not in quotes", " 1 | a = b", "   |     ^",
    ]  # fmt: skip
    assert second.where == "x:2:5"
    twice = parse(Source("x", f"\ufeff{text}")).diagnostics[0]
    assert (twice.where, pointed(twice)) == ("x:1:1", "\ufeff")


def test_keys_know_whether_they_are_quoted() -> None:
    """The formatter writes them so."""
    keys = tree('a "b" {}').body.items[0].keys
    assert [(key.text, key.quoted) for key in keys] == [("a", False), ("b", True)]


def test_every_comment_is_kept() -> None:
    """Wherever it stands, markers included, CRLF as LF."""
    text = "# a\r\nx /* b\r\n */ = /* c */ [ // d\n1, # e\n] #\n/* f */"
    file = tree(text)
    assert [comment.text for comment in file.comments] == [
        "# a", "/* b\n */", "/* c */", "// d", "# e", "#", "/* f */",
    ]  # fmt: skip
    first = file.comments[0].span
    assert text[first.start : first.end] == "# a"


def test_comments_of_faulty_texts_are_kept_once() -> None:
    """Recovery may look at a line twice."""
    parsed = parse(Source("x", "# a\nfoo # b\nbar = 1 # c\n}\n# d\n"))
    assert [comment.text for comment in parsed.file.comments] == ["# a", "# b", "# c", "# d"]


def test_broken_value_keeps_its_key() -> None:
    """So that nobody reports the key as missing, or its guessed value as wrong."""
    text = "a = foo\nb =\nc = 10s\nd = [1, !]\ne = 'x'\nf = env(X)\ng"
    items = parse(Source("x", text)).file.body.items
    assert [item.keys[0].text for item in items] == list("abcdefg")
    for item in items:
        assert isinstance(item.value, StringValue)
        assert item.value.broken


def test_valid_value_is_not_broken() -> None:
    """The mark is for faults only."""
    value = tree('a = "x"').body.items[0].value
    assert isinstance(value, StringValue)
    assert not value.broken


@pytest.mark.parametrize(
    ("text", "pointed_at"),
    [
        ("a² = 1", "²"),
        ("Ⅷ {}", "Ⅷ"),
        ("a ½b {}", "½"),
        ("a = <<-E²\nx\n E²\n", "²"),
    ],
)
def test_number_signs_are_no_letters(text: str, pointed_at: str) -> None:
    """Names are made of letters and decimal digits, of any script."""
    assert faults(text) == [("E101", pointed_at)]


@pytest.mark.parametrize("escape", [r"\400", r"\U00110000", r"\UFFFFFFFF", r"\U80000041"])
def test_escape_of_no_character_is_refused(escape: str) -> None:
    """Version 1 panics over the first two, and makes a wild byte of the others."""
    assert faults(f'a = "{escape}"') == [("E108", escape[:2])]


@pytest.mark.parametrize("escape", [r"\q", r"\x4", r"\u004", r"\U0000004", r"\08", r"\}", r"\'"])
def test_escape_in_a_template_has_to_look_like_one(escape: str) -> None:
    """Though it stays as it is written."""
    assert faults(f'a = "${{{escape}}}"') == [("E108", escape[:2])]


@pytest.mark.parametrize(
    "text",
    [
        "a =", "a = # x", "a { b = } }", "a { b = [1 } }", "a { b = 1 c = } }", "a = 1,,",
        ", a = 1", "a { , }", "true = 1", "a = TRUE", "a = - 1", "a = +1", "a b = {}", "1 {}",
        "a = [1 2]", "a = [{} {}]", "a = <<X Y\nX Y\n", "a = <<\nx\n", "a = << X\nX\n",
        "a = 1 / b", "/* a", "a = '1'", "a = 1;", "\va = 1", "\xa0a = 1", "a\ufeff = 1",
    ],
)  # fmt: skip
def test_what_version_one_refuses_or_loses_is_refused(text: str) -> None:
    """It drops a key without a value in front of the text's end, or of one brace too many."""
    assert faults(text) != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", {}),
        (' \n\ufeff{"a": 1}'[2:], {"a": 1}),
        ('{"a": [1, true, null, [2], "x"]}', {"a": [1, True, "", [2], "x"]}),
        ('{"a": null}', {"a": ""}),
        ('{"a": {"b": 1}}', {"a": [{"b": 1}]}),
        ('{"a": {"b": {"c": 1}, "d": {}}}', {"a": [{"b": [{"c": 1}]}, {"d": [{}]}]}),
        ('{"a": [{"b": 1}, {"b": 2}]}', {"a": [{"b": 1}, {"b": 2}]}),
        ('{"a": [{"b": {"c": 1}}]}', {"a": [{"b": [{"c": 1}]}]}),
        ('{"a": [{"b": 1}, 2]}', {"a": [{"b": 1}, 2]}),
        ('{"a": [], "b": [[{"c": {"d": {"e": 1}}}]]}',
         {"a": [], "b": [[{"c": [{"d": [{"e": 1}]}]}]]}),
        ('{"a": 1, "a": 2,}', {"a": 2}),
        ('{"a" "b": {"c": -1.5e3}}', {"a": [{"b": [{"c": -1500.0}]}]}),
        ('{"a" "b": 1, "c" "d": [2], "e" "f" "g": null}',
         {"a": [{"b": 1}], "c": [{"d": [2]}], "e": [{"f": [{"g": ""}]}]}),
        ('{"a": "\ue123", "b": [1 "x"], "c": 00.5, "d": -0}',
         {"a": "\ue123", "b": [1, "x"], "c": 0.5, "d": 0}),
        (r'{"a": "\a\v\x41\101\u0000"}', {"a": "\a\vAA\0"}),
        (r'{"a": "\u00e9\ud83d\ude80\/\n${\"x\"} # y"}', {"a": 'é🚀/\n${"x"} # y'}),
    ],
)  # fmt: skip
def test_json_is_read_where_the_text_starts_with_a_brace(
    text: str, expected: dict[str, Any]
) -> None:
    """Objects of objects are blocks with labels, lists of objects repeated blocks."""
    assert plain(text) == expected


def test_json_has_places_too() -> None:
    """A diagnostic in a JSON file points somewhere."""
    text = '{\n  "a": {"b": {"c": [1, null, true]}}\n}'
    item = tree(text).body.items[0]
    assert [(key.text, key.span.line, key.span.column) for key in item.keys] == [
        ("a", 2, 3),
        ("b", 2, 9),
    ]
    assert isinstance(item.value, ObjectValue)
    value = item.value.items[0].value
    assert isinstance(value, ListValue)
    assert [type(one) for one in value.elements] == [NumberValue, NullValue, BoolValue]
    assert text[value.span.start : value.span.end] == "[1, null, true]"
    assert isinstance(item.keys[0], Key)


@pytest.mark.parametrize("behind", ["x", "# x", "/* x", "}", '"'])
def test_text_behind_a_json_document_is_warned_of(behind: str) -> None:
    """Version 1 reads no further."""
    assert faults(f'{{"a": 1}} {behind}') == [("W102", behind)]


@pytest.mark.parametrize("number", ["01", "0x1", "1s", "1_0"])
def test_json_numbers_are_decimal(number: str) -> None:
    """JSON has no octal."""
    assert faults(f'{{"a": {number}}}') == [("E109", number)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('a = "\ue123"', "E116"),
        ("# \udcff\na = 1", "E116"),
        ("a = \udcff", "E116"),
        ("\0GITCRYPT", "E116"),
    ],
)
def test_what_is_no_text_is_told_once(text: str, code: str) -> None:
    """Encrypted files and wrong encodings are the usual cases."""
    assert [one for one, _ in faults(text)] == [code]


def test_all_faults_of_a_text_are_told_in_its_order() -> None:
    """One run is enough to mend a file."""
    text = 'a = b\nb = 1s\nc = "\\q"\nd "e" = 1\n}\nf = [1 2]\ng = {\n'
    assert [code for code, _ in faults(text)] == [
        "E107", "E109", "E108", "E106", "E104", "E113", "E103",
    ]  # fmt: skip
