"""`scripts/sft.py RECIPE --plan`: its options, the data that it samples, and the warning before a real run."""

import argparse
import math
from collections.abc import Callable
from typing import Any

from luth.core.command_line import script_parser, split_keys
from luth.core.console import say
from luth.core.errors import UserError

# What Luth-SFT's rows are like, where the data cannot be reached: 592 tokens a row, of which 65% are trained.
MEAN, TRAINED = 592, 0.65


def split_options(
    words: list[str], add_options: Callable[[argparse.ArgumentParser], None]
) -> tuple[argparse.Namespace, list[str]]:
    """Return the options of a plan, which `add_options` adds to a parser, and the other words of a command line.

    Raises:
        UserError: bad-argument, where there are options of a plan and no --plan.
    """
    parser = script_parser(None)
    add_options(parser)
    own, others = split_keys(words, parser)
    asked = parser.parse_args(own)
    given = [name for name in ("gpu", "processes", "launch", "tokens") if getattr(asked, name) is not None]
    if given and not asked.plan:
        raise UserError("bad-argument", f"--{given[0]} is for --plan: add it")
    if asked.plan and any(word.split("=")[0] == "--preview" for word in others):
        raise UserError("bad-argument", "--preview and --plan print different things: leave one of them out")
    for name in ("processes", "tokens"):
        if getattr(asked, name) is not None and not 1 <= getattr(asked, name) < math.inf:
            raise UserError("bad-argument", f"--{name} is a number, at least 1")
    return asked, others


def planned(path: str, recipe: dict[str, Any], overrides: list[str], asked: argparse.Namespace) -> str:
    """Return the plan of a recipe as text.

    Args:
        path: the recipe's.
        recipe: its keys.
        overrides: the command line's `--key value` pairs.
        asked: what `split_options` returned.

    Raises:
        UserError: the recipe or an option is wrong, or the model's configuration cannot be read.
    """
    from luth.checkpoints.models import load_config
    from luth.training.arguments import parse
    from luth.training.layers import require_whole_layers
    from luth.training.planning.planner import make_plan
    from luth.training.planning.report import report
    from luth.training.planning.setting import launch_kind
    from luth.training.planning.shape import shape_of
    from luth.training.sft_keys import SFT

    # A plan needs no GPU: the recipe's checks are made as for a CPU.
    forced = [] if "--use_cpu" in [word.split("=")[0] for word in overrides] else ["--use_cpu", "true"]
    args = parse(path, recipe, [*overrides, *forced], SFT)
    on_cpu = asked.gpu is None and bool(recipe.get("use_cpu") if forced else args.training.use_cpu)
    keys, processes = args.recipe | {"use_cpu": on_cpu}, asked.processes or 1
    kind = launch_kind(asked.launch, processes)
    require_whole_layers(args.training, kind)
    card, note = _card(asked.gpu, on_cpu)
    shape = shape_of(load_config(args.model_name, args.model.model_revision))
    tokens, known, data = _tokens(args, asked.tokens)
    plan = make_plan(keys, shape, card, tokens, kind, processes)
    return report(keys, plan, f"{note}{data}", known)


def _tokens(args: Any, given: float | None) -> tuple[Any, bool, str]:
    """Return an epoch's tokens, whether their number is known, and a line that says where they are from."""
    from luth.training.planning.batches import SAMPLE, assumed

    like = f"{MEAN} tokens a row, {TRAINED:.0%} of them trained"
    if given is not None:
        return assumed(given, MEAN, TRAINED), True, f"Data: {given:,.0f} tokens an epoch (--tokens), {like}."
    try:
        return _sample(args), True, f"Data: a sample of at most {SAMPLE:,} rows of each source, tokenised."
    except UserError as error:
        reason = " ".join(str(error).split())
        line = (
            f"Data: not reached, and hours need it, or --tokens N, the tokens of an epoch ({reason}). Taken: {like}."
        )
        return assumed(1e9, MEAN, TRAINED), False, line


def warn_if_too_small(args: Any, kind: str | None, processes: int | None, lengths: Any) -> None:
    """Say so where the plan finds this machine's card too small; an unknown card or model is passed over.

    Args:
        args: the run's arguments.
        kind, processes: its strategy.
        lengths: tokens of the rows to train on, shape (rows,); all of them are taken for trained.

    Raises:
        UserError: out-of-memory, where not even weights, gradients and states fit.
    """
    import numpy

    from luth.checkpoints.models import load_config
    from luth.core.devices import this_card
    from luth.training.planning.batches import Tokens
    from luth.training.planning.planner import make_plan
    from luth.training.planning.report import verdict
    from luth.training.planning.shape import shape_of

    card = None if args.training.use_cpu else this_card()
    if card is None:
        return
    rows = numpy.array(lengths)
    tokens = Tokens(len(rows), float(rows.sum()), 0.0, rows, numpy.ones(len(rows)), 1.0, int(rows.max()))
    try:
        shape = shape_of(load_config(args.model_name, args.model.model_revision))
        plan = make_plan(args.recipe, shape, card, tokens, kind or "one process", processes or 1)
    except UserError:
        # A family or an adapter whose shape is not known can be trained all the same.
        return
    if plan.free >= 0:
        return
    line = verdict(args.recipe, plan).removeprefix("Verdict: ")
    if plan.least > card.memory_bytes:
        raise UserError("out-of-memory", f"by the plan this run {line}")
    say(f"Warning: by the plan this run {line} It is tried all the same.")


def _card(name: str | None, on_cpu: bool) -> tuple[Any, str]:
    """Return the card to plan for, and a line where it is not the one that was named."""
    import psutil

    from luth.core.devices import Card, card_named, this_card

    if name is not None:
        return card_named(name), ""
    if on_cpu:
        return Card("CPU", psutil.virtual_memory().total, None, 0.0), ""
    card = this_card()
    if card is not None:
        return card, ""
    return card_named("h100"), "No card of the table is here: an H100 is meant, --gpu NAME plans for another one.\n"


def _sample(args: Any) -> Any:
    """Tokenise a sample of each source, as the run does."""
    from luth.training.mixture import sample_lengths
    from luth.training.planning.batches import SAMPLE, counted
    from luth.training.tokenizer import load_for_training

    tokenizer, template, _ = load_for_training(args)
    sources = sample_lengths(args.mixture, tokenizer, template.text, SAMPLE)
    return counted(sources, args.training.max_length, float(args.mixture.test_split_size or 0))
