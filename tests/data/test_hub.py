"""A dataset pushed to a Hub on this machine, and a source on it that stays the same from start to start."""

import pytest
import yaml
from huggingface_hub import close_session, constants

from luth.core.errors import UserError
from luth.data.part import Read
from luth.data.sources.reading import pinned
from tests.fake_hub import TOKEN, FakeHub


@pytest.fixture
def given(tmp_path, write_rows):
    """Write a recipe of a few rows that is pushed to a repository."""
    rows = [{"q": f"Que vaut {n} plus {n} ?", "a": f"La somme vaut {n + n}."} for n in range(9)]
    read = {"path": str(write_rows(rows)), "columns": {"question": "q", "answer": "a"}}

    def write(repo_id):
        content = {
            "step": "build_dataset",
            "language": "fr",
            "language_name": "French",
            "tasks": 1,
            "parts": {"all": {"read": read}},
            "steps": {"push": {"repo_id": repo_id}},
            "output_dir": str(tmp_path / repo_id.replace("/", "-")),
        }
        path = tmp_path / "data.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return path

    return write


def test_the_folder_is_pushed_and_what_a_hub_refuses_is_one_line(given, hub, build, tmp_path):
    code, out, err = build(given("other/data"))
    assert code == 2 and "push: other/data" in err and "is HF_TOKEN set" in err
    assert "Traceback" not in err and TOKEN not in err + out
    code, _, err = build(given("anna/data"))
    assert code == 0, err
    files = hub.repositories["anna/data"]["main"]
    assert hub.private["anna/data"] is True
    for name in ("README.md", "data/train-00000-of-00001.parquet"):
        assert files[name] == (tmp_path / "anna-data/dataset" / name).read_bytes()
    # A shard of an earlier number would be read as well.
    hub.repositories["anna/data"]["main"]["data/train-00001-of-00002.parquet"] = b"old"
    code, _, err = build(given("anna/data"), "--only", "push")
    assert code == 0, err
    assert not any("of-00002" in name for name in hub.repositories["anna/data"]["main"])
    assert all(TOKEN.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_source_is_read_at_one_commit_by_every_start(monkeypatch, tmp_path):
    with FakeHub() as hub:
        hub.repositories["anna/data"] = {"main": {}}
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        close_session()
        read = Read("anna/data", {"messages": "m"})
        first, said = pinned(read, None)
        assert first.revision == "0" * 40 and said == f"anna/data, main@{'0' * 40}"
        asked = len(hub.requests)
        later, said = pinned(read, "anna/data, main@" + "1" * 40)
        assert later.revision == "1" * 40 and said.endswith("1" * 40) and len(hub.requests) == asked
        # Another revision was never looked at.
        with pytest.raises(UserError, match="anna/data"):
            pinned(Read("anna/data", {"messages": "m"}, revision="v1"), said)
        close_session()
    (tmp_path / "rows.csv").write_text("m\n", "utf-8")
    before = pinned(Read(str(tmp_path), {"messages": "m"}), None)[1]
    (tmp_path / "rows.csv").write_text("m\nx\n", "utf-8")
    assert pinned(Read(str(tmp_path), {"messages": "m"}), before)[1] != before
