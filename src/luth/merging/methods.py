"""MergeKit's merge methods: what each reads, and how a sweep varies it. To add a method, add an entry to METHODS.

Parameters and defaults are those of MergeKit 0.1.5 (the specs in its package merge_methods).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

# Of a merge with coefficient c, fine-tuned model T and base B:
#   arc: on the arc from B to T (SLERP); line: (1 - c) B + c T; task-vector: (1 - c) B + c M, where M is MergeKit's own
#   merge at c = 1. A sweep computes these in memory. None: mergekit-yaml makes every merge.
MergePath = Literal["arc", "line", "task-vector"] | None


@dataclass(frozen=True)
class Sweepable:
    """How a sweep varies a method. Merges must be the same each time they are made, and the base at coefficient 0.

    Parameters:
        coefficient: the parameter that is varied, by MergeKit's name.
        highest: its highest value; the lowest is 0.
        path: how merges with different coefficients lie to one another.
        keys: writes `models` and `parameters` of the MergeKit recipe, given the base, the fine-tuned model, the
            coefficient and the method's other parameters.
        required: parameters that the sweep's recipe must set, each above 0 and at most 1.
        optional: parameters that it may set, with the same bounds.
    """

    coefficient: str
    highest: float
    path: MergePath
    keys: Callable[[str, str, float, dict[str, float]], dict[str, Any]]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Method:
    """A merge method.

    Parameters:
        reads: the names that MergeKit reads under `parameters`; it ignores all others without a word.
        sweep: how a sweep varies it; None where it cannot be swept.
        ignores_base: a base changes no weight of the merge.
    """

    reads: tuple[str, ...]
    sweep: Sweepable | None = None
    ignores_base: bool = False


def t_of_two(base: str, tuned: str, coefficient: float, parameters: dict[str, float]) -> dict[str, Any]:
    """Write `t` for the pair of base and fine-tuned model."""
    return {"models": [{"model": tuned}], "parameters": {"t": coefficient, **parameters}}


def weight_of_each(base: str, tuned: str, coefficient: float, parameters: dict[str, float]) -> dict[str, Any]:
    """Write a weight for each of the two models; both sum to 1."""
    weights = ((base, round(1 - coefficient, 12)), (tuned, coefficient))
    return {"models": [{"model": model, "parameters": {"weight": weight}} for model, weight in weights]}


def lambda_of_task_vector(base: str, tuned: str, coefficient: float, parameters: dict[str, float]) -> dict[str, Any]:
    """Write lambda, which multiplies the task vector: the fine-tuned model's weights minus the base's.

    The weight stays 1: where MergeKit normalises weights, that of one model alone is divided by itself.
    """
    models = [{"model": tuned, "parameters": {"weight": 1.0, **parameters}}]
    return {"models": models, "parameters": {"lambda": coefficient}}


TASK_VECTOR = ("weight", "density", "normalize", "lambda", "int8_mask", "rescale")
METHODS = {
    "slerp": Method(("t",), Sweepable("t", 1, "arc", t_of_two)),
    "linear": Method(("weight", "normalize"), Sweepable("weight", 1, "line", weight_of_each), ignores_base=True),
    "task_arithmetic": Method(TASK_VECTOR, Sweepable("lambda", 3, "task-vector", lambda_of_task_vector)),
    "ties": Method(TASK_VECTOR, Sweepable("lambda", 3, "task-vector", lambda_of_task_vector, required=("density",))),
    "breadcrumbs": Method(
        (*TASK_VECTOR, "gamma"),
        Sweepable("lambda", 3, "task-vector", lambda_of_task_vector, required=("density",), optional=("gamma",)),
    ),
    "nearswap": Method(("t",), Sweepable("t", 1, None, t_of_two)),
    # These draw at random which weights they drop: two merges by one recipe differ, and a sweep's winner could not be
    # made again.
    "dare_ties": Method(TASK_VECTOR),
    "dare_linear": Method(TASK_VECTOR),
    "della": Method((*TASK_VECTOR, "epsilon")),
    "della_linear": Method((*TASK_VECTOR, "epsilon")),
    "breadcrumbs_ties": Method((*TASK_VECTOR, "gamma")),
    "model_stock": Method(("filter_wise",)),
    "nuslerp": Method(("weight", "nuslerp_row_wise", "nuslerp_flatten")),
    "multislerp": Method(("weight", "normalize_weights", "eps")),
    "karcher": Method(("max_iter", "tol"), ignores_base=True),
    "arcee_fusion": Method(()),
    "passthrough": Method(("scale",), ignores_base=True),
    "ram": Method(("epsilon",)),
    "ramplus_tl": Method(("r", "alpha", "epsilon")),
    "sce": Method(("int8_mask", "select_topk")),
}


def sweepable() -> dict[str, Sweepable]:
    """Return the methods that can be swept, by name."""
    return {name: method.sweep for name, method in METHODS.items() if method.sweep}


def mergekit_recipe(
    name: str, base: str, tuned: str, coefficient: float, parameters: dict[str, float], dtype: str
) -> dict[str, Any]:
    """Return the MergeKit recipe of one merge.

    Args:
        name: a method that can be swept.
        base: the base model.
        tuned: the fine-tuned model.
        coefficient: 0 gives the base.
        parameters: the method's others.
        dtype: of the merge and its result.
    """
    keys = sweepable()[name].keys(base, tuned, coefficient, parameters)
    return {"merge_method": name, "base_model": base, **keys, "dtype": dtype}
