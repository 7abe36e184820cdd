"""Templates are read wherever a hook takes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dropship.config.schema import Key, schema
from dropship.hcl.diagnostics import Severity
from dropship.plugins import BUILT_IN, Kind
from tests.config.conftest import Reader

_WRITTEN = {
    "template": '{key} = "{text}"',
    "list": '{key} = ["deployed", "{text}"]',
    "templates": '{key} {{ X-Team = "web" X-Deployed = "{text}" }}',
}


def _written(key: Key, text: str) -> str:
    return _WRITTEN[key.type].format(key=key.name, text=text)


def _taking() -> Iterator[Any]:
    """A hook with one key that is a template, and whatever else it must have."""
    (hooks,) = (block for block in schema().blocks if block.plan.name == "failed")
    for hook in hooks.types:
        for key in hook.keys if hook.name in BUILT_IN[Kind.HOOK] else ():
            if key.type in ("template", "templates") or key.of == "template":
                others = [one for one in hook.keys if one.required and one is not key]
                rest = " ".join(f'{one.name} = "http://x"' for one in others)
                yield pytest.param(hook.name, rest, key, id=f"{hook.name}-{key.name}")


@pytest.mark.parametrize(("hook", "rest", "key"), list(_taking()))
def test_fault_is_pointed_at_in_every_key_that_is_a_template(
    read: Reader, hook: str, rest: str, key: Key
) -> None:
    """Within the string, with what was meant; secret keys are no exception, nor is a list."""
    result = read.service(f'failed "{hook}" {{\n{rest}\n{_written(key, "on {{.Hostnaem}}")}\n}}')
    (fault,) = (one for one in result.loaded.diagnostics if one.severity is Severity.ERROR)
    assert (fault.code, fault.suggestion) == ("E205", "did you mean .Hostname?")
    assert fault.span is not None
    source = fault.span.source.text
    assert source[fault.span.start : fault.span.end] == ".Hostnaem"
    assert f"{key.name}: " in fault.message


@pytest.mark.parametrize(("hook", "rest", "key"), list(_taking()))
def test_template_is_taken_in_every_key_that_is_one(
    read: Reader, hook: str, rest: str, key: Key
) -> None:
    """The sound ones are no fault."""
    result = read.service(f'failed "{hook}" {{\n{rest}\n{_written(key, "x {{.Hostname}}")}\n}}')
    assert not [code for code in result.codes if code.startswith("E")], result.text


def test_every_fault_of_a_list_or_block_is_told(read: Reader) -> None:
    """One run shows all that is to be mended."""
    url = 'url = "http://x"'
    tags = 'tags = ["{{.Nmae}}", "sound", "{{uper .Name}}"]'
    result = read.service(f'after "grafana-annotation" {{ {url} {tags} }}')
    assert result.suggestions == ["did you mean .Name?", "did you mean upper?"]
    headers = 'headers { A = "{{.Nmae}}" B = "sound" C = "{{.Hsah}}" }'
    result = read.service(f'after "webhook" {{ {url} {headers} }}')
    assert result.suggestions == ["did you mean .Name?", "did you mean .Hash?"]


def test_commands_are_no_templates(read: Reader) -> None:
    """Braces in them are the author's."""
    hooks = 'before "script" { command = "docker ps --format {{.Names}}" }'
    assert read.service(hooks).codes == []
