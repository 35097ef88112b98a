"""Log-likelihoods from servers: the transformers backend's, by each way, or the tasks are left out by name."""

import json

import pyarrow.parquet as parquet
import pytest
import yaml

from tests.evaluation.model_server import ModelServer

ITEMS = 4


@pytest.fixture(scope="module")
def folder(make_model, tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("served") / "model")


@pytest.fixture
def server(folder):
    with ModelServer(folder) as one:
        yield one
        one.shutdown()


@pytest.fixture
def recipe(tmp_path, server, folder):
    def write(tokenizer=str(folder), served=True, endpoint=None, **changes):
        content = {
            "models": [{"model_name": "served", "tokenizer": tokenizer}] if served else [str(folder)],
            "custom_tasks": ["recipes/demo/tasks.py"],
            "tasks": ["demo_choice_fr"],
            "output_dir": str(tmp_path / ("eval" if served else "local")),
            "max_samples": ITEMS,
            "dtype": "float32",
            **changes,
        }
        if served:
            content["endpoint"] = {"base_url": server.url, "timeout": 20, "api_max_retry": 1, **(endpoint or {})}
        path = tmp_path / f"eval-{len(list(tmp_path.glob('eval-*.yaml')))}.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


def responses(folder):
    """Return each item's response."""
    (path,) = folder.rglob("details_*.parquet")
    return {row["doc"]["id"]: row["model_response"] for row in parquet.read_table(path).to_pylist()}


def record(tmp_path, name="served"):
    return json.loads((tmp_path / "eval" / "results" / name / "run.json").read_text("utf-8"))


WAYS = {
    "echo": {"speaks": {"echo", "forced"}},
    "prompt_logprobs": {"speaks": {"prompt_logprobs", "forced"}},
    "forced": {"speaks": {"forced"}},
    "forced by llama.cpp": {"speaks": {"forced"}, "llama_cpp": True},
    "text_offsets": {"speaks": {"text"}},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tokens", ["local", "server"])
def test_log_likelihoods_are_the_local_ones(way, tokens, server, folder, recipe, run, tmp_path):
    vars(server).update(WAYS[way])
    code, out, err = run("evaluate", recipe(tokenizer=str(folder) if tokens == "local" else None))
    assert code == 0, err
    assert run("evaluate", recipe(served=False))[0] == 0
    mine, local = responses(tmp_path / "eval"), responses(tmp_path / "local")
    assert mine.keys() == local.keys() and len(mine) == ITEMS
    for item, response in mine.items():
        assert response["logprobs"] == pytest.approx(local[item]["logprobs"], abs=1e-4)
        assert response["argmax_logits_eq_gold"] == local[item]["argmax_logits_eq_gold"]
        assert response["input_tokens"] == local[item]["input_tokens"]
        assert response["output_tokens"] == local[item]["output_tokens"]
    facts = record(tmp_path)["server"]
    assert facts["log_likelihoods"] == {
        "way": way.removesuffix(" by llama.cpp"),
        "tokens_of": str(folder) if tokens == "local" else "the server",
    }
    assert (" hours " in out) == way.startswith("forced")
    offsets = "text offsets" in (tmp_path / "eval" / "scores.md").read_text("utf-8")
    assert offsets == (way == "text_offsets")


def test_the_record_says_the_servers_facts_and_not_this_machines(server, recipe, run, tmp_path):
    assert run("evaluate", recipe())[0] == 0
    made = record(tmp_path)
    assert made["server"]["system_fingerprint"] == "tiny-1" and made["server"]["models"] == ["served"]
    assert made["server"]["context"] == 1024
    assert "torch" not in made["packages"] and "dtype" not in made["recipe"] and "hardware" not in made


@pytest.mark.parametrize(
    ("settings", "named", "fact"),
    [
        ({"speaks": set()}, True, "no log-probabilities"),
        ({"speaks": {"last"}}, True, "the last token only"),
        ({"pages": set()}, False, "no tokenizer of served"),
        ({"pages": set(), "speaks": {"forced"}}, True, "it has no /tokenize"),
    ],
)
def test_without_log_likelihoods_the_tasks_are_left_out_by_name(settings, named, fact, server, recipe, run):
    vars(server).update(settings)
    changes = {} if named else {"tokenizer": None}
    code, out, err = run("evaluate", recipe(**changes, tasks=["demo_choice_fr", "demo_short_fr"]))
    assert code == 0, err
    (line,) = [line for line in out.splitlines() if "left out are demo_choice_fr" in line]
    assert fact in line
    code, _, err = run("evaluate", recipe(**changes))
    assert code == 2 and err.count("error: ") == 1


def test_echoed_text_tells_the_tokens_where_there_is_no_page_for_them(server, recipe, run, tmp_path):
    server.pages = set()
    assert run("evaluate", recipe())[0] == 0
    assert record(tmp_path)["server"]["log_likelihoods"]["way"] == "echo"


def test_another_models_tokenizer_is_one_line(server, recipe, run, tokenizer, tmp_path):
    changed = json.loads(tokenizer.backend_tokenizer.to_str())
    changed["model"]["merges"] = changed["model"]["merges"][:40]
    other = type(tokenizer)(tokenizer_object=type(tokenizer.backend_tokenizer).from_str(json.dumps(changed)))
    other.chat_template = tokenizer.chat_template
    other.save_pretrained(tmp_path / "other")
    code, _, err = run("evaluate", recipe(tokenizer=str(tmp_path / "other")))
    assert code == 2 and "other tokens" in err and "[server-failed]" in err and err.count("\n") == 1


def test_a_short_context_is_one_line_and_what_fits_is_kept(server, recipe, run, tmp_path):
    assert run("evaluate", recipe(output_dir=str(tmp_path / "long")))[0] == 0
    sizes = sorted(len(body["prompt"]) for body in server.asked[1:])
    server.asked.clear()
    server.context = 1 + sizes[0]
    code, _, err = run("evaluate", recipe())
    assert code == 2 and "--max-model-len" in err and err.count("context size") == 1 and err.count("error: ") == 1, err


def test_a_server_that_dies_and_comes_back_loses_nothing(server, recipe, run, tmp_path):
    away = ["drop", 503, "drop"] * 4

    def dies(body):
        return away.pop() if len(server.asked) > 6 and away else None

    server.faults = dies
    code, _, err = run("evaluate", recipe(endpoint={"concurrent_requests": 4}))
    assert code == 0 and not away, err
    assert len(responses(tmp_path / "eval")) == ITEMS


def test_what_was_scored_is_kept_when_the_server_is_gone_for_good(server, recipe, run):
    gone = {"concurrent_requests": 1, "restart_seconds": 0, "api_max_retry": 0}
    server.faults = lambda body: 503 if len(server.asked) > 6 else None
    code, _, err = run("evaluate", recipe(endpoint=gone))
    assert code == 2 and "HTTP 503" in err and err.count("error: ") == 1
    kept, server.faults = 5, lambda body: None
    server.asked.clear()
    assert run("evaluate", recipe(endpoint=gone))[0] == 0
    sent = {json.dumps(body["prompt"]) for body in server.asked[1:]}
    assert len(server.asked) - 1 == len(sent)
    server.asked.clear()
    assert run("evaluate", recipe(endpoint=gone))[0] == 0
    assert len(server.asked) - 1 == len(sent) + kept
