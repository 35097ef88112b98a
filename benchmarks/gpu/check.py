"""What a GPU does with this code: eight steps that stand alone, in under 8 minutes, without a network.

    make gpu-check WHEELS=wheels
    python benchmarks/gpu/check.py --wheels wheels --out out/gpu-check
    python benchmarks/gpu/check.py --try

Each step is a process with a time limit; expected.toml says what is expected of it. The folder of --out gets
results.json, rewritten after every figure, so that nothing is lost when the machine goes; report.md, the table;
log.txt; and background.txt, of what compiles layers beside the first steps. docs/gpu.md says how to collect wheels,
what the steps mean and what to send back. This script needs the standard library only. Exit code 0: as expected; 1:
something is other or failed; 2: it could not begin.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from figures import MARK
from machine import ROOT, environment, gpu, require_packages, stop, unpack
from report import summary, table, verdict_of, verdict_of_step

HERE = Path(__file__).parent
# After the time limit a step has so long to end its own processes.
GRACE = 3.0
# With fewer seconds left no step is begun.
LEAST = 5
# On a CPU the steps are tried, not timed: seconds that no step takes.
TRIAL = 900.0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--try", dest="on_cpu", action="store_true", help="every step small, on a CPU")
    parser.add_argument("--wheels", type=Path, help="a folder of wheels for what this machine lacks")
    parser.add_argument("--out", type=Path, help="default: out/gpu-check/ and the time")
    parser.add_argument("--steps", help="only these: A,C")
    parser.add_argument("--expected", type=Path, default=HERE / "expected.toml", help="steps, limits, expectations")
    return parser


class Results:
    """results.json, rewritten whenever something is added."""

    def __init__(self, path: Path, facts: dict[str, Any], cards: list[str]) -> None:
        """Write the file's beginning; expectations of speed hold on `cards` alone."""
        self.path = path
        card = str(facts["machine"].get("card"))
        self.known = any(name in card for name in cards)
        self.record: dict[str, Any] = facts | {"finished": False, "steps": [], "measured": []}
        self.write()

    def write(self) -> None:
        """Put the new file in the old one's place in one move."""
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.record, indent=1, ensure_ascii=False) + "\n", "utf-8")
        os.replace(partial, self.path)

    def begin(self, step: dict[str, Any]) -> dict[str, Any]:
        """Add a step that is running."""
        found = {"name": step["name"], "about": step["about"], "verdict": "running", "figures": [], "notes": []}
        self.record["steps"].append(found)
        self.write()
        return found

    def take(self, found: dict[str, Any], said: dict[str, Any], expect: dict[str, Any]) -> None:
        """Add what a step's program said."""
        if "recipe" in said:
            self.record["measured"].append(said)
        elif "lines" in said:
            found["notes"].append(said)
        else:
            found["figures"].append(verdict_of(said, expect.get(said["name"]), self.known))
        self.write()

    def end(self, found: dict[str, Any], seconds: float, why: str | None, expect: dict[str, Any]) -> None:
        """Close a step; `why` says how its program ended where it did not end well."""
        given = {figure["name"] for figure in found["figures"]}
        found["missing"] = [name for name in expect if name not in given]
        found |= {"seconds": round(seconds, 1), "why": why}
        found["verdict"] = verdict_of_step(found)
        self.write()


def run_step(step: dict[str, Any], words: list[str], limit: float, log: TextIO, take: Any) -> str | None:
    """Run one step's program; return how it ended where it did not end well, None where it did."""
    process = subprocess.Popen(
        words, cwd=ROOT, env=step["environment"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    last = ""

    def read() -> None:
        nonlocal last
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            log.flush()
            if line.startswith(MARK):
                take(json.loads(line.removeprefix(MARK)))
            last = line.strip() or last

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        return f"stopped after its {limit:.0f} seconds"
    finally:
        _end_group(process)
        # A grandchild that lives on may hold the pipe.
        reader.join(GRACE)
    return None if code == 0 else f"ended with exit code {code}: {last[:300]}"


def _end_group(process: subprocess.Popen) -> None:
    """End a step and all its processes: politely first, for launchers end the processes that they started."""
    for how, wait in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            continue


@contextlib.contextmanager
def in_background(
    found: dict[str, Any] | None, on_cpu: bool, environment: dict[str, str], scratch: str, out: Path
) -> Iterator[None]:
    """Run the plan's background program beside the steps; it ends when they end, if not before."""
    if found is None:
        yield
        return
    words = [sys.executable, str(HERE / found["program"]), *found["arguments"], "--scratch", f"{scratch}/background"]
    with open(out / "background.txt", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*words, *(["--try"] if on_cpu else [])],
            cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        _end_group(process)


def wants(steps: list[dict[str, Any]], plan: dict[str, Any]) -> bool:
    """Tell whether any of the steps uses what the background program makes."""
    return any(step["name"] in plan.get("background", {}).get("steps", []) for step in steps)


def chosen(plan: dict[str, Any], asked: str | None) -> list[dict[str, Any]]:
    """Return the steps to run."""
    names = [step["name"] for step in plan["step"]]
    wanted = names if asked is None else [name.strip().upper() for name in asked.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in names]
    if unknown or not wanted:
        stop("bad-argument", f"--steps: {', '.join(unknown) or 'none named'}; there are {', '.join(names)}")
    return [step for step in plan["step"] if step["name"] in wanted]


def output_folder(asked: Path | None) -> Path:
    """Return the output folder; results that lie there already are kept."""
    out = (asked or ROOT / "out/gpu-check" / time.strftime("%Y%m%d-%H%M%S")).resolve()
    if (out / "results.json").exists():
        stop("output-unusable", f"{out} holds the results of a run: choose another --out")
    return out


def make_folder(out: Path) -> None:
    """Make the output folder, once nothing else can stop the run."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        stop("output-unusable", f"{out}: {error}")


def commit() -> str | None:
    """Return the checkout's commit, None outside git."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def main(arguments: list[str]) -> None:
    args = make_parser().parse_args(arguments)
    begun = time.monotonic()
    try:
        plan = tomllib.loads(args.expected.read_text("utf-8"))
    except (OSError, ValueError) as error:
        stop("bad-argument", f"--expected: {args.expected}: {error}")
    steps, out = chosen(plan, args.steps), output_folder(args.out)
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as scratch:
        site = Path(scratch) / "site"
        unpacked = unpack(args.wheels, site)
        versions = require_packages(site, args.wheels)
        around = environment(site, Path(scratch))
        facts = {
            "machine": gpu(around, args.on_cpu) | {"python": sys.version.split()[0], "cores": os.cpu_count()},
            "try": args.on_cpu,
            "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "commit": commit(),
            "packages": versions,
            "unpacked": unpacked,
        }
        make_folder(out)
        results = Results(out / "results.json", facts, plan["cards"])
        with open(out / "log.txt", "a", encoding="utf-8") as log:
            with in_background(plan["background"] if wants(steps, plan) else None, args.on_cpu, around, scratch, out):
                for step in steps:
                    left = plan["seconds"] - (time.monotonic() - begun)
                    limit = TRIAL if args.on_cpu else min(step["seconds"], left) if left > LEAST else 0
                    _one_step(step | {"environment": around}, args.on_cpu, limit, scratch, results, log)
                    (out / "report.md").write_text(table(results.record), "utf-8")
    results.record["finished"] = True
    results.write()
    print(f"{table(results.record)}\n{summary(results.record)} {out}", flush=True)
    sys.exit(1 if {"other", "failed"} & {step["verdict"] for step in results.record["steps"]} else 0)


def _one_step(step: dict[str, Any], on_cpu: bool, limit: float, scratch: str, results: Results, log: TextIO) -> None:
    found, expect, begun = results.begin(step), step.get("expect", {}), time.monotonic()
    print(f"{step['name']}: {step['about']} (at most {limit:.0f} s)", flush=True)
    words = [sys.executable, str(HERE / step["program"]), *step.get("arguments", [])]
    words += [
        "--scratch",
        scratch,
        "--results",
        str(results.path),
        "--seconds",
        f"{limit:.0f}",
        *(["--try"] if on_cpu else []),
    ]
    if limit == 0:
        found["left_out"], why = "no time was left", None
    else:
        log.write(f"\n== {step['name']}: {' '.join(words)}\n")
        why = run_step(step, words, limit, log, lambda said: results.take(found, said, expect))
    results.end(found, time.monotonic() - begun, why, expect)
    print(f"{step['name']}: {found['verdict']} ({found['seconds']:.0f} s){': ' + why if why else ''}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
