"""What relies on datatrove's inside is checked before a build."""

import importlib.metadata

import pytest
from datatrove.executor.base import PipelineExecutor
from datatrove.pipeline.inference.run_inference import InferenceRunner

from luth.core.errors import UserError
from luth.data.datatrove_seams import require_datatrove


def test_the_version_that_is_installed_is_the_one_that_is_needed():
    require_datatrove()


@pytest.mark.parametrize(("owner", "name"), [(PipelineExecutor, "_run_for_rank"), (InferenceRunner, "_save_document")])
def test_another_version_is_named(owner, name, monkeypatch):
    monkeypatch.setattr(owner, name, lambda self, other: None)
    with pytest.raises(UserError) as raised:
        require_datatrove()
    version = importlib.metadata.version("datatrove")
    assert raised.value.code == "wrong-version" and name in str(raised.value) and version in str(raised.value)
