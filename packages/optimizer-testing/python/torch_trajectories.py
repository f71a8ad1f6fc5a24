"""Records runs of a PyTorch optimizer in float64, as fixtures that @steepest/optimizer-testing replays.

A case is 20 steps on four tensors. The gradients are exact in float32. Some come late or are missing, one is all
zero at first, and some elements never have a gradient but zero.

Put this file beside a script such as the following, in the package of the optimizer, and run that with Python and torch:

    from pathlib import Path
    import torch
    from torch_trajectories import cosine, record

    FIXTURES = Path(__file__).parents[1] / "test" / "fixtures"
    hyper = {"learningRate": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.0}
    record(
        FIXTURES,
        "cosine",
        lambda parameters: torch.optim.Adam(parameters),
        hyper,
        {"momentum": "exp_avg", "secondMoment": "exp_avg_sq"},
        seed=1,
        rates=cosine(0.1),
    )

`readTrajectories` reads the fixtures, and the `golden` option of `conformanceChecks` compares with them.
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
# Gradients of a tensor are of this size, 1 for others: the optimizers here must not care.
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


def random_gradients(shapes, generator):
    """One gradient for each tensor, exact in float32."""
    gradients = {}
    for name, (shape, _) in shapes.items():
        scale = SCALES.get(name, 1.0)
        gradients[name] = exact(scale * torch.randn(shape, generator=generator, dtype=torch.float64))
    return gradients


def gradients_of(shapes, seed):
    generator = torch.Generator().manual_seed(seed)
    steps = []
    for step in range(1, STEPS + 1):
        present = random_gradients(shapes, generator)
        for name, gradient in present.items():
            gradient.view(-1)[1:2] = 0
            if (name, step) in ZERO:
                gradient.zero_()
            if (name, step) in MISSING:
                present[name] = None
        steps.append(present)
    return steps


def flat(tensor):
    return tensor.detach().reshape(-1).tolist()


def kept(state, theirs):
    """A state tensor, or None where the optimizer keeps none for this parameter."""
    value = theirs(state) if callable(theirs) else state.get(theirs)
    return None if value is None else flat(torch.as_tensor(value, dtype=torch.float64))


def optimizer_name(folder):
    """The last part of the name in the nearest package.json, without "optim-"."""
    for parent in [folder, *folder.parents]:
        manifest = parent / "package.json"
        if manifest.exists():
            return json.loads(manifest.read_text())["name"].split("/")[-1].split("optim-")[-1]
    raise FileNotFoundError(f"no package.json in {folder} or above it")


def record(
    folder,
    case,
    make_optimizer,
    hyper,
    slots,
    seed,
    rates=None,
    notes="",
    source=None,
    shapes=SHAPES,
    group_rates=None,
    refresh=None,
    average=None,
    missing="skip",
):
    """Writes torch-<case>.json into a folder, which is made where it is not there.

    make_optimizer: parameters -> torch optimizer; with group_rates, parameter groups -> torch optimizer.
    hyper: the same options in our names, with `learningRate` the peak; `maxGradNorm` is for information only.
    slots: our name of each state tensor -> PyTorch's, or a function of a parameter's state.
    rates: the learning rate of each step; that of `hyper` by default.
    source: package, version and class of an optimizer that is not from torch.optim.
    shapes: name -> (shape, role) of each tensor.
    group_rates: name of a group -> (names of its tensors, learning rate of each step).
    refresh: (interval, function of the optimizer): called after steps divisible by the interval, with other gradients in
        `grad`, for an optimizer that renews an estimate from them.
    average: (function of the optimizer that puts the iterate to evaluate with in place, one that takes it out again).
    missing: "zero" for an optimizer that is to take a missing gradient for zeros.
    """
    folder = Path(folder).resolve()
    optimizer_of_package = optimizer_name(folder)
    rates = rates or [hyper["learningRate"]] * STEPS
    generator = torch.Generator().manual_seed(seed + 1000)
    initial = {
        name: exact(0.5 * torch.randn(shape, generator=generator, dtype=torch.float64))
        for name, (shape, _) in shapes.items()
    }
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in initial.items()}
    group_of = {name: group for group, (names, _) in (group_rates or {}).items() for name in names}
    rates_of = {None: rates, **{group: listed for group, (_, listed) in (group_rates or {}).items()}}
    if group_rates is None:
        optimizer = make_optimizer(list(parameters.values()))
    else:
        members = {group: [p for n, p in parameters.items() if group_of.get(n) == group] for group in rates_of}
        optimizer = make_optimizer(
            [{"params": listed, "recorded_group": group} for group, listed in members.items() if listed]
        )
    gradients = gradients_of(shapes, seed)
    refreshes = torch.Generator().manual_seed(seed + 2000)
    recorded, averages, refresh_gradients = [], [], []
    for step, present in enumerate(gradients, start=1):
        for group in optimizer.param_groups:
            group["lr"] = rates_of[group.get("recorded_group")][step - 1]
        for name, parameter in parameters.items():
            gradient = present[name]
            if gradient is None and missing == "zero":
                gradient = torch.zeros_like(parameter)
            parameter.grad = None if gradient is None else gradient.clone()
        optimizer.step()
        renewed = None
        if refresh is not None and step % refresh[0] == 0:
            renewed = random_gradients(shapes, refreshes)
            for name, parameter in parameters.items():
                parameter.grad = renewed[name].clone()
            refresh[1](optimizer)
        refresh_gradients.append(None if renewed is None else [flat(g) for g in renewed.values()])
        if step in RECORDED:
            recorded.append([flat(parameter) for parameter in parameters.values()])
            if average is not None:
                average[0](optimizer)
                averages.append([flat(parameter) for parameter in parameters.values()])
                average[1](optimizer)
    state = {ours: [kept(optimizer.state[p], theirs) for p in parameters.values()] for ours, theirs in slots.items()}

    name = f"torch-{case}"
    params = [
        {
            "name": n,
            "shape": shape,
            "role": role,
            "init": flat(initial[n]),
            **({"learningRateGroup": group_of[n]} if n in group_of else {}),
        }
        for n, (shape, role) in shapes.items()
    ]
    run = {
        "optimizer": optimizer_of_package,
        "case": name,
        "source": source or f"torch.optim.{type(optimizer).__name__} {torch.__version__.split('+')[0]}",
        "hyper": hyper,
        "notes": notes,
        **({} if missing == "skip" else {"missingGradients": missing}),
        "params": params,
        "learningRates": rates,
        **({} if group_rates is None else {"groupLearningRates": {g: r for g, (_, r) in group_rates.items()}}),
        "grads": [[None if g is None else flat(g) for g in present.values()] for present in gradients],
        **({} if refresh is None else {"refreshGrads": refresh_gradients}),
        "expected": {
            "steps": RECORDED,
            "params": recorded,
            **({} if average is None else {"averages": averages}),
            "state": state,
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(run, separators=(",", ":")) + "\n")
    print(f"{path.name}: {run['source']}")
