"""scripts/build_dataset.py: from sources to parquet, killed, shared out, refused, misled; the model is a stand-in."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import yaml

from tests.data.conftest import TOPICS, rows, shards

ROOT = Path(__file__).parents[2]


@pytest.fixture
def recipe(tmp_path, server, write_rows):
    """Write a recipe with a part that is translated, answered and judged, and one that is taken as it is."""
    english = [
        {"prompt": f"Please explain in a few clear sentences what we should understand by the word {topic}"}
        for topic in TOPICS
    ]
    french = [
        {
            "messages": [
                {
                    "role": "user",
                    "content": f"Peux-tu me dire en une phrase à quoi sert le {topic} dans la vie courante ?",
                },
                {
                    "role": "assistant",
                    "content": f"Le {topic} sert chaque jour à beaucoup de gens, et depuis longtemps.",
                },
            ]
        }
        for topic in TOPICS
    ]
    write_rows(english, "english.jsonl")
    write_rows(french, "french.jsonl")

    def write(**changes):
        ask = {"endpoint": "model", "attempts": 2}
        criteria = {"french": "Is it French?", "complete": "Is it complete?"}
        content = {
            "step": "build_dataset",
            "language": "fr",
            "language_name": "French",
            "tasks": 2,
            "endpoints": {
                "model": {
                    "base_url": server.url,
                    "model": "m",
                    "concurrent_requests": 4,
                    "api_max_retry": 1,
                    "restart_seconds": 0,
                }
            },
            "parts": {
                "made": {
                    "read": {"path": str(tmp_path / "english.jsonl"), "columns": {"prompt": "prompt"}},
                    "translate": ask,
                    "generate": ask,
                    "judge": {**ask, "criteria": criteria, "thresholds": {"french": 3}},
                },
                "taken": {"read": {"path": str(tmp_path / "french.jsonl"), "columns": {"messages": "messages"}}},
            },
            "steps": {
                "language": {},
                "quality": {},
                "deduplicate": {},
                "mix": {"test_size": 4},
                "write": {"shards": 2},
            },
            "output_dir": str(tmp_path / "built"),
            **changes,
        }
        path = tmp_path / f"data-{len(list(tmp_path.glob('data-*.yaml')))}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return path

    return write


def start(path, *more, stderr=subprocess.DEVNULL, python=sys.executable):
    command = [python, ROOT / "scripts/build_dataset.py", path, *more]
    # In a session of its own, so that a kill takes its helpers along, as a machine's failure would.
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)


def test_from_sources_to_a_dataset(recipe, build, server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    code, said, err = build(recipe())
    assert code == 0, err
    folder = tmp_path / "built"
    found = rows(folder)
    assert len(found) == 2 * len(TOPICS) and len({row["id"] for row in found}) == len(found)
    made = [row for row in found if row["source"] == "made"]
    assert all(row["messages"][0]["content"].startswith("Explique-moi") for row in made)
    assert all(json.loads(row["verdict"])["french"] == {"reason": "C'est ainsi.", "score": 5} for row in made)
    assert sum(parquet.read_metadata(path).num_rows for path in (folder / "dataset/data").glob("test-*")) == 4
    # A translation, an answer and a verdict a row, nothing asked twice.
    assert len(server.asked) == 3 * len(TOPICS) and set(server.asked.values()) == {1}
    assert "| made.translate | 14 | 0 | 140 | 70 |" in (folder / "funnel.md").read_text("utf-8")
    card = (folder / "dataset/README.md").read_text("utf-8")
    assert "| made.judge | 14 | 0 |" in card and "You judge whether" in card
    assert server.keys == {"Bearer sk-very-secret"}
    # Nothing about sampling is left to the server, and run.json says which server answered.
    sampling = {"top_k": -1, "min_p": 0, "repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0}
    assert all(sampling.items() <= json.loads(body).items() for body in server.asked)
    servers = json.loads((folder / "run.json").read_text("utf-8"))["servers"]
    assert servers == {name: {"answers_as": "m"} for name in ("made.generate", "made.judge", "made.translate")}
    for path in folder.rglob("*"):
        assert path.is_dir() or b"very-secret" not in path.read_bytes(), path
    code, said, err = build(recipe())
    assert code == 0 and "nothing to do" in said
    code, _, err = build(recipe(tasks=3))
    assert code == 2 and "made.read, made.translate" in err and "--redo" in err and "[changed-recipe]" in err


@pytest.mark.slow
def test_killed_at_several_moments_the_shards_are_the_same_and_nothing_is_paid_twice(recipe, build, server, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    code, _, err = build(recipe(), "--output_dir", whole)
    assert code == 0, err
    server.asked.clear()
    server.delay = 0.05
    given = recipe()
    for requests in (5, 17, 30):
        process = start(given, "--output_dir", broken)
        while sum(server.asked.values()) < requests:
            assert process.poll() is None
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.2)
    code, _, err = build(given, "--output_dir", broken)
    assert code == 0, err
    assert shards(broken) == shards(whole)
    # What was under way when it was killed may be asked again: 4 at a time, three kills.
    assert sum(server.asked.values()) <= 3 * len(TOPICS) + 3 * 4


@pytest.mark.slow
def test_the_number_of_tasks_and_workers_changes_nothing(recipe, build, tmp_path):
    for tasks, workers in ((1, 1), (3, 2)):
        code, _, err = build(recipe(tasks=tasks), "--workers", workers, "--output_dir", tmp_path / str(tasks))
        assert code == 0, err
    assert shards(tmp_path / "1") == shards(tmp_path / "3")


def test_steps_alone(recipe, build, tmp_path):
    given = recipe()
    code, _, err = build(given, "--only", "judge")
    assert code == 2 and "made.judge" in err and "made.generate" in err and "[step-order]" in err
    for step in ("read", "translate"):
        code, _, err = build(given, "--only", step)
        assert code == 0, err
    assert (tmp_path / "built/steps/made.translate/done.json").exists()
    assert not (tmp_path / "built/steps/made.generate").exists()
    code, said, err = build(given, "--only", "read")
    assert code == 0 and "made.read is done already" in said, err
    code, _, err = build(given, "--only", "push")
    assert code == 2 and "'push'" in err and "[bad-argument]" in err
    code, _, err = build(given, "--only", "jugde")
    assert code == 2 and "'jugde' (did you mean 'judge'?)" in err and "[bad-argument]" in err


def test_a_server_that_fails_stops_the_run_which_then_goes_on(recipe, build, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    given = recipe()
    # Each start has a few answers, and then another fault.
    for status in (401, 402, 403, 404, 500, 503):
        begun = sum(server.asked.values())
        server.refuse = lambda count, begun=begun, status=status: status if count > begun + 5 else None
        code, _, err = build(given)
        assert code == 2 and f"HTTP {status}" in err and "[server-failed]" in err and err.count("\n") == 1, err
        # What no other request would change is not sent again.
        assert ("asked 2 times" in err) == (status >= 500) and "very-secret" not in err
    server.refuse = lambda count: None
    code, _, err = build(given)
    assert code == 0, err


def test_a_server_that_is_slow_or_not_there_is_said_in_one_line(recipe, build, server):
    server.delay = 2
    slow = {"base_url": server.url, "model": "m", "timeout": 1, "api_max_retry": 0}
    away = {**slow, "base_url": "http://127.0.0.1:9/v1"}
    for endpoint, fact in ((slow, "within 1 s"), (away, away["base_url"])):
        code, _, err = build(recipe(endpoints={"model": endpoint}), "--output_dir", recipe().with_suffix(""))
        assert code == 2 and fact in err and "[server-failed]" in err and err.count("\n") == 1, err


def test_a_server_that_refuses_every_row_stops_the_run(recipe, build, server):
    server.refuse = lambda count: 400
    code, _, err = build(recipe())
    assert code == 2 and "made.translate" in err and "(14)" in err and "[server-failed]" in err, err


def test_a_refused_key_is_one_line_in_a_terminal(recipe, server, python):
    server.refuse = lambda count: 401
    endpoint = {"base_url": server.url, "model": "m", "concurrent_requests": 2}
    with start(recipe(endpoints={"model": endpoint}), stderr=subprocess.PIPE, python=python) as process:
        said = process.stderr.read().decode()
    assert process.returncode == 2 and said.count("\n") == 1, said
    assert "HTTP 401" in said and "[server-failed]" in said


def test_a_row_that_the_server_never_gets_right_is_rejected_where_others_are_answered(recipe, build, server, tmp_path):
    from tests.data.conftest import answer

    def fail_at_one(body):
        # A question whether the server is well has one word.
        if "miel" in body["messages"][-1]["content"]:
            raise RuntimeError
        return answer(body)

    server.say = fail_at_one
    code, _, err = build(recipe())
    assert code == 0 and len(rows(tmp_path / "built")) == 27, err
    assert "HTTP 500" in (tmp_path / "built/funnel.md").read_text("utf-8")


def test_a_reply_that_is_no_text_stops_the_run_which_then_goes_on(recipe, build, server):
    from tests.data.conftest import answer

    server.say = lambda body: [{"type": "text", "text": "Bonjour"}]
    code, _, err = build(recipe())
    assert code == 2 and "asked 2 times" in err and "[server-failed]" in err and err.count("\n") == 1, err
    server.say = answer
    code, _, err = build(recipe())
    assert code == 0, err


def test_what_is_no_good_is_asked_again_and_then_rejected_with_its_reason(recipe, build, server, tmp_path):
    from tests.data.conftest import answer

    def mislead(body):
        prompt = body["messages"][-1]["content"]
        if "par : pain" in prompt and "response_format" not in body and "----------" not in prompt:
            return "This answer is not in the language that was asked for, and it goes on for quite a while like this."
        if "par : vent" in prompt and "response_format" in body:
            return '{"french": {"reason": "half a'
        if "par : sel" in prompt and "response_format" in body:
            return answer(body).replace("5", "2", 1)
        if "par : bois" in prompt and "response_format" in body:
            return '{"french": ' + "[" * 20_000
        if "par : quai" in prompt and "response_format" not in body and "----------" not in prompt:
            return f"{answer(body)} \ud83d"
        if "par : lune" in prompt and "response_format" not in body and "----------" not in prompt:
            return ""
        return answer(body)

    server.say = mislead
    server.refuse = lambda count: 429 if count % 7 == 0 else None
    code, _, err = build(recipe(endpoints={"model": {"base_url": server.url, "model": "m", "api_max_retry": 4}}))
    assert code == 0, err
    rejected = {}
    for path in (tmp_path / "built/steps").rglob("rejected/*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)["metadata"]
            word = next(topic for topic in TOPICS if topic in row["messages"][0]["content"].split()[-1])
            rejected[word] = row["filter_reason"]
            assert row["cost"][path.parts[-3].split(".")[1]]["requests"] == (1 if word == "sel" else 2)
    assert rejected == {
        "pain": "in another language",
        "vent": "the judge's answer cannot be read",
        "sel": "judged: french",
        "lune": "empty",
        "bois": "the judge's answer cannot be read",
    }
    assert len(rows(tmp_path / "built")) == 2 * len(TOPICS) - 5
    assert any(row["messages"][-1]["content"].endswith(" ?") for row in rows(tmp_path / "built"))


def test_a_test_split_that_leaves_nothing_to_train_on(recipe, build):
    code, _, err = build(recipe(steps={"mix": {"test_size": 300}}))
    assert code == 2 and f"test_size: 300 of {2 * len(TOPICS)} rows" in err and "[bad-recipe-value]" in err, err


def test_earlier_answers_are_translated_and_the_last_one_is_written_anew(recipe, build, server, tmp_path, write_rows):
    turns = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    said = {"a": "pain", "b": "sel", "c": "vent", "d": "lune"}
    row = {"messages": [{"role": role, "content": f"Tell me about the word {said[name]}"} for role, name in turns]}
    read = {"path": str(write_rows([row], "turns.jsonl")), "columns": {"messages": "messages"}}
    ask = {"endpoint": "model"}
    code, _, err = build(recipe(parts={"a": {"read": read, "translate": ask, "generate": ask}}, steps={}))
    assert code == 0, err
    (found,) = rows(tmp_path / "built")
    assert [turn["role"] for turn in found["messages"]] == ["user", "assistant", "user", "assistant"]
    assert [turn["content"].split()[-1] for turn in found["messages"][:3]] == ["pain", "sel", "vent"]
    assert not any("lune" in asked for asked in server.asked)


def part(name="a", select=None, **read):
    return {
        "parts": {
            name: {
                "read": {"path": "x.csv", "columns": {"messages": "m"}, **read},
                **({"select": select} if select else {}),
            }
        }
    }


def endpoint(**changes):
    return {"endpoints": {"model": {"base_url": "http://h/v1", "model": "m", **changes}}}


@pytest.mark.parametrize(
    ("changes", "facts", "code"),
    [
        ({"parts": {}}, "parts: ", "value"),
        ({"steps": {"quality": {}, "language": {}}}, "steps: language comes before quality", "step-order"),
        ({"language": "xx"}, "language: 'xx'", "unknown-language"),
        ({"language": "French"}, "did you mean 'fr'", "unknown-language"),
        ({"language": "français"}, "did you mean 'fr'", "unknown-language"),
        (part(columns={"prompt": "p"}), "parts: a: ", "value"),
        (part(select={"where": {"t": [1]}}), "parts: a: select: where: 't'", "value"),
        ({"steps": {"decontaminate": {"items": "x", "ngram": 5}}}, "decontaminate: ngram: 5 ", "value"),
        (endpoint(base_url="localhost:80"), "endpoints: model: base_url: 'localhost:80'", "value"),
        (endpoint(base_url="http://u:sk-x@h/v1"), "endpoints: model: base_url", "value"),
        (endpoint(base_url="ftp://u:sk-x@h/v1"), "endpoints: model: base_url", "value"),
        (endpoint(base_url="http://h/v1?key=sk-x"), "endpoints: model: base_url", "value"),
        (endpoint(base_url="http://é..com/v1"), "endpoints: model: base_url: 'http://é..com/v1'", "value"),
        (endpoint(concurrent_requests=0), "endpoints: model: concurrent_requests: 0", "value"),
        (endpoint(timeout=float("nan")), "endpoints: model: timeout: nan", "value"),
        (endpoint(api_key_env="sk-x"), "endpoints: model: api_key_env", "value"),
        (endpoint(api_key_env="skx"), "http://h/v1: the variable that api_key_env names", "bad-key"),
        ({"endpoints": {1: {"base_url": "http://h/v1", "model": "m"}}}, "endpoints: ", "value"),
        ({"steps": {"push": {"repo_id": "a/b/c"}}}, "push: repo_id: ", "value"),
        ({"steps": {"language": {"characters": 30}}}, "steps: language: characters: 30", "value"),
        ({"steps": {"language": {"other": 60}}}, "steps: language: other: 60", "value"),
        ({"steps": {"language": {"own": float("inf")}}}, "steps: language: own: inf", "value"),
        ({"steps": {"write": {"tokenizer": "./nowhere"}}}, "tokenizer: ./nowhere", "bad-model"),
        (part(columns={"messages": "m", "system": "s"}), "parts: a: read: columns: messages", "value"),
        (part(columns={"prompt": "p", "input": "i"}), "parts: a: read: columns: input", "value"),
        (part(path=" "), "parts: a: read: path", "value"),
        (part(path="rows.json"), "rows.json", "bad-dataset"),
        (part(select={"min_turns": 3, "max_turns": 1}), "min_turns: 3 is above max_turns, 1", "value"),
        (part("x" * 300), "parts: 'xxx", "value"),
        ({"steps": {"language": None}}, "steps: language is blank", "value"),
        ({"parts": ["a"]}, "parts: ", "value"),
        (part(limt=8), "did you mean 'limit'?", None),
        (endpoint(api_key_evn="K"), "did you mean 'api_key_env'?", None),
        ({"steps": {"qualty": {}}}, "'qualty' (did you mean 'quality'?)", "key"),
        ({"steps": {"quality": {"rules": ["latx"]}}}, "'latx' (did you mean 'latex'?)", None),
        ({"steps": {"mix": {"caps": {"mad": 3}}}}, "caps: there is no part 'mad' (did you mean 'made'?)", "value"),
        ({"steps": {"decontaminate": {"items": "out/nowhere"}}}, "decontaminate: items: out/nowhere", "bad-dataset"),
        ({"endpoints": {}}, "parts: made: translate: endpoint: 'model'", "value"),
        ({"tasks": 0}, "tasks: 0", "value"),
        ({"steps": {"write": {"shards": 0}}}, "steps: write: shards: 0", "value"),
        ({"steps": {"mix": {"caps": {"made": 0}}}}, "steps: mix: caps: made: 0", "value"),
    ],
)
def test_mistakes_in_the_recipe(recipe, build, tmp_path, changes, facts, code):
    exit_code, _, err = build(recipe(**changes))
    assert exit_code == 2 and facts in err and err.count("\n") == 1, err
    code = {"value": "bad-recipe-value", "key": "bad-recipe-key"}.get(code, code)
    assert code is None or f"[{code}]" in err, err
    assert not (tmp_path / "built").exists() and "sk-x" not in err


def test_all_mistakes_are_listed_at_once(recipe, build):
    code, _, err = build(recipe(endpoints={}, steps={"mix": {"caps": {"mad": 3}}}))
    assert code == 2 and err.count("'model' is not under endpoints") == 3 and "'mad'" in err, err


def test_a_criterion_may_have_any_name(recipe, build, tmp_path, server):
    read = {"path": str(tmp_path / "french.jsonl"), "columns": {"messages": "messages"}, "split": "validation"}
    judge = {"endpoint": "model", "criteria": {"characters": "Are they alive?"}, "thresholds": {"characters": 3}}
    code, _, err = build(recipe(parts={"a": {"read": read, "judge": judge}}, steps={}))
    assert code == 2 and "split" in err and "[bad-dataset]" in err, err
    del read["split"]
    code, _, err = build(recipe(parts={"a": {"read": read, "judge": judge}}, steps={}))
    assert (
        code == 0 and "characters: Are they alive? At least 3." in (tmp_path / "built/dataset/README.md").read_text()
    )


def test_a_conversation_without_an_answer_is_taken_to_be_answered_alone(recipe, build, tmp_path, write_rows):
    asked = [{"messages": [{"role": "user", "content": f"À quoi sert le {topic} ?"}]} for topic in TOPICS]
    read = {"path": str(write_rows(asked, "asked.jsonl")), "columns": {"messages": "messages"}}
    code, _, err = build(recipe(parts={"a": {"read": read}}, steps={}))
    assert code == 2 and "a.read" in err and "no answer at the end" in err and "[no-rows-left]" in err, err


def test_an_output_folder_that_cannot_be_made(recipe, build, tmp_path):
    code, _, err = build(recipe(), "--output_dir", tmp_path / "english.jsonl" / "out")
    assert code == 2 and "english.jsonl is a file" in err and "[output-unusable]" in err, err


def test_a_folder_that_is_no_dataset(recipe, build, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/rows.jsonl").write_text('{"messages": []}\n{"mess\n', "utf-8")
    read = {"path": str(tmp_path / "folder"), "columns": {"messages": "messages"}}
    code, _, err = build(recipe(parts={"taken": {"read": read}}))
    assert code == 2 and str(tmp_path / "folder") in err and "[bad-dataset]" in err and "Traceback" not in err, err
