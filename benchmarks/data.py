"""scripts/build_dataset.py on 2 cores: rows a second, memory, an endpoint kept busy, and what the filters find.

    python benchmarks/data.py [--million]

Measured: 10,000 and 100,000 conversations (with --million, 1,000,000 as well, alone) through read, select, language,
quality, deduplicate and decontaminate, with the most memory that all processes held together; an endpoint that takes
200 ms a request, against what its concurrency permits; language identification on real texts; planted benchmark items
and near copies. Texts are those of ../shared/data where it is there, else the demo's. The last line is the verdict.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import yaml

from luth.core.errors import UserError, run_script

ROWS_GOAL, MEMORY_GOAL, ENDPOINT_GOAL = 1500, 2.0, 0.95
LANGUAGE_GOAL, MIXED_GOAL, FALSE_GOAL, NEAR_GOAL = 0.995, 0.95, 0.001, 0.95
ROOT = Path(__file__).parents[1]
SHARED = ROOT / "../shared/data"
DELAY, REQUESTS, CONCURRENCY = 0.2, 4000, 32
SERVER = f"""
import asyncio, json
from aiohttp import web
async def chat(request):
    body = await request.json()
    await asyncio.sleep({DELAY})
    text = "Voilà une réponse en français, assez longue pour que sa langue se reconnaisse : " + str(body["seed"])
    choice = {{"index": 0, "finish_reason": "stop", "message": {{"role": "assistant", "content": text}}}}
    usage = {{"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}}
    reply = {{"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}}
    return web.json_response(reply)
app = web.Application()
app.router.add_post("/v1/chat/completions", chat)
web.run_app(app, host="127.0.0.1", port=PORT, print=None)
"""


def sentences() -> list[str]:
    """Return French sentences to make conversations of."""
    found = []
    for path in sorted((SHARED / "eltec-fra").rglob("*.txt"))[:12]:
        found += [line.strip() for line in path.read_text("utf-8", "replace").replace("\n", " ").split(". ")]
    if not found:
        for path in sorted((ROOT / "recipes/demo/data/train").glob("*.jsonl")):
            for line in path.read_text("utf-8").rstrip("\n").split("\n"):
                found += [turn["content"] for turn in json.loads(line)["messages"]]
    return [f"{text}." for text in found if 60 < len(text) < 300]


def conversations(rows: int, stock: list[str]) -> Iterator[dict[str, Any]]:
    """Give conversations of about 120 words, each from sentences drawn anew."""
    draw = random.Random(0)
    for number in range(rows):
        question = f"Que penses-tu de ce passage, le numéro {number} ? {draw.choice(stock)}"
        answer = " ".join(draw.choice(stock) for _ in range(5))
        yield {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def write_rows(path: Path, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> None:
    """Write JSON lines."""
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def build(recipe: dict[str, Any], folder: Path, *more: str) -> tuple[float, float]:
    """Run the script; return its seconds, and the most memory in GiB that it and its workers held together."""
    path = folder.with_suffix(".yaml")
    path.write_text(yaml.safe_dump({**recipe, "output_dir": str(folder)}, sort_keys=False, allow_unicode=True))
    command = [sys.executable, ROOT / "scripts/build_dataset.py", path, *more]
    begun, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.2)
        if process.returncode:
            said.seek(0)
            raise UserError(
                "build-stopped",
                f"the build failed: {said.read().decode(errors='replace').strip().splitlines()[-1]}",
            )
    return time.perf_counter() - begun, peak


def memory(pid: int) -> float:
    """Return what a process and all that it started hold at the moment, each page that they share counted once."""
    total = 0
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for one in family:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**30


def through_all(rows: int, stock: list[str], items: Path, scratch: Path) -> tuple[float, float]:
    """Return rows a second and memory for so many rows through everything that asks no model."""
    source = scratch / f"{rows}.jsonl"
    write_rows(source, conversations(rows, stock))
    recipe = {
        "language": "fr",
        "language_name": "French",
        "tasks": 4,
        "parts": {
            "all": {"read": {"path": str(source), "columns": {"messages": "messages"}}, "select": {"min_turns": 1}}
        },
        "steps": {"language": {}, "quality": {}, "deduplicate": {}, "decontaminate": {"items": str(items)}},
    }
    seconds, peak = build(recipe, scratch / f"built-{rows}")
    print(f"{rows:,} rows: {seconds:.0f} s, {rows / seconds:,.0f} rows a second, {peak:.2f} GiB", flush=True)
    return rows / seconds, peak


def write_items(folder: Path) -> list[str]:
    """Write benchmark items; return their texts."""
    from luth.data.filters.decontamination import LETTERS

    folder.mkdir()
    texts = []
    for path in sorted((ROOT / "recipes/demo/data/choice").glob("*-test.jsonl")):
        texts += [json.loads(line)["question"] for line in path.read_text("utf-8").rstrip("\n").split("\n")]
    exams = SHARED / "exams/exams_multilingual_test_fr.jsonl"
    if exams.exists():
        texts += [json.loads(line)["question"]["stem"] for line in exams.read_text("utf-8").rstrip("\n").split("\n")]
    # A letter alone is no item that could be found.
    texts = [text for text in texts if sum(map(str.isalnum, text)) >= LETTERS]
    write_rows(folder / "items.jsonl", [{"task": "planted", "text": text} for text in texts])
    return texts


def busy_endpoint(stock: list[str], scratch: Path) -> float:
    """Return the share of what the endpoint's concurrency permits, over the seconds in which it was asked."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", SERVER.replace("PORT", str(port))])
    try:
        source = scratch / "asked.jsonl"
        write_rows(source, conversations(REQUESTS, stock))
        endpoint = {"base_url": f"http://127.0.0.1:{port}/v1", "model": "m", "concurrent_requests": CONCURRENCY}
        part = {
            "read": {"path": str(source), "columns": {"messages": "messages"}},
            "generate": {"endpoint": "slow", "attempts": 1},
        }
        recipe = {
            "language": "fr",
            "language_name": "French",
            "tasks": 1,
            "endpoints": {"slow": endpoint},
            "parts": {"asked": part},
            "steps": {},
        }
        build(recipe, scratch / "built-asked", "--only", "read")
        build(recipe, scratch / "built-asked", "--only", "generate")
    finally:
        server.kill()
    stats = json.loads((scratch / "built-asked/steps/asked.generate/logs/ask/stats/00000.json").read_text())
    (took,) = (step["time_stats"]["total"] for step in stats if step["name"].startswith("Model call"))
    share = REQUESTS * DELAY / CONCURRENCY / took
    print(
        f"endpoint: {REQUESTS} requests of {DELAY:g} s, {CONCURRENCY} at a time, in {took:.1f} s: {share:.1%}",
        flush=True,
    )
    return share


def known_texts() -> list[tuple[str, str]]:
    """Return real texts of 50 characters or more with their languages."""
    codes = {"arb": "ar", "cat": "ca", "ces": "cs", "deu": "de", "ell": "el", "eng": "en", "eus": "eu", "fin": "fi"}
    codes |= {
        "fra": "fr",
        "fra-CA": "fr",
        "glg": "gl",
        "heb": "he",
        "hin": "hi",
        "hun": "hu",
        "ind": "id",
        "ita": "it",
    }
    codes |= {"jpn": "ja", "kor": "ko", "ltz": "lb", "nld": "nl", "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru"}
    codes |= {"spa": "es", "swa": "sw", "swe": "sv", "tur": "tr", "ukr": "uk", "vie": "vi", "zho-CN": "zh"}
    found = []
    for path in sorted((SHARED / "ntrex").glob("*.txt")):
        found += [(line, codes[path.name.split(".")[-2]]) for line in path.read_text("utf-8").rstrip("\n").split("\n")]
    for language in ("fr", "en"):
        path = SHARED / f"mgsm/mgsm_{language}.tsv"
        found += [(line.split("\t")[0], language) for line in path.read_text("utf-8").rstrip("\n").split("\n")]
    for line in (SHARED / "langid/exams_questions_30_per_language.jsonl").read_text("utf-8").rstrip("\n").split("\n"):
        row = json.loads(line)
        found.append((row["question"]["stem"], row.get("language") or LANGUAGES[row["info"]["language"]]))
    for line in (SHARED / "openquizzdb/openquizzdb_fr.jsonl").read_text("utf-8").rstrip("\n").split("\n"):
        found.append((json.loads(line)["question"], "fr"))
    for name in ("train", "dev", "test"):
        found += [
            (row["question"], "fr") for row in json.loads((SHARED / f"frenchmedmcqa/{name}.json").read_text("utf-8"))
        ]
    return [(text, language) for text, language in found if text and len(text) >= 50]


LANGUAGES = {
    "Albanian": "sq",
    "Arabic": "ar",
    "Bulgarian": "bg",
    "Croatian": "hr",
    "French": "fr",
    "German": "de",
    "Hungarian": "hu",
    "Italian": "it",
    "Lithuanian": "lt",
    "North Macedonian": "mk",
    "Macedonian": "mk",
    "Polish": "pl",
    "Portuguese": "pt",
    "Serbian": "sr",
    "Spanish": "es",
    "Turkish": "tr",
    "Vietnamese": "vi",
}


def languages() -> tuple[float, float]:
    """Return the share of texts identified right, and of texts that go on in English that are caught."""
    from luth.data.filters.language import LEAST, foreign
    from luth.data.filters.language_model import identify
    from luth.data.recipe import IdentifyLanguage

    texts = known_texts()
    found = [identify(text) for text, _ in texts]
    labels = sum(one == language for one, (_, language) in zip(found, texts, strict=True)) / len(texts)
    right = sum((one == "fr") == (language == "fr") for one, (_, language) in zip(found, texts, strict=True)) / len(
        texts
    )
    french = (SHARED / "ntrex/newstest2019-ref.fra.txt").read_text("utf-8").rstrip("\n").split("\n")
    english = (SHARED / "ntrex/newstest2019-src.eng.txt").read_text("utf-8").rstrip("\n").split("\n")
    pairs = zip(french, english[1:], strict=False)
    mixed = [f"{begin} {end}" for begin, end in pairs if min(len(begin), len(end)) >= LEAST]
    settings = IdentifyLanguage()
    long = [text for text in french if len(text) >= LEAST]
    caught = sum(foreign(text, "fr", settings) is not None for text in mixed) / len(mixed)
    wrongly = sum(foreign(text, "fr", settings) is not None for text in long) / len(long)
    print(
        f"language: French or not right for {right:.2%} of {len(texts):,} texts in 34 languages, which language for "
        f"{labels:.2%}; {caught:.1%} of {len(mixed)} that go on in English "
        f"caught, {wrongly:.2%} of {len(long)} French ones wrongly",
        flush=True,
    )
    return right, caught


def planted_items(texts: list[str], stock: list[str], items: Path) -> tuple[float, float]:
    """Return the share of planted items that are found in 10,000 rows, and of other rows that are hits."""
    from luth.data.filters.decontamination import Index, read_items
    from luth.data.recipe import Decontaminate

    draw = random.Random(1)
    index = Index(read_items(items), Decontaminate(str(items)))
    changes = (
        lambda text: text,
        str.upper,
        lambda text: "".join(sign if sign.isalnum() or sign.isspace() else " ; " for sign in text),
        lambda text: f"{draw.choice(stock)} {text} {draw.choice(stock)}",
    )
    planted = [change(text) for text in texts for change in changes]
    clean = [
        "\n\n".join(turn["content"] for turn in row["messages"]) for row in conversations(10_000 - len(planted), stock)
    ]
    missed = [text for text in planted if index.find(text) is None]
    false = sum(index.find(text) is not None for text in clean) / len(clean)
    found = 1 - len(missed) / len(planted)
    print(f"decontamination: {found:.2%} of {len(planted):,} planted items found, {false:.3%} false hits", flush=True)
    for text in missed[:5]:
        print(f"  missed: {text[:120]!r}")
    return found, false


def near_copies(stock: list[str], scratch: Path) -> float:
    """Return the share of planted copies, 0.8 similar by 5-word shingles, that are found."""
    from luth.core.text import words

    draw = random.Random(2)
    rows, similar = [], 0
    for row in conversations(2000, stock):
        answer = row["messages"][1]["content"].split()
        copy = list(answer)
        original = shingles(words(f"{row['messages'][0]['content']} {' '.join(answer)}"))
        while True:
            changed = list(copy)
            changed[draw.randrange(len(changed))] = f"mot{draw.randrange(10**6)}"
            now = shingles(words(f"{row['messages'][0]['content']} {' '.join(changed)}"))
            if len(original & now) / len(original | now) < 0.8:
                break
            copy = changed
        rows += [row, {"messages": [row["messages"][0], {"role": "assistant", "content": " ".join(copy)}]}]
        similar += 1
    source = scratch / "near.jsonl"
    write_rows(source, rows)
    recipe = {
        "language": "fr",
        "language_name": "French",
        "parts": {"near": {"read": {"path": str(source), "columns": {"messages": "messages"}}}},
        "steps": {"deduplicate": {}},
    }
    build(recipe, scratch / "built-near")
    done = json.loads((scratch / "built-near/steps/deduplicate/done.json").read_text("utf-8"))
    found = sum(count["rows"] for count in done["rejected"]) / similar
    print(f"near copies: {found:.1%} of {similar} found", flush=True)
    return found


def shingles(found: list[str]) -> set[tuple[str, ...]]:
    """Return a text's runs of 5 words."""
    return set(zip(*(found[at:] for at in range(5)), strict=False))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million", action="store_true", help="1,000,000 rows, and nothing else")
    args = parser.parse_args(arguments)
    begun = time.monotonic()
    stock = sentences()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        scratch = Path(name)
        items = scratch / "items"
        texts = write_items(items)
        if args.million:
            through_all(1_000_000, stock, items, scratch)
            return
        _, small = through_all(10_000, stock, items, scratch)
        rate, large = through_all(100_000, stock, items, scratch)
        share = busy_endpoint(stock, scratch)
        found, false = planted_items(texts, stock, items)
        near = near_copies(stock, scratch)
    met = [rate >= ROWS_GOAL, max(small, large) <= MEMORY_GOAL, share >= ENDPOINT_GOAL]
    met += [found == 1, false <= FALSE_GOAL, near >= NEAR_GOAL]
    right = caught = float("nan")
    if SHARED.exists():
        right, caught = languages()
        met += [right >= LANGUAGE_GOAL, caught >= MIXED_GOAL]
    figures = [
        f"{rate:,.0f} rows a second (goal {ROWS_GOAL:,})",
        f"{small:.2f} and {large:.2f} GiB (goal {MEMORY_GOAL:g})",
        f"endpoint {share:.1%} (goal {ENDPOINT_GOAL:.0%})",
        f"language {right:.2%} (goal {LANGUAGE_GOAL:.1%}), mixed {caught:.1%} (goal {MIXED_GOAL:.0%})",
        f"items {found:.2%} (goal 100%), false {false:.3%} (goal {FALSE_GOAL:.1%})",
        f"near copies {near:.1%} (goal {NEAR_GOAL:.0%})",
        f"{(time.monotonic() - begun) / 60:.0f} minutes",
    ]
    print(f"{'reached' if all(met) else 'NOT reached'}: {'; '.join(figures)}")
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    run_script(main)
