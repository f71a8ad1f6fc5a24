"""Records runs of a torch.optim optimizer in float64, as fixtures that @steepest/optimizer-testing replays.

A case is 20 steps on four tensors. The gradients are exact in float32. Some come late or are missing, one is all
zero at first, and some elements never have a gradient but zero.
"""

import json
from pathlib import Path

import torch

STEPS = 20
RECORDED = [1, 2, 3, 7, 20]
SHAPES = {
    "scalar.bias": ([1], "bias"),
    "vector.bias": ([5], "bias"),
    "tall.weight": ([7, 3], "matrix"),
    "cube.weight": ([2, 3, 4], "matrix"),
}
# Gradients of a tensor are of this size: the optimizers here must not care.
SCALES = {"scalar.bias": 1.0, "vector.bias": 1e-2, "tall.weight": 1.0, "cube.weight": 10.0}
MISSING = {("scalar.bias", 1), ("scalar.bias", 2), ("tall.weight", 9)}
ZERO = {("vector.bias", 1), ("cube.weight", 12)}


def exact(tensor):
    """The same numbers rounded to float32, in float64."""
    return tensor.to(torch.float32).to(torch.float64)


def cosine(peak):
    """Five steps of warm-up from a tenth of the peak, then a cosine to a tenth of it at step 20."""
    def rate(step):
        if step < 5:
            return peak * (0.1 + 0.9 * step / 5)
        angle = torch.tensor((step - 5) / 15 * torch.pi, dtype=torch.float64)
        return peak * (0.1 + 0.45 * (1 + torch.cos(angle).item()))

    return [rate(step) for step in range(1, STEPS + 1)]


def gradients_of(seed):
    generator = torch.Generator().manual_seed(seed)
    steps = []
    for step in range(1, STEPS + 1):
        present = {}
        for name, (shape, _) in SHAPES.items():
            gradient = exact(SCALES[name] * torch.randn(shape, generator=generator, dtype=torch.float64))
            gradient.view(-1)[1:2] = 0
            if (name, step) in ZERO:
                gradient.zero_()
            present[name] = None if (name, step) in MISSING else gradient
        steps.append(present)
    return steps


def flat(tensor):
    return tensor.detach().reshape(-1).tolist()


def record(package, case, make_optimizer, hyper, slots, seed, rates=None, notes="", source=None):
    """Writes packages/<package>/test/fixtures/torch-<case>.json.

    make_optimizer: parameters -> torch optimizer.
    hyper: the same options in our names, with `learningRate` the peak.
    slots: our name of each state tensor -> PyTorch's.
    rates: the learning rate of each step; that of `hyper` by default.
    source: package, version and class of an optimizer that is not from torch.optim.
    """
    generator = torch.Generator().manual_seed(seed + 1000)
    initial = {
        name: exact(0.5 * torch.randn(shape, generator=generator, dtype=torch.float64))
        for name, (shape, _) in SHAPES.items()
    }
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in initial.items()}
    optimizer = make_optimizer(list(parameters.values()))
    rates = rates or [hyper["learningRate"]] * STEPS
    gradients = gradients_of(seed)
    recorded = []
    for step, (rate, present) in enumerate(zip(rates, gradients), start=1):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for name, parameter in parameters.items():
            parameter.grad = None if present[name] is None else present[name].clone()
        optimizer.step()
        if step in RECORDED:
            recorded.append([flat(parameter) for parameter in parameters.values()])
    kept = {ours: [flat(optimizer.state[p][theirs]) for p in parameters.values()] for ours, theirs in slots.items()}

    name = f"torch-{case}"
    run = {
        "optimizer": package.removeprefix("optim-"),
        "case": name,
        "source": source or f"torch.optim.{type(optimizer).__name__} {torch.__version__.split('+')[0]}",
        "hyper": hyper,
        "notes": notes,
        "params": [
            {"name": n, "shape": shape, "role": role, "init": flat(initial[n])}
            for n, (shape, role) in SHAPES.items()
        ],
        "learningRates": rates,
        "grads": [[None if g is None else flat(g) for g in present.values()] for present in gradients],
        "expected": {"steps": RECORDED, "params": recorded, "state": kept},
    }
    path = Path(__file__).parents[2] / "packages" / package / "test" / "fixtures" / f"{name}.json"
    path.write_text(json.dumps(run, separators=(",", ":")) + "\n")
    print(f"{path.name}: {run['source']}")
