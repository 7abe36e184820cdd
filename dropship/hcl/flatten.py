"""JSON's objects as version 1 reads them: nested objects are blocks with labels.

``{"service": {"web": {"port": 80}}}`` is ``service "web" { port = 80 }``: an object of nothing
but objects turns its keys into labels of what they hold, and a list of nothing but objects is its
key repeated. The rule is version 1's ``json/parser/flatten.go``.
"""

from __future__ import annotations

from dropship.hcl.ast import Item, Key, ListValue, ObjectValue, Span, Value


def flatten(body: ObjectValue) -> ObjectValue:
    """The object and all below it, flattened."""
    items = [flat for item in body.items for flat in _spread(item)]
    return ObjectValue(tuple(_inside(item) for item in items), body.span)


def _spread(item: Item) -> list[Item]:
    value = item.value
    if isinstance(value, ObjectValue) and value.items and _only_objects(value):
        inner = [_labelled(item, one) for one in value.items]
    elif isinstance(value, ListValue) and value.elements and _only_objects(value):
        inner = [Item(item.keys, element, item.span) for element in value.elements]
    else:
        return [item]
    return [flat for one in inner for flat in _spread(one)]


def _only_objects(value: ObjectValue | ListValue) -> bool:
    if isinstance(value, ObjectValue):
        return all(isinstance(item.value, ObjectValue) for item in value.items)
    return all(isinstance(element, ObjectValue) for element in value.elements)


def _labelled(outer: Item, inner: Item) -> Item:
    keys: tuple[Key, ...] = outer.keys + inner.keys
    span = Span(outer.span.source, outer.span.start, inner.span.end)
    return Item(keys, inner.value, span)


def _inside(item: Item) -> Item:
    return Item(item.keys, _flat(item.value), item.span)


def _flat(value: Value) -> Value:
    if isinstance(value, ObjectValue):
        return flatten(value)
    if isinstance(value, ListValue):
        return ListValue(tuple(_flat(element) for element in value.elements), value.span)
    return value
