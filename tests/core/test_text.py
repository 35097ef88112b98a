import json

import pytest

from luth.core.text import DEEPEST, read_json


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    "text",
    ["1", '{"a": [1, {"b": null}]}', nested(DEEPEST), json.dumps(["[{" * 1000 + '\\"\n']), json.dumps([[]] * 2000)],
)
def test_json_is_read_as_python_reads_it(text):
    assert read_json(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", "{'a': 1}", "[1", nested(DEEPEST + 1), '{"a":' * 501 + "1" + "}" * 501, "[" * 10**6]
)
def test_what_is_no_json_or_nested_too_deep_is_a_value_error_on_every_python(text):
    with pytest.raises(ValueError):
        read_json(text)
