"""A plan: memory, time and verdict of a recipe on a card, and what to change where it does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from luth.core.devices import Card
from luth.training.planning.batches import Batches, Tokens, batches_of
from luth.training.planning.footprint import Part, at_least, memory
from luth.training.planning.setting import Setting, setting_of
from luth.training.planning.shape import Shape
from luth.training.planning.speed import Time, time

HOUR = 3600
# What a plan may be wrong by: less is left over on a card that it fits barely.
MARGIN = 0.05


@dataclass(frozen=True)
class Plan:
    """What a recipe needs on a card.

    Attributes:
        shape, setting, card, tokens, batches: what it was made of.
        parts: the memory of one process.
        least: the bytes that no batch can do without.
        time: of a mean micro-batch; None on a CPU, and on a card without bfloat16 units.
        epochs: of the run.
        steps: of the run, over all epochs.
    """

    shape: Shape
    setting: Setting
    card: Card
    tokens: Tokens
    batches: Batches
    parts: list[Part]
    least: float
    time: Time | None
    epochs: float
    steps: float

    @property
    def needed(self) -> float:
        """Bytes of one process's largest use of memory."""
        return sum(part.size for part in self.parts)

    @property
    def free(self) -> float:
        """Bytes of the card that are left; negative where it does not fit."""
        return self.card.memory_bytes - self.needed

    @property
    def fits_well(self) -> bool:
        """Whether it fits though it needs a little more than planned."""
        return self.needed * (1 + MARGIN) <= self.card.memory_bytes

    @property
    def step_seconds(self) -> float | None:
        """Of one optimiser step."""
        return None if self.time is None else self.time.seconds * self.setting.accumulated

    @property
    def tokens_per_second(self) -> float | None:
        """Over all processes, without padding."""
        return None if self.time is None else self.batches.tokens / self.time.seconds * self.setting.processes

    @property
    def share_of_peak(self) -> float | None:
        """6 x parameters x tokens over the peak of all cards (model FLOPs utilisation)."""
        if self.tokens_per_second is None or not self.card.bf16_flops:
            return None
        return 6 * self.shape.parameters * self.tokens_per_second / (self.card.bf16_flops * self.setting.processes)

    @property
    def hours(self) -> float | None:
        """Of the whole run."""
        return None if self.step_seconds is None else self.step_seconds * self.steps / HOUR


def make_plan(
    recipe: dict[str, Any], shape: Shape, card: Card, tokens: Tokens, kind: str = "one process", processes: int = 1
) -> Plan:
    """Plan a run.

    Args:
        recipe: its keys, those of the command line among them.
        shape: the model's.
        card: the card of each process.
        tokens: of an epoch.
        kind, processes: how the run is distributed, as in Strategy.

    Raises:
        UserError: the processes do not divide the global batch.
    """
    setting = setting_of(recipe, shape, kind, processes)
    batches = batches_of(recipe, setting, tokens)
    epochs = float(recipe.get("num_train_epochs") or 3)
    steps = batches.steps * epochs
    most = int(recipe.get("max_steps") or 0)
    timed = None
    if card.bf16_flops and setting.compute_bytes == 2:
        timed = time(shape, setting, card, batches.mean, batches.reach)
    return Plan(
        shape,
        setting,
        card,
        tokens,
        batches,
        memory(shape, setting, batches.largest),
        at_least(shape, setting),
        timed,
        epochs,
        most if most > 0 else steps,
    )


def changes(recipe: dict[str, Any], plan: Plan) -> list[tuple[str, float]]:
    """Return what makes a plan fit, and the bytes that it then needs: the mildest of each kind, at most three.

    Kinds are other settings of the batch, several cards, shorter rows, an adapter.
    """
    found: dict[str, tuple[str, float]] = {}
    for group, words, changed, kind, processes in _candidates(recipe, plan):
        setting = setting_of(changed, plan.shape, kind, processes)
        largest = batches_of(changed, setting, plan.tokens).largest
        needed = sum(part.size for part in memory(plan.shape, setting, largest))
        if needed <= plan.card.memory_bytes:
            found.setdefault(group, (words, needed))
    return list(found.values())[:3]


def _candidates(recipe: dict[str, Any], plan: Plan) -> Iterator[tuple[str, str, dict[str, Any], str, int]]:
    """Give kind, words, keys, launch and processes of what may be changed, the mildest of each kind first."""
    kind, processes = plan.setting.kind, plan.setting.processes
    batch: dict[str, Any] = {}
    milder: list[dict[str, Any]] = []
    if plan.setting.every != 1:
        milder.append({"gradient_checkpointing": True, "gradient_checkpointing_every": 1})
    if int(recipe.get("per_device_train_batch_size") or 8) > 1:
        milder.append({"per_device_train_batch_size": 1})
    for change in milder:
        yield "batch", _words(change), recipe | change, kind, processes
        batch |= change
    yield "batch", _words(batch), recipe | batch, kind, processes
    sequences = int(recipe["global_batch_size"])
    for launch, name in (("ZeRO-2", "zero2"), ("ZeRO-3", "zero3")):
        for number in (2, 4, 8):
            per_device = int((recipe | batch).get("per_device_train_batch_size") or 8)
            if number > processes and sequences % (number * per_device) == 0 and not plan.setting.on_cpu:
                start = f"accelerate_configs/{name}.yaml on {number} cards"
                words = f"{_words(batch)} and {start}" if batch else start
                yield "cards", words, recipe | batch, launch, number
    length = int(recipe.get("max_length") or 1024) // 2
    while length >= 1024:
        each = batch | {"max_length": length}
        yield "rows", _words(each), recipe | each, kind, processes
        length //= 2
    if plan.setting.lora is None:
        each = batch | {"use_peft": True, "lora_target_modules": ["all-linear"], "dtype": "bfloat16"}
        yield "adapter", _words(each), recipe | each, kind, processes


def _words(changed: dict[str, Any]) -> str:
    texts = {
        key: str(value).replace("'", "") for key, value in changed.items() if key != "gradient_checkpointing_every"
    }
    return ", ".join(f"{key}: {text.lower() if text in ('True', 'False') else text}" for key, text in texts.items())
