"""Contracts: every name has one, a bad one is a line, and what differs from the Hub is told from what is unknown."""

import shutil
from pathlib import Path

import pytest

from luth.core.errors import UserError
from luth.validation.contracts import compare, read_contracts
from luth.validation.named import DatasetUse, named

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests/hub"


def test_everything_that_a_recipe_or_task_names_has_a_contract():
    uses = named(sorted((ROOT / "recipes").rglob("*.yaml")), every_task=True)
    names = {("dataset" if isinstance(use, DatasetUse) else "model", use.id) for use in uses}
    assert len(names) >= 40 and {kind for kind, _ in names} == {"dataset", "model"}
    contracts = read_contracts(FOLDER)
    assert names - contracts.keys() == set()
    for use in uses:
        if isinstance(use, DatasetUse):
            says = contracts["dataset", use.id].says
            part = says.configurations[use.configuration or "default"]
            assert use.split in part.splits, use
            assert use.rows in (None, part.splits[use.split]), use


def test_a_file_is_named_by_its_id():
    for (kind, _), contract in read_contracts(FOLDER).items():
        assert contract.file == FOLDER / f"{kind}s" / f"{contract.says.id.replace('/', '--')}.yaml"


def test_a_bad_contract_is_one_line(tmp_path):
    with pytest.raises(UserError, match="nowhere: no such folder"):
        read_contracts(tmp_path / "nowhere")
    with pytest.raises(UserError, match="datasets/"):
        read_contracts(tmp_path)
    shutil.copytree(FOLDER, tmp_path / "hub")
    file = tmp_path / "hub/datasets/manu--french_boolq.yaml"
    text = file.read_text("utf-8")
    for old, new, words in (
        ("licence: none", "license: none", "unknown key 'license'"),
        ("test: 178", "test: many", "configurations: default: splits"),
        ("gate: open", "gate: ajar", "gate: 'ajar'"),
        ("id: manu/french_boolq", "id: Rowan/hellaswag", "has Rowan/hellaswag already"),
    ):
        file.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(UserError) as refused:
            read_contracts(tmp_path / "hub")
        assert words in str(refused.value)


@pytest.mark.parametrize(
    ("contract", "hub", "found"),
    [
        ({"test": 178}, {"test": 178, "valid": 10}, []),
        ({"test": 178}, {"test": 358}, [("test: ", 178, 358)]),
        ({"test": 178}, {"valid": 10}, [("test: ", 178, None)]),
        ({"test": 178}, {"test": "unknown"}, []),
        ({"test": "unknown"}, {"test": 3}, [("test: ", "unknown", 3)]),
        ({"m": [{"role": "string"}]}, {"m": [{"role": "string", "content": "string"}]}, []),
        ({"m": [{"role": "string"}]}, {"m": [{"role": "int64"}]}, [("m: role: ", "string", "int64")]),
        ({"m": ["string"]}, {"m": "string"}, [("m: ", ["string"], "string")]),
        ({"eos": [1, 2]}, {"eos": [1, 3]}, [("eos: ", [1, 2], [1, 3])]),
        ({"answer": "class_label"}, {"answer": "int64"}, []),
        ({"answer": "int64"}, {"answer": "class_label"}, [("answer: ", "int64", "class_label")]),
        # A default that the model has and the contract does not is a change of how it samples.
        (
            {"generation_config": {}},
            {"generation_config": {"top_k": 20}},
            [("generation_config: ", {}, {"top_k": 20})],
        ),
    ],
)
def test_what_differs(contract, hub, found):
    assert list(compare(contract, hub)) == found
