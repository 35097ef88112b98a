"""The mixture: loaded, counted, masked and fingerprinted, the same every time."""

import json

import pytest
import yaml
from transformers import AutoTokenizer
from trl import DatasetMixtureConfig, SFTConfig, get_dataset

from luth.errors import UserError
from luth.training.arguments import Mixture
from luth.training.masking import IGNORED, read_training_template
from luth.training.mixture import load_rows
from luth.training.preview import runs

SMOLLM2 = "src/luth/templates/smollm2.jinja"
QWEN3 = "src/luth/templates/qwen3.jinja"


def turns(question, answer="Oui."):
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


@pytest.fixture
def load(tokenizer, tmp_path):
    def call(*sources, template=SMOLLM2, allowed=0.01, test_split_size=None, tokenizer=tokenizer, **settings):
        mixture = Mixture(datasets=list(sources), test_split_size=test_split_size)
        config = SFTConfig(
            output_dir=str(tmp_path / "out"), use_cpu=True, bf16=False, **{"max_length": 200, **settings}
        )
        text = template if "{%" in template else read_training_template(template)
        return load_rows(mixture, tokenizer, text, config, allowed)

    return call


def files(*paths):
    return {"path": "json", "data_files": [str(path) for path in paths]}


@pytest.fixture
def hub(tmp_path):
    """A folder laid out like a dataset on the Hub, with the splits `un` (12 rows) and `deux` (30 rows)."""
    folder = tmp_path / "hub"
    splits = []
    for split, rows in (("un", 12), ("deux", 30)):
        path = folder / "data" / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"conversation": turns(f"{split} {n}"), "id": n}) + "\n" for n in range(rows)]
        path.write_text("".join(lines), "utf-8")
        splits.append({"split": split, "path": f"data/{split}.jsonl"})
    card = yaml.safe_dump({"configs": [{"config_name": "default", "data_files": splits}]})
    (folder / "README.md").write_text(f"---\n{card}---\n", "utf-8")

    def source(split, **more):
        return {"path": str(folder), "split": split, "rename": {"conversation": "messages"}, **more}

    return source


def questions(rows, tokenizer):
    return [tokenizer.decode(ids).split("user\n")[1].split("<|im_end|>")[0] for ids in rows["input_ids"]]


def test_splits_columns_renaming_and_counts(load, hub, tokenizer):
    rows = load(hub("un", rows=12), hub("deux", columns=["conversation"]))
    assert questions(rows.train, tokenizer) == [f"un {n}" for n in range(12)] + [f"deux {n}" for n in range(30)]
    assert rows.train["source"] == [0] * 12 + [1] * 30 and rows.train["row"] == [*range(1, 13), *range(1, 31)]
    assert [source["rows"] for source in rows.counts["sources"]] == [12, 30] and rows.counts["rows"] == 42
    assert rows.counts["tokens"] == sum(len(ids) for ids in rows.train["input_ids"]) == sum(rows.train["length"])
    trained = sum(label != IGNORED for labels in rows.train["labels"] for label in labels)
    assert rows.counts["trained_tokens"] == trained == sum(rows.train["trained"])
    assert rows.name(rows.train[13]).endswith("hub, split deux, row 2")
    assert len(rows.fingerprints) == 2 and all("SHA-256" in value for value in rows.fingerprints.values())


def test_another_number_of_rows_than_the_recipe_says_is_refused(load, hub):
    with pytest.raises(UserError, match="split un has 12 rows and the recipe says 13"):
        load(hub("un", rows=13))


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.1, 0.9), (3, 1)])
def test_fractions_are_trl_s(fractions, load, write_rows, tokenizer):
    paths = [
        write_rows([{"messages": turns(f"{name} {n}")} for n in range(size)], f"{name}.jsonl")
        for name, size in (("a", 17), ("b", 41))
    ]
    sources = [{**files(path), "fraction": share} for path, share in zip(paths, fractions, strict=True)]
    theirs = get_dataset(DatasetMixtureConfig(datasets=[dict(source) for source in sources]))["train"]
    ours = load(*sources).train
    assert questions(ours, tokenizer) == [messages[0]["content"] for messages in theirs["messages"]]


@pytest.mark.parametrize(("size", "held_out"), [(0.25, 10), (7, 7)])
def test_the_held_out_part_is_the_seed_s_and_apart(size, held_out, load, write_rows, tokenizer):
    path = write_rows([{"messages": turns(f"q {n}")} for n in range(40)])
    parts = [load(files(path), test_split_size=size, seed=seed) for seed in (1, 1, 2)]
    first, again, other = [questions(part.held_out, tokenizer) for part in parts]
    assert len(first) == held_out == parts[0].counts["held_out"] and parts[0].counts["rows"] == 40 - held_out
    assert first == again != other and not {*first} & {*questions(parts[0].train, tokenizer)}
    with pytest.raises(UserError, match="it must leave rows on both sides"):
        load(files(path), test_split_size=40)


def test_the_number_of_workers_changes_nothing(load, write_rows):
    path = write_rows([{"messages": turns(f"question {n} " * (n % 5 + 1))} for n in range(1200)])
    found = []
    for workers in (None, 1, 2):
        rows = load(files(path), dataset_num_proc=workers, test_split_size=0.1)
        found.append((rows.train[:], rows.held_out[:], rows.counts, rows.fingerprints))
    assert found[0] == found[1] == found[2]


def test_long_rows_and_rows_that_are_none_are_dropped_whole_and_counted(load, write_rows, tokenizer):
    lines = [{"messages": turns(f"q {n}")} for n in range(7)]
    lines[2] = {"messages": turns("long", "mot " * 300)}
    lines[4] = {"messages": [{"role": "user", "content": "seul"}]}
    path = write_rows(lines)
    rows = load(files(path), allowed=0.5)
    assert questions(rows.train, tokenizer) == ["q 0", "q 1", "q 3", "q 5", "q 6"]
    assert (rows.counts["dropped_too_long"], rows.counts["dropped_unusable"], rows.counts["read"]) == (1, 1, 7)
    assert rows.counts["sources"][0]["examples"] == ["row 5: no assistant turn"]
    with pytest.raises(UserError) as error:
        load(files(path), allowed=0.2)
    assert str(error.value).endswith(
        "rows.jsonl: 2 of 7 rows would be dropped, more than max_dropped_fraction 0.2: 1 are longer than max_length "
        "200 tokens; 1 cannot be trained on: row 5: no assistant turn"
    )


def text(row, tokenizer):
    return "".join(f"⟦{part}⟧" if trained else part for trained, part in runs(row, tokenizer))


def test_each_row_s_switches_and_tools_reach_its_template(load, write_rows, tokenizer):
    tools = [{"name": "heure", "description": "L'heure."}]
    lines = [
        {"messages": turns("a"), "chat_template_kwargs": {"enable_thinking": True}, "tools": None},
        {"messages": turns("b"), "chat_template_kwargs": {"enable_thinking": False}, "tools": json.dumps(tools)},
        {"messages": turns("c", "<think>\nvoyons\n</think>\n\nOui."), "chat_template_kwargs": None, "tools": None},
    ]
    thinking, plain, thought = (
        text(row, tokenizer) for row in load(files(write_rows(lines)), template=QWEN3, max_length=900).train
    )
    assert "⟦<think>\n\n</think>\n\nOui.<|im_end|>⟧" in thinking
    assert "<think>\n\n</think>\n\n⟦Oui.<|im_end|>⟧" in plain and '"name": "heure"' in plain
    assert "⟦<think>\nvoyons\n</think>\n\nOui.<|im_end|>⟧" in thought and "<tools>" not in thought


def test_an_edited_template_or_file_gives_other_masks(load, write_rows, tokenizer):
    template = "{{ messages[0]['content'] }}{% generation %}{{ messages[1]['content'] }}X{% endgeneration %}"
    path = write_rows([{"messages": turns("a", "un")}])
    assert text(load(files(path), template=template).train[0], tokenizer) == "a⟦unX⟧"
    assert text(load(files(path), template=template.replace("X", "Y")).train[0], tokenizer) == "a⟦unY⟧"
    write_rows([{"messages": turns("a", "deux")}])
    assert text(load(files(path), template=template).train[0], tokenizer) == "a⟦deuxX⟧"


def test_rows_edited_in_a_local_folder_are_seen(load, tmp_path, tokenizer):
    (tmp_path / "d").mkdir()
    for answer in ("un", "deux"):
        (tmp_path / "d" / "train.jsonl").write_text(json.dumps({"messages": turns("q", answer)}) + "\n", "utf-8")
        assert f"⟦{answer}<|im_end|>⟧" in text(load({"path": str(tmp_path / "d")}).train[0], tokenizer)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ messages[0]['content'] }}{% generation %}{% endgeneration %}", "in 2 rows no token is trained"),
        ("{% generation %}{{ messages[0]['content'] }}{% endgeneration %}", "in 2 rows every token is trained"),
    ],
)
def test_a_template_that_trains_nothing_or_everything_is_refused(template, said, load, write_rows):
    with pytest.raises(UserError, match=f"{said} .the first: row 1.: see the generation markers"):
        load(files(write_rows([{"messages": turns("a")}] * 2)), template=template)


def test_a_row_that_the_template_refuses_is_named(load, write_rows):
    line = {"messages": turns("a"), "tools": json.dumps([{"name": "x"}])}
    with pytest.raises(UserError, match=r"row 1: .*tools"):
        load(files(write_rows([line])))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such dataset file"),
        (b"", "is empty"),
        (b'{"messages": "caf\xe9"}', "not UTF-8"),
        (b'{"messages": [}', "row 1 is not JSON"),
        (b"[1, 2]", "row 1 is not a JSON object"),
        (b'{"text": "x"}', "has the columns text, but no column 'messages'"),
        (b'{"messages": "x"}', "row 1: no messages"),
    ],
)
def test_a_bad_file_is_said(load, tmp_path, content, said):
    path = tmp_path / "f.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        load(files(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"path": "parquet", "data_files": "{rows}", "split": "train"}, "parquet.* cannot be loaded"),
        ({"path": "{folder}", "split": "tst"}, "split tst cannot be loaded: Unknown split"),
        ({"path": "{folder}", "columns": ["text"]}, "text"),
        ({"path": "{folder}", "rename": {"texte": "messages"}}, "texte"),
        ({"path": "./nowhere/at/all"}, "nowhere/at/all"),
        ({"path": "json"}, "path: json needs data_files"),
    ],
)
def test_a_source_that_cannot_be_loaded_is_named(load, write_rows, tmp_path, source, said):
    rows = write_rows([{"messages": turns("a")}])
    places = {"{rows}": str(rows), "{folder}": str(tmp_path)}
    source = {key: places.get(value, value) if isinstance(value, str) else value for key, value in source.items()}
    with pytest.raises(UserError, match=said):
        load(source)


def test_a_line_separator_inside_a_string_is_no_new_row(load, tmp_path, tokenizer):
    path = tmp_path / "f.jsonl"
    path.write_text(json.dumps({"messages": turns("q", "a\u2028b")}, ensure_ascii=False) + "\n", "utf-8")
    assert "⟦a\u2028b<|im_end|>⟧" in text(load(files(path)).train[0], tokenizer)


def test_an_end_of_turn_that_is_also_padding_is_trained(load, write_rows, tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path / "t")
    same = AutoTokenizer.from_pretrained(tmp_path / "t")
    assert same.pad_token_id == same.eos_token_id
    row = load(files(write_rows([{"messages": turns("a")}])), tokenizer=same).train[0]
    assert same.eos_token_id in row["labels"]
