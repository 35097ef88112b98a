"""The mixture: loaded, counted, masked and fingerprinted, the same every time."""

import copy
import gzip
import hashlib
import json
import re

import numpy
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from trl import DatasetMixtureConfig, SFTConfig, get_dataset

import luth.training.mixture
import luth.training.sources
from luth.core.errors import UserError
from luth.core.files import sha256
from luth.rows.forms import recognised
from luth.rows.opening import open_dataset
from luth.training.arguments import Mixture, Source
from luth.training.masking import IGNORED, read_training_template
from luth.training.mixture import ROWS_VERSION, load_rows, tokenised_rows
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
    """A folder laid out like a dataset on the Hub: splits `un` (12 rows) and `deux` (30), and a second config."""
    folder = tmp_path / "hub"
    splits = []
    for split, rows in (("un", 12), ("deux", 30)):
        path = folder / "data" / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"conversation": turns(f"{split} {n}"), "id": n}) + "\n" for n in range(rows)]
        path.write_text("".join(lines), "utf-8")
        splits.append({"split": split, "path": f"data/{split}.jsonl"})
    second = {"config_name": "petit", "data_files": [{"split": "train", "path": "data/un.jsonl"}]}
    card = yaml.safe_dump({"configs": [{"config_name": "default", "data_files": splits}, second]})
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


@pytest.mark.parametrize(
    ("keys", "numbers"),
    [
        ({"name": "petit", "split": "train"}, {"un": 12}),
        ({"data_files": "data/deux.jsonl", "split": "train"}, {"deux": 30}),
        ({"data_files": {"essai": "data/un.jsonl"}, "split": "essai"}, {"un": 12}),
        ({"data_dir": "data", "split": "train"}, {"deux": 30, "un": 12}),
        ({"split": "deux[:3]"}, {"deux": 3}),
    ],
)
def test_trl_s_keys_choose_the_rows(keys, numbers, load, hub, tokenizer):
    wanted = [f"{split} {n}" for split, rows in numbers.items() for n in range(rows)]
    assert questions(load(hub(**keys)).train, tokenizer) == wanted


def test_the_revision_reaches_the_hub_and_its_commit_the_fingerprint(load, hub, monkeypatch):
    asked = []

    def from_the_hub(path, name, split, revision, *more):
        asked.append(revision)
        rows = open_dataset(path, name, split, revision, *more)
        rows.info.download_checksums = {"hf://datasets/a/b@c0ffee/data/un.jsonl": {}}
        return rows

    monkeypatch.setattr(luth.training.sources, "open_dataset", from_the_hub)
    rows = load(hub("un", revision="v1.0"), hub("deux"))
    assert asked == ["v1.0", None] and ", v1.0, split un, row 1" in rows.name(rows.train[0])
    assert all("commit c0ffee, SHA-256" in value for value in rows.fingerprints.values())


def test_files_are_fingerprinted_by_their_bytes_and_other_rows_by_their_tokens(load, write_rows, hub):
    one, two = (write_rows([{"messages": turns(name)}], f"{name}.jsonl") for name in ("un", "deux"))
    assert load(files(one, two)).fingerprints == {str(one): sha256(one), str(two): sha256(two)}
    template = "{{ messages[0]['content'] }}{% generation %}{{ messages[1]['content'] }}{% endgeneration %}!"
    # The same text and the same tokens, one more of them trained.
    more = template.replace("{% endgeneration %}!", "{% endgeneration %}{% generation %}!{% endgeneration %}")
    first, again, other = (load(hub("un"), template=one) for one in (template, template, more))
    assert first.train["input_ids"] == other.train["input_ids"]
    assert first.fingerprints == again.fingerprints != other.fingerprints


def test_another_number_of_rows_than_the_recipe_says_is_refused(load, hub):
    with pytest.raises(UserError, match=r"split un.* 12 .* 13") as error:
        load(hub("un", rows=13))
    assert error.value.code == "bad-dataset"


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


def test_a_fraction_of_less_than_a_row_is_refused(load, hub):
    with pytest.raises(UserError, match="split un: fraction 1e-06") as error:
        load(hub("un", fraction=1e-6), hub("deux", fraction=1.0))
    assert error.value.code == "bad-recipe-value"


@pytest.mark.parametrize(("size", "held_out"), [(0.25, 10), (7, 7)])
def test_the_held_out_part_is_the_seed_s_and_apart(size, held_out, load, write_rows, tokenizer):
    path = write_rows([{"messages": turns(f"q {n}")} for n in range(40)])
    parts = [load(files(path), test_split_size=size, seed=seed) for seed in (1, 1, 2)]
    first, again, other = [questions(part.held_out, tokenizer) for part in parts]
    assert len(first) == held_out == parts[0].counts["held_out"] and parts[0].counts["rows"] == 40 - held_out
    assert first == again != other and not {*first} & {*questions(parts[0].train, tokenizer)}
    with pytest.raises(UserError, match="test_split_size 40 of 40 rows") as error:
        load(files(path), test_split_size=40)
    assert error.value.code == "bad-recipe-value"


def test_the_number_of_workers_changes_nothing(load, tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    lines = [{"messages": turns(f"question {n} " * (n % 5 + 1))} for n in range(1200)]
    lines[700], lines[1100] = {"messages": turns("long", "mot " * 300)}, {"messages": None}
    (tmp_path / "d" / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    found = []
    for workers in (None, 1, 2):
        cache = tmp_path / f"cache-{workers}"
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", cache)
        rows = load({"path": str(tmp_path / "d")}, dataset_num_proc=workers, test_split_size=0.1)
        found.append((rows.train[:], rows.held_out[:], rows.counts, rows.fingerprints))
        assert len([*cache.rglob("*_of_00002.arrow")]) == (2 if workers == 2 else 0)
    assert found[0] == found[1] == found[2]
    assert found[0][2]["sources"][0]["examples"] == ["row 1101: no messages"] and found[0][2]["dropped_too_long"] == 1


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
    assert error.value.code == "bad-rows"
    for fact in ("rows.jsonl: 2 of 7", "max_dropped_fraction 0.2", "max_length 200", "row 5: no assistant turn"):
        assert fact in str(error.value)


def test_a_row_of_max_length_is_kept_whole_and_one_longer_is_dropped(load, write_rows, tokenizer):
    path = write_rows([{"messages": turns("q", "mot " * n)} for n in (1, 9, 5)])
    whole = load(files(path), max_length=None).train
    lengths = whole["length"]
    assert lengths[0] < lengths[2] < lengths[1]
    rows = load(files(path), max_length=lengths[2], allowed=0.5)
    assert rows.train["row"] == [1, 3] and rows.train["input_ids"] == [whole[0]["input_ids"], whole[2]["input_ids"]]
    assert load(files(path), max_length=lengths[2] - 1, allowed=0.7).train["row"] == [1]


def test_dropped_rows_are_counted_by_source_and_judged_by_source(load, write_rows):
    bad = {"messages": turns("seul")[:1]}
    one = files(write_rows([{"messages": turns("q")}] * 9 + [bad], "un.jsonl"))
    two = files(write_rows([{"messages": turns("q")}] * 2 + [bad] * 7, "deux.jsonl"))
    rows = load(one, two, allowed=0.8)
    assert [(source["rows"], source["dropped_unusable"]) for source in rows.counts["sources"]] == [(9, 1), (2, 7)]
    assert (rows.counts["rows"], rows.counts["dropped_unusable"]) == (11, 8)
    assert rows.train["row"] == [*range(1, 10), 1, 2]
    with pytest.raises(UserError) as error:
        load(one, two, allowed=0.5)
    listed = "; ".join(f"row {n}: no assistant turn" for n in range(3, 8))
    assert error.value.code == "bad-rows"
    for fact in ("deux.jsonl: 7 of 9", "max_dropped_fraction 0.5", listed, "2 more"):
        assert fact in str(error.value)


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


def test_switches_may_differ_by_row_and_be_json_text(load, write_rows, tokenizer):
    switches = [{"enable_thinking": True}, {"langue": "fr"}, {"enable_thinking": False, "langue": None}, None]
    for kind in (lambda kwargs: kwargs, lambda kwargs: kwargs and json.dumps(kwargs)):
        path = write_rows([{"messages": turns("a"), "chat_template_kwargs": kind(kwargs)} for kwargs in switches])
        shown = [text(row, tokenizer) for row in load(files(path), template=QWEN3).train]
        assert ["⟦<think>\n\n</think>\n\nOui." in one for one in shown] == [True, False, False, False]
        assert ["<think>\n\n</think>\n\n⟦Oui." in one for one in shown] == [False, True, True, True]


def test_a_tool_s_call_and_answer_beside_rows_without(load, write_rows, tokenizer):
    call = {"type": "function", "function": {"name": "heure", "arguments": {"lieu": "ici"}}}
    tools = [{"type": "function", "function": {"name": "heure", "parameters": {"type": "object"}}}]
    question, answer = turns("a", "Midi.")
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    spoken = {"messages": [question, asked, {"role": "tool", "content": "midi"}, answer], "tools": tools}
    rows = load(files(write_rows([spoken, {"messages": turns("b")}])), template=QWEN3, max_length=900).train
    with_tools, without = (text(row, tokenizer) for row in rows)
    assert '⟦<tool_call>\n{"name": "heure", "arguments": {"lieu": "ici"}}\n</tool_call><|im_end|>⟧' in with_tools
    assert "<tool_response>\nmidi\n</tool_response>" in with_tools and "⟦Midi.<|im_end|>⟧" in with_tools
    assert with_tools.count("⟦") == 2 and "tool" not in without and "⟦Oui.<|im_end|>⟧" in without


@pytest.mark.parametrize(
    "wrong",
    [
        {"chat_template_kwargs": "{enable_thinking"},
        {"chat_template_kwargs": "[1]"},
        {"chat_template_kwargs": 5},
        {"chat_template_kwargs": {"tokenizer": "x"}},
        {"tools": "5"},
    ],
)
def test_a_row_with_wrong_switches_or_tools_is_unusable(wrong, load, write_rows):
    lines = [{"messages": turns("a"), **dict.fromkeys(wrong)}, {"messages": turns("b"), **wrong}]
    rows = load(files(write_rows(lines)), template=QWEN3, allowed=0.5)
    assert rows.train["row"] == [1] and rows.counts["sources"][0]["examples"][0].startswith("row 2: ")


def test_another_end_of_turn_token_gives_other_masks(load, write_rows, tokenizer):
    template = (
        "{{ messages[0]['content'] }}{% generation %}{{ messages[1]['content'] + eos_token }}{% endgeneration %}"
    )
    path = write_rows([{"messages": turns("a", "un")}])
    other = copy.deepcopy(tokenizer)
    other.eos_token = "<|endoftext|>"
    for one in (tokenizer, other):
        assert text(load(files(path), template=template, tokenizer=one).train[0], one) == f"a⟦un{one.eos_token}⟧"


def test_an_edited_template_or_file_gives_other_masks(load, write_rows, tokenizer):
    template = "{{ messages[0]['content'] }}{% generation %}{{ messages[1]['content'] }}X{% endgeneration %}"
    path = write_rows([{"messages": turns("a", "un")}])
    assert text(load(files(path), template=template).train[0], tokenizer) == "a⟦unX⟧"
    assert text(load(files(path), template=template.replace("X", "Y")).train[0], tokenizer) == "a⟦unY⟧"
    for edited in ("deux", "trop"):
        write_rows([{"messages": turns("a", edited)}])
        assert text(load(files(path), template=template).train[0], tokenizer) == f"a⟦{edited}X⟧"


@pytest.mark.parametrize("readme", ["", "---\nconfigs:\n- config_name: default\n  data_files: train.jsonl\n---\n"])
def test_rows_edited_in_a_local_folder_are_seen(readme, load, tmp_path, tokenizer):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "README.md").write_text(readme, "utf-8")
    for answer in ("un", "deux", "trop"):
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
    with pytest.raises(UserError, match=f"{said} .*row 1") as error:
        load(files(write_rows([{"messages": turns("a")}] * 2)), template=template)
    assert error.value.code == "bad-template"


def test_a_row_that_the_template_refuses_is_named(load, write_rows):
    line = {"messages": turns("a"), "tools": json.dumps([{"name": "x"}])}
    with pytest.raises(UserError, match=r"row 1: .*tools") as error:
        load(files(write_rows([line])))
    assert error.value.code == "bad-rows"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"\n\n", "f.jsonl cannot be loaded: it has no rows"),
        (b"\xef\xbb\xbf", "it has no rows"),
        (b" [\n]\n", "it has no rows"),
        (b'{\n "messages": []\n}\n', "row 1 is not JSON: .* one object a line, or one list"),
        (b'{"data": [{"messages": []}]}', "holds a list, 'data': write that list alone"),
        (b'{"messages": "caf\xe9"}', "not UTF-8"),
        (b'{"messages": [}', "row 1 is not JSON"),
        (b"[1, 2]", "row 1 is not a JSON object"),
        (b'{"text": "x"}', "has the column text alone: plain text has no turns"),
        (b'{"messages": "x"}', "row 1: the turns are text and no JSON"),
        (
            b'{"messages": null, "id": 1}\n{"messages": [{"role": "\\ud83d"}]}',
            "row 2 is not JSON: .*surrogate",
        ),
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
        ({"path": "parquet", "data_files": "{rows}", "split": "train"}, "rows.jsonl is a json file: write path: json"),
        ({"path": "{folder}", "split": "tst"}, "split tst cannot be loaded: Unknown split"),
        (
            {"path": "{folder}", "name": "autre"},
            "autre, split train cannot be loaded: BuilderConfig 'autre' not found",
        ),
        ({"path": "{folder}", "data_files": "x.jsonl"}, "x.jsonl, split train cannot be loaded: .*find"),
        ({"path": "{folder}", "columns": ["text"]}, "split train cannot be loaded: .*'text'.* not in the dataset"),
        ({"path": "{folder}", "rename": {"texte": "messages"}}, "split train cannot be loaded: .*'texte'"),
        (
            {"path": "{folder}", "rename": {"messages": "id"}},
            "split train has the columns id, other, .*messages;",
        ),
        (
            {"path": "{folder}", "rename": {"other": "messages"}},
            "cannot be loaded: .*two columns.* 'messages'",
        ),
        ({"path": "./nowhere/at/all"}, "nowhere/at/all"),
        ({"path": "no/data", "revision": "v1"}, "no/data, v1, split train"),
        ({"path": "json", "data_files": {"train": "{rows}"}}, "path: json needs data_files"),
        ({"path": "json"}, "path: json needs data_files"),
    ],
)
def test_a_source_that_cannot_be_loaded_is_named(load, write_rows, tmp_path, source, said):
    rows = write_rows([{"messages": turns("a"), "other": turns("b")}])
    places = {"{rows}": str(rows), "{folder}": str(tmp_path)}
    source = {key: places.get(value, value) if isinstance(value, str) else value for key, value in source.items()}
    with pytest.raises(UserError, match=said) as error:
        load(source)
    assert "\n" not in str(error.value)


def test_a_file_that_is_named_twice_is_refused(load, write_rows, tmp_path):
    rows = write_rows([{"messages": turns("a")}])
    with pytest.raises(UserError, match=f"{rows} is named twice"):
        load({"path": "json", "data_files": [str(rows), str(tmp_path / "*.jsonl")]})


def test_a_line_separator_inside_a_string_is_no_new_row(load, tmp_path, tokenizer):
    path = tmp_path / "f.jsonl"
    path.write_text(json.dumps({"messages": turns("q", "a\u2028b")}, ensure_ascii=False) + "\n", "utf-8")
    [row] = load(files(path)).train
    assert "⟦a\u2028b<|im_end|>⟧" in text(row, tokenizer)


def test_an_end_of_turn_that_is_also_padding_is_trained(load, write_rows, tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path / "t")
    same = AutoTokenizer.from_pretrained(tmp_path / "t")
    assert same.pad_token_id == same.eos_token_id
    row = load(files(write_rows([{"messages": turns("a")}])), tokenizer=same).train[0]
    assert same.eos_token_id in row["labels"]


def test_a_mixture_of_which_nothing_is_left_is_refused(load, write_rows):
    with pytest.raises(UserError) as error:
        load(files(write_rows([{"messages": turns("a", "mot " * 300)}])), allowed=1.0)
    assert error.value.code == "no-rows-left"


def test_packs_are_made_of_rows_of_every_source(load, write_rows):
    paths = [write_rows([{"messages": turns(f"{name} {n}")} for n in range(30)], f"{name}.jsonl") for name in "ab"]
    mixed = [load(*(files(path) for path in paths), packing=True, seed=seed).train["source"][:] for seed in (1, 1, 2)]
    assert mixed[0] == mixed[1] != mixed[2] and sorted(mixed[0]) == [0] * 30 + [1] * 30 and 5 < sum(mixed[0][:30]) < 25
    plain = load(*(files(path) for path in paths), packing=True, train_sampling_strategy="sequential").train["source"]
    assert plain[:] == [0] * 30 + [1] * 30


# What ROWS_VERSION stands for: a digest of the rows below. Another digest means that kept rows are no longer what the
# code makes: raise ROWS_VERSION, and write its digest here.
DIGESTS = {5: "75598b68b27e374410b51cb8e6520c434cd1e6790b1ebc84272eb57b4714c5ee"}
CALL = {"type": "function", "function": {"name": "heure", "arguments": {"lieu": "ici"}}}
CONVERSATIONS = [
    {"messages": turns("Ça va ?", "\n\nTrès bien, 🙂 <|im_end|> !")},
    {"messages": [{"role": "system", "content": "Bref."}, *turns("a"), *turns("b")]},
    {"messages": turns("a", "<think>\nvoyons\n</think>\n\nOui."), "chat_template_kwargs": '{"enable_thinking": true}'},
    {"messages": [*turns("a")[:1], {"role": "assistant", "content": "", "tool_calls": [CALL]}, *turns("b")[1:]]},
    {
        "messages": [
            *turns("a")[:1],
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "midi"},
            *turns("a")[1:],
        ],
        "tools": [CALL],
    },
    {"messages": [*turns("a")[:1], {"role": "assistant", "content": "", "tool_calls": [CALL]}]},
    {"messages": turns("a"), "tools": [json.dumps(CALL)]},
    {"messages": turns("a")[:1]},
    {"messages": None},
    {
        "messages": [
            *turns("a")[:1],
            {"role": "assistant", "tool_calls": [{"function": {"name": "heure", "arguments": '{"lieu": null}'}}]},
            {"role": "tool", "content": ""},
            *turns("a")[1:],
        ],
    },
    {"messages": [turns("a")[0], {**turns("a")[1], "weight": 0}, *turns("b")]},
    {"messages": [turns("a")[0], {**turns("a")[1], "loss": False}, *turns("b")]},
    {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
    {"instruction": "a", "input": "b", "output": "c"},
]


def recognised_with_tools(row):
    return recognised(row) | {column: column for column in ("tools", "chat_template_kwargs") if column in row}


def bytes_and_newlines():
    """A tokenizer of one token a byte, save for two newlines, which are one."""
    special = ["<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    words = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet()), "ĊĊ"]
    inner = Tokenizer(models.BPE(vocab={word: at for at, word in enumerate(words)}, merges=[("Ċ", "Ċ")]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    inner.add_special_tokens(special)
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|im_end|>")


def test_rows_change_only_with_their_version():
    tokenizer, digest = bytes_and_newlines(), hashlib.sha256()
    for path in (SMOLLM2, QWEN3):
        template = read_training_template(path)
        for number, row in enumerate(CONVERSATIONS):
            columns = {column: [value] for column, value in row.items()}
            found = tokenised_rows(columns, [number], recognised_with_tools(row), tokenizer, template, ROWS_VERSION)
            done = {column: numpy.asarray(values[0]).tolist() for column, values in found.items()}
            digest.update(json.dumps(done, sort_keys=True, ensure_ascii=False).encode())
    assert digest.hexdigest() == DIGESTS[ROWS_VERSION], "other rows: raise ROWS_VERSION in luth/training/mixture.py"


def test_a_text_that_cannot_be_tokenised_takes_no_other_row_with_it():
    tokenizer, template = bytes_and_newlines(), read_training_template(SMOLLM2)
    texts = [json.dumps(turns(text)) for text in ("a", "\ud800", "b", "")]

    def done(texts):
        return tokenised_rows(
            {"messages": texts}, [*range(len(texts))], {"messages": "messages"}, tokenizer, template, ROWS_VERSION
        )

    together, alone = done(texts), [done([text]) for text in texts]
    assert [bool(problem) for problem in together["problem"]] == [False, True, False, True]
    for column in ("input_ids", "labels", "problem"):
        assert [list(value) for value in together[column]] == [list(each[column][0]) for each in alone]


def test_tokenised_rows_are_kept_by_their_version(load, hub, monkeypatch):
    def cached(rows):
        return {file["filename"] for file in rows.train.cache_files}

    first, again = load(hub("un")), load(hub("un"))
    monkeypatch.setattr(luth.training.mixture, "ROWS_VERSION", 99)
    assert cached(first) == cached(again) != cached(load(hub("un")))


def as_shared(question, answer):
    return {"id": 1, "conversations": [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.jsonl", lambda row: json.dumps(row)),
        ("f.json", lambda row: json.dumps([row], indent=2)),
        ("bom.jsonl", lambda row: "\ufeff" + json.dumps(row)),
        ("bom.json", lambda row: "\ufeff" + json.dumps([row], indent=2)),
        ("f.csv", lambda row: "conversations\n" + json.dumps(json.dumps(row["conversations"])).replace('\\"', '""')),
        ("conversations [fr].jsonl", lambda row: json.dumps(row)),
        ("f.jsonl.gz", lambda row: json.dumps(row)),
    ],
)
def test_files_as_people_have_them(name, content, load, tmp_path, tokenizer):
    path = tmp_path / name
    data = content(as_shared("a", "un")).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    kind = "csv" if name.endswith("csv") else "json"
    for source in ({"path": str(path)}, {"path": kind, "data_files": str(path)}):
        rows = load(source)
        assert "a<|im_end|>" in text(rows.train[0], tokenizer) and "⟦un<|im_end|>⟧" in text(rows.train[0], tokenizer)
        assert rows.counts["sources"][0]["form"].startswith("conversations in ShareGPT form: column conversations")
        assert rows.fingerprints == {str(path): sha256(path)}


def test_a_pattern_of_files_and_csv_with_semicolons(load, tmp_path, tokenizer):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"\ufeffquestion;answer\n{name}, 1;42\n{name} 2;NA\n", "utf-8")
    rows = load({"path": "csv", "data_files": str(tmp_path / "*.csv")})
    assert questions(rows.train, tokenizer) == ["a, 1", "a 2", "b, 1", "b 2"]
    assert ["⟦42<|" in text(row, tokenizer) for row in rows.train] == [True, False] * 2
    assert "⟦NA<|" in text(rows.train[1], tokenizer)


@pytest.mark.parametrize("folder", [False, True])
def test_dates_stay_text_and_written_nulls_stay(folder, load, tmp_path, tokenizer):
    (tmp_path / "d").mkdir()
    call = {"type": "function", "function": {"name": "agenda", "arguments": {"date": "2024-05-03", "heure": None}}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    tool = {"role": "tool", "content": "2024-05-03"}
    lines = [{"messages": [turns("2024-05-03")[0], asked, tool, turns("", "2024-05-04")[1]]}] * 3
    path = tmp_path / "d" / "train.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    rows = load({"path": str(path.parent)} if folder else files(path), template=QWEN3, max_length=900).train
    assert len(rows) == 3 and "⟦2024-05-04<|im_end|>⟧" in text(rows[2], tokenizer)
    assert '"arguments": {"date": "2024-05-03", "heure": null}}' in text(rows[0], tokenizer)


def test_parquet_of_objects_with_nulls(load, tmp_path, tokenizer):
    call = {"function": {"name": "heure", "arguments": '{"lieu": null}'}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    tool = {"role": "tool", "content": ""}
    lines = [
        {"messages": [turns("a")[0], asked, tool, turns("")[1]], "tools": None},
        {"messages": turns("b"), "tools": None},
    ]
    path = tmp_path / "rows [1].parquet"
    parquet.write_table(pa.Table.from_pylist(lines), path)
    for source in ({"path": str(path)}, {"path": "parquet", "data_files": str(path)}):
        rows = load(source, template=QWEN3, max_length=900)
        assert '"arguments": {"lieu": null}}' in text(rows.train[0], tokenizer) and len(rows.train) == 2


def test_a_turn_of_weight_0_is_read_and_not_trained(load, write_rows, tokenizer):
    for template in (SMOLLM2, QWEN3):
        line = {"messages": [turns("a")[0], {**turns("a", "non")[1], "weight": 0}, *turns("b", "oui")]}
        shown = text(load(files(write_rows([line])), template=template, max_length=900).train[0], tokenizer)
        assert shown.count("⟦") == 1 and "non<|im_end|>" in shown and "oui<|im_end|>⟧" in shown


def test_a_folder_with_a_loading_script_is_one_line(load, tmp_path):
    folder = tmp_path / "scripted"
    folder.mkdir()
    (folder / "scripted.py").write_text("import datasets\n", "utf-8")
    with pytest.raises(UserError, match=r"script of its own.*parquet") as error:
        load({"path": str(folder)})
    assert error.value.code == "bad-dataset" and "\n" not in str(error.value)


BROKEN = {
    "card": {"README.md": b"---\nconfigs: [\n---\n", "a.jsonl": b"{}"},
    "archive": {"x.zip": b"PK\x03\x04zz"},
    "gzip": {"x.jsonl.gz": b"\x1f\x8b\x08\x00abc"},
    "image": {"a.png": b"\x89PNG"},
    "card alone": {"README.md": b"# Rows"},
    "no format": {"rows.pkl": b"\x80\x04"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_folder_that_cannot_be_read_is_one_line(load, tmp_path, name):
    for file, content in BROKEN[name].items():
        (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match=re.escape(str(tmp_path))) as error:
        load({"path": str(tmp_path)})
    assert error.value.code == "bad-dataset" and "\n" not in str(error.value)


def test_a_folder_of_several_formats_is_not_read_in_part(load, write_rows, tmp_path, tokenizer):
    write_rows([{"messages": turns("un")}], "a.jsonl")
    (tmp_path / "dataset_info.json").write_text("{}")
    assert len(load({"path": str(tmp_path)}).train) == 1
    (tmp_path / "b.csv").write_text("question,answer\na,b\n")
    with pytest.raises(UserError, match=r"b\.csv.*data_files") as error:
        load({"path": str(tmp_path)})
    assert error.value.code == "bad-dataset"
    assert len(load({"path": str(tmp_path), "data_files": "a.jsonl"}).train) == 1
    (tmp_path / "README.md").write_text("---\nconfigs:\n- config_name: default\n  data_files: a.jsonl\n---\n")
    assert len(load({"path": str(tmp_path)}).train) == 1


def test_a_folder_that_is_not_there_is_not_looked_for_on_the_hub(load):
    with pytest.raises(UserError, match=r"\./nowhere: no such folder") as error:
        load({"path": "./nowhere"})
    assert error.value.code == "bad-dataset"


def test_two_forms_at_once_are_refused_and_columns_chooses(load, write_rows, tokenizer):
    path = write_rows([{**as_shared("a", "un"), "messages": turns("b")}])
    with pytest.raises(UserError, match=r"more than one form: messages; conversations: .*columns") as error:
        load(files(path))
    assert error.value.code == "bad-dataset"
    assert "⟦un<|" in text(load({**files(path), "columns": ["conversations"]}).train[0], tokenizer)


def test_other_columns_are_opened_with_their_own_types(write_rows):
    chosen = [{"role": "user", "content": None}]
    path = write_rows([{"prompt": "2024-05-03", "n": 1}, {"prompt": "x", "chosen": chosen}])
    [rows] = luth.training.sources.open_sources([Source("json", data_files=str(path))], ["prompt"], ["chosen"])
    assert rows[:] == {"prompt": ["2024-05-03", "x"], "chosen": [None, chosen]}
