"""Templates of deploy messages against what Go's text/template does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.template import Template
from dropship.core.template_error import TemplateError

FIELDS = {
    "Name": "api",
    "Hostname": "web-07",
    "Hash": "900150983cd24fb0d6963f7d28e17f72",
    "OldHash": "",
    "Error": 'health: got "502"\n',
    "Sequential": True,
    "CheckInterval": "10s",
    "Artifact": {"bucket": "builds", "content-type": "application/gzip"},
}


def render(text: str) -> str:
    """What a template comes to with the fields above."""
    return Template.parse(text).render(FIELDS)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("plain } text { with %", "plain } text { with %"),
        ("deployed to {{.Hostname}}", "deployed to web-07"),
        ("{{ .Hash }}", "900150983cd24fb0d6963f7d28e17f72"),
        ("{{.Artifact.bucket}}", "builds"),
        ("{{.Artifact.contentType}}", "application/gzip"),
        ("{{.Artifact.nothing}}", "<no value>"),
        ('{{.Artifact.nothing | default "none"}}', "none"),
        ("{{.Version}}", "<no value>"),
        ("{{.Sequential}}", "true"),
        ("a {{- .Name -}} b", "aapib"),
        ("a \n{{- .Name }} b", "aapi b"),
        ("a {{ .Name -}}\n\t b", "a apib"),
        ("a{{/* not shown */}}b", "ab"),
        ("a {{- /* nor this */ -}} b", "ab"),
        ("{{if .OldHash}}again{{else}}first{{end}}", "first"),
        ("{{if .Sequential}}turns{{end}}", "turns"),
        ('{{if eq .Name "web"}}1{{else if eq .Name "api"}}2{{else}}3{{end}}', "2"),
        ('{{if eq .Name "web" "api"}}one of them{{end}}', "one of them"),
        ('{{if ne .Name "api"}}x{{end}}', ""),
        ("{{if and .Name (not .OldHash)}}new{{end}}", "new"),
        ('{{or .OldHash "none"}}', "none"),
        ("{{and .Name .Hostname}}", "web-07"),
        ("{{if true}}{{if false}}a{{else}}b{{end}}c{{end}}d", "bcd"),
        ("{{.Name | upper}}", "API"),
        ('{{upper .Name | lower | printf "%5s|"}}', "  api|"),
        ("{{trunc 7 .Hash}}", "9001509"),
        ("{{.Hash | trunc -4}}", "7f72"),
        ('{{printf "%.7s" .Hash}}', "9001509"),
        ('{{printf "%s is %v, %d%% of %q" .Name .Sequential 50 .Error}}',
         r'api is true, 50% of "health: got \"502\"\n"'),
        ('{{printf "%-6s|%04d|%+d" .Name 7 7}}', "api   |0007|+7"),
        ("{{json .Error}}", r'"health: got \"502\"\n"'),
        ("{{.Sequential | json}}", "true"),
        ("{{.Version | json}}", "null"),
        ('{{"a\\tb\\u00e9\\x41\\101"}}', "a\tbéAA"),
        ("{{`raw \\n`}}", "raw \\n"),
        ('{{"}}"}}', "}}"),
        ("{{-3}}", "-3"),
        ("x {{- 3}}", "x3"),
        ("{{\n.Name\n}}", "api"),
        ("{{.Artifact.é}}", "<no value>"),
        ("{{if(.OldHash)}}a{{else if.Name}}b{{end}}", "b"),
        ("{{(.Name)|upper}}", "API"),
        ("a {{- \n.Name -}} b", "aapib"),
        ("a {{-\t/* b */\n-}} c", "ac"),
        ("{{0x1F}} {{0b101}} {{0o17}} {{017}} {{-017}} {{1_000}} {{0x_f}} {{00}} {{+5}} {{-0}}",
         "31 5 15 15 -15 1000 15 0 5 0"),
        ("{{9223372036854775807}} {{-9223372036854775808}}",
         "9223372036854775807 -9223372036854775808"),
        ('{{"\\xc3\\xa9 \\303\\251"}}', "é é"),
        ("{{`a\r\nb`}}", "a\nb"),
        ('{{upper "straße ﬁ ᾳ ǆ"}} {{lower "İ Δ\u03a3"}}', "STRAßE ﬁ ᾼ Ǆ i δ\u03c3"),
        ('{{json "a\\u2028b<&>\\u00e9\\b"}}', r'"a\u2028b<&>é\b"'),
        ('{{printf "%.3d|%+.2d|%6.3d|%06.2d|%3.0d" 5 5 -5 7 0}}', "005|+05|  -005|    07|   "),
        ('{{printf "%.3v|%5v|%-6v|%.1v|%.2v" 5 5 true false .Name}}', "005|    5|true  |false|ap"),
        ('{{printf "%s|%q|%6v" .Version .Artifact.nothing .Artifact.nothing}}',
         "%!s(<nil>)|%!q(<nil>)| <nil>"),
        ('{{printf "%.2q" "日本語"}}', '"日本"'),
        ('{{printf "%q" "\\u00a0\\x7f\\u0080\\U000e0001é"}}', r'"\u00a0\x7f\u0080\U000e0001é"'),
        ("{{eq .Artifact.nothing .Artifact.none}} {{eq .Artifact.nothing .OldHash}}", "true false"),
    ],
)  # fmt: skip
def test_template_comes_to_what_go_prints(text: str, wanted: str) -> None:
    """Text, fields, conditions, pipelines and trim markers work as in text/template."""
    assert render(text) == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{.Foo}}", "there is no field .Foo"),
        ("{{.}}", "name a field"),
        ("{{.Name.Foo}}", "has no fields"),
        ("{{.Artifact}}", "name one key"),
        ("{{.Artifact.content-type}}", ".Artifact.contentType"),
        ("{{Name}}", "no function"),
        ("{{title .Name}}", 'there is no function "title"'),
        ("{{range .Name}}{{end}}", '"range" is not to be had'),
        ('{{template "x"}}', '"template" is not to be had'),
        ("{{$x := .Name}}", "no variables"),
        ("{{.Name", 'no closing "}}"'),
        ("{{}}", "nothing to show"),
        ("{{if .Name}}", "has no {{end}}"),
        ("{{if}}{{end}}", "nothing to show"),
        ("{{end}}", "no if that this end"),
        ("{{else}}", "no if that this else"),
        ("{{if .Name}}{{else}}{{else}}{{end}}", "no if that this else"),
        ('{{"open}}', "does not end"),
        ("{{'x'}}", "begins no string"),
        ('{{"\\q"}}', "not an escape"),
        ('{{"\\ud800"}}', "no character"),
        ('{{"\\400"}}', "not an escape"),
        ('{{"\\xff"}}', "no UTF-8"),
        ('{{"\\xc3é"}}', "no UTF-8"),
        ("{{1.5}}", "1.5 is not a whole number"),
        ("{{1e-3}}", "1e-3 is not a whole number"),
        ("{{.5}}", ".5 is not a whole number"),
        ("{{08}}", "not a whole number"),
        ("{{0x}}", "not a whole number"),
        ("{{1__0}}", "not a whole number"),
        ("{{1٣}}", "not a whole number"),
        ("{{٣}}", "is not understood"),
        ("{{9223372036854775808}}", "is too large"),
        ("{{-9223372036854775809}}", "is too large"),
        ("{{" + "9" * 5000 + "}}", "is too large"),
        ("{{upper}}", "upper takes 1 argument, not 0"),
        ("{{upper .Sequential}}", "upper wants a text"),
        ("{{trunc .Name .Hash}}", "trunc wants a number"),
        ("{{upper (default 5 .Name)}}", "upper wants a text there, not what may be a number"),
        ('{{printf "%d" (default 5 .Name)}}', "%d wants a number there, not what may be a text"),
        ('{{eq (or .Sequential .Name) "api"}}', "things of one kind"),
        ('{{eq .Name "a" 1}}', "things of one kind"),
        ('{{eq .Sequential "true"}}', "things of one kind"),
        ("{{eq .Name}}", "eq takes 2 or more"),
        ('{{printf "%d" .Name}}', "%d wants a number there, not a text"),
        ('{{printf "%s" .Sequential}}', "%s wants a text"),
        ('{{printf "%s %s" .Name}}', "2 verbs and 1 values"),
        ('{{printf "%s" .Name .Name}}', "1 verbs and 2 values"),
        ('{{printf "%x" .Name}}', "printf knows"),
        ("{{printf .Name}}", "format first"),
        ("{{printf 5}}", "format first"),
        ('{{printf "%.2000000s" .Name}}', "the precision of"),
        ('{{printf "%1000001s" .Name}}', "the width of"),
        ('{{printf "%" }}', "printf knows"),
        ('{{printf "%٣s" .Name}}', "printf knows"),
        ('{{printf "%05s" .Name}}', "printf cannot do"),
        ('{{.Name "x"}}', "is not a function"),
        ('{{.Name | "x"}}', "there must be a function"),
        ("{{.Name | }}", "there must be a function"),
        ("{{(.Name}}", '")" is missing'),
        ("{{(}}", "a value is missing"),
        ("{{()}}", '")" cannot stand where a value is wanted'),
        ("{{.Name)}}", '")" closes nothing'),
        ("{{upper lower}}", "lower"),
        ("{{/* open }}", "not understood"),
        ("{{ /* a */}}", 'begins right behind "{{"'),
        ("{{-  /* a */}}", 'begins right behind "{{"'),
        ("{{.Name /* a */}}", 'begins right behind "{{"'),
        ("{{/* a */  -}}", 'by "}}" or " -}}"'),
        ("{{.Name\u00a0}}", "not understood"),
        ("{{.Name\v-}}", "not understood"),
        ("{{.Artifact.a²}}", "not understood"),
        ('{{eq "a""b"}}', 'a space is missing before ""b""'),
        ('{{printf "%s"(.Name)}}', 'a space is missing before "("'),
        ("{{upper.Name}}", 'a space is missing before ".Name"'),
        ('{{if"a"}}{{end}}', 'a space is missing before ""a""'),
        ("{{json 1-3}}", 'a space is missing before "-3"'),
        ("{{(" * 60 + ".Name" + ")" * 60 + "}}", "not understood"),
        ("{{" + "(" * 60 + ".Name" + ")" * 60 + "}}", "parentheses inside each other"),
        ("{{if .Name}}" * 60 + "{{end}}" * 60, "ifs inside each other"),
    ],
)  # fmt: skip
def test_what_cannot_be_rendered_is_refused_when_it_is_parsed(text: str, says: str) -> None:
    """A mistake shows at load time, in words."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        Template.parse(text)
    assert says in str(caught.value)


def test_templates_of_one_text_are_equal_and_hash_alike() -> None:
    """Options that hold templates can be compared, which a reload does."""
    one, other = Template.parse("{{.Name}}"), Template.parse("{{.Name}}")
    assert one == other
    assert hash(one) == hash(other)
    assert one != Template.parse("{{.Hash}}")
    assert str(one) == "{{.Name}}"


_WORDS = st.sampled_from(
    ["{{", "}}", "{{-", "-}}", " ", ".Name", ".Sequential", ".Artifact.x", "if", "else", "end",
     "printf", '"%s"', '"%5d"', "upper", "trunc", "3", "eq", "and", "not", "json", "|", "(", ")",
     "text", "\n", "/*", "*/", "default", '"', "`", "%", "."]
)  # fmt: skip


@given(
    st.one_of(
        st.text(),
        st.lists(_WORDS, max_size=14).map("".join),
        st.lists(_WORDS, max_size=14).map(lambda words: "{{" + " ".join(words) + "}}"),
    )
)
def test_any_text_parses_or_is_refused_and_what_parses_renders(text: str) -> None:
    """Whatever parses can be rendered with any fields, even none."""
    try:
        template = Template.parse(text)
    except ValueError:
        return
    template.render(FIELDS)
    template.render({})


@pytest.mark.parametrize(
    ("text", "part", "hint"),
    [
        ("deployed {{.Hsah}}", ".Hsah", "did you mean .Hash?"),
        ("{{.hash}}", ".hash", "did you mean .Hash?"),
        ("{{.Foo}}", ".Foo", "there are .Name, "),
        ("a {{ uper .Name }}", "uper", "did you mean upper?"),
        ("a {{ .Name | title }}", "title", "there are and, "),
        ("{{Name}}", "Name", "fields have a dot in front: .Name"),
        ("a {{eq .Name}} b", "eq", ""),
        ('{{printf "%d" .Name}}', "printf", "%v shows"),
        ('{{eq .Sequential "true"}}', "eq", "true and false have no quotes"),
        ("{{eq .Sequential .Name}}", "eq", ""),
        ("{{if .Name}}a{{if .Hash}}b{{end}}", "{{if .Name}}", ""),
        ("a {{end}}", "{{end}}", ""),
        ("a {{}} b", "{{}}", ""),
        ("a {{.Name", "{{.Name", ""),
        ('a {{"b}}', '"b}}', ""),
        ("a {{$x}}", "$", ""),
        ("a {{ 09 }}", "09", ""),
        ('a {{ "\\q" }}', '"\\q"', ""),
        ("a {{/* b }}", "/", ""),
        ("a {{'b'}}", "'", "strings stand in"),
        ("a {{upper.Name}}", ".Name", ""),
        ("a {{.Artifact.b²}}", "²", ""),
        ("a {{/* b */ }}", "*/", ""),
        ("a {{upper (eq .Name)}}", "eq", ""),
        ("a {{eq .Name upper}}", "upper", ""),
        ('{{upper (eq .Name "a")}}', "upper", ""),
        ("{{upper 5}} {{upper (default .Name .Hash)}}", "upper", ""),
        ("{{trunc true .Name}}", "trunc", ""),
        ("{{range .Name}}", "range", ""),
        ("{{.Name | if}}", "if", ""),
        ("{{if .Name}}{{else 5}}", "{{else 5}}", ""),
        ("{{if .Name}}{{end 5}}", "{{end 5}}", ""),
        ("{{upper (.Name}}", "(", ""),
        ("{{upper )}}", "upper", ""),
    ],
)
def test_fault_is_placed_inside_the_template(text: str, part: str, hint: str) -> None:
    """As small a part as can be told, with what may have been meant."""
    with pytest.raises(TemplateError) as caught:
        Template.parse(text)
    error = caught.value
    assert text[error.start : error.end] == part
    assert error.hint.startswith(hint)
    assert bool(error.hint) is bool(hint)
