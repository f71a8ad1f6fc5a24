"""Writes packages/lr-schedules/test/fixtures/torch-schedules.json: what PyTorch's schedulers do.

Each case names PyTorch's scheduler, the equivalent description in our terms, and the learning rate that PyTorch's
optimizer has at each update from the first. Totals, warm-ups and fractions include the degenerate ones: one step, two
steps, phases without a step, peaks between two steps. Needs torch. Run from the repository root:
    python tools/reference/lr-schedules/make_torch_schedules.py
"""

import itertools
import json
import math
import warnings

import torch
from torch.optim import lr_scheduler as torch_schedules

UPDATES = 25
# SequentialLR itself calls the deprecated step(epoch).
warnings.filterwarnings("ignore")


def rates(peak, make_scheduler, updates=UPDATES):
    """Learning rate at each update, read just before the update as a training loop would use it."""
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([parameter], lr=peak)
    scheduler = make_scheduler(optimizer)
    seen = []
    for update in range(updates):
        # A step past the last update of a cycle is an error in PyTorch.
        if update > 0:
            optimizer.step()
            scheduler.step()
        seen.append(optimizer.param_groups[0]["lr"])
    return seen


cases = []


def case(name, description, make_scheduler, updates=UPDATES):
    peak = description.get("peak", description.get("value", 1.0))
    cases.append({"name": name, "description": description, "rates": rates(peak, make_scheduler, updates)})


# PyTorch counts finished updates from 0, so a decay over updates 1..20 has 19 intervals.
case(
    "ConstantLR",
    {"type": "constant", "value": 0.3},
    lambda o: torch_schedules.ConstantLR(o, factor=1.0),
)
case(
    "LinearLR up",
    {"type": "linearWarmup", "peak": 0.3, "warmupSteps": 8, "startFactor": 0.2},
    lambda o: torch_schedules.LinearLR(o, start_factor=0.2 + 0.8 / 8, total_iters=7),
)
case(
    "LinearLR down",
    {"type": "linear", "peak": 0.3, "totalSteps": 20, "endFactor": 0.05},
    lambda o: torch_schedules.LinearLR(o, start_factor=1.0, end_factor=0.05, total_iters=19),
)
# CosineAnnealingLR rises again after its minimum, ours stays: compared up to the minimum.
case(
    "CosineAnnealingLR",
    {"type": "cosine", "peak": 0.3, "totalSteps": 20, "endFactor": 0.1},
    lambda o: torch_schedules.CosineAnnealingLR(o, T_max=19, eta_min=0.03),
    updates=20,
)
case(
    "LinearLR then CosineAnnealingLR",
    {"type": "cosine", "peak": 0.3, "totalSteps": 20, "warmupSteps": 5, "startFactor": 0.1, "endFactor": 0.1},
    lambda o: torch_schedules.SequentialLR(
        o,
        [
            torch_schedules.LinearLR(o, start_factor=0.1 + 0.9 / 5, total_iters=4),
            torch_schedules.CosineAnnealingLR(o, T_max=15, eta_min=0.03),
        ],
        milestones=[4],
    ),
    updates=20,
)
case(
    "PolynomialLR",
    {"type": "polynomial", "peak": 0.3, "totalSteps": 20, "power": 3},
    lambda o: torch_schedules.PolynomialLR(o, total_iters=19, power=3),
)
case(
    "PolynomialLR power 0.5",
    {"type": "polynomial", "peak": 0.3, "totalSteps": 20, "power": 0.5},
    lambda o: torch_schedules.PolynomialLR(o, total_iters=19, power=0.5),
)
case(
    "ExponentialLR",
    {"type": "exponential", "peak": 0.3, "decayFactor": 0.9, "everySteps": 1},
    lambda o: torch_schedules.ExponentialLR(o, gamma=0.9),
)
case(
    "ExponentialLR over 4 steps",
    {"type": "exponential", "peak": 0.3, "decayFactor": 0.5, "everySteps": 4},
    lambda o: torch_schedules.ExponentialLR(o, gamma=0.5**0.25),
)
case(
    "StepLR",
    {"type": "stepDecay", "peak": 0.3, "decayFactor": 0.1, "everySteps": 6},
    lambda o: torch_schedules.StepLR(o, step_size=6, gamma=0.1),
)
case(
    "MultiStepLR",
    {
        "type": "join",
        "parts": [
            {"until": 5, "schedule": {"type": "constant", "value": 1.0}},
            {"until": 17, "schedule": {"type": "constant", "value": 0.1}},
            {"schedule": {"type": "constant", "value": 0.01}},
        ],
    },
    lambda o: torch_schedules.MultiStepLR(o, milestones=[5, 17], gamma=0.1),
)
case(
    "OneCycleLR",
    {"type": "oneCycle", "peak": 0.3, "totalSteps": 20},
    lambda o: torch_schedules.OneCycleLR(o, max_lr=0.3, total_steps=20, cycle_momentum=False),
    updates=20,
)
case(
    "OneCycleLR linear",
    {
        "type": "oneCycle",
        "peak": 0.3,
        "totalSteps": 20,
        "warmupSteps": 8,
        "startFactor": 0.1,
        "endFactor": 0.001,
        "shape": "linear",
    },
    lambda o: torch_schedules.OneCycleLR(
        o,
        max_lr=0.3,
        total_steps=20,
        pct_start=0.4,
        div_factor=10,
        final_div_factor=100,
        anneal_strategy="linear",
        cycle_momentum=False,
    ),
    updates=20,
)
case(
    "LinearLR, ConstantLR, LinearLR",
    {
        "type": "warmupStableDecay",
        "peak": 0.3,
        "totalSteps": 20,
        "warmupSteps": 4,
        "decaySteps": 6,
        "endFactor": 0.1,
    },
    lambda o: torch_schedules.SequentialLR(
        o,
        [
            torch_schedules.LinearLR(o, start_factor=1 / 4, total_iters=3),
            torch_schedules.ConstantLR(o, factor=1.0),
            torch_schedules.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=6),
        ],
        milestones=[3, 13],
    ),
)
# PyTorch has no such schedulers: the formulas of the papers, through LambdaLR. `done` = finished updates.
case(
    "LambdaLR: Vaswani et al. 2017, equation 3",
    {"type": "inverseSquareRoot", "peak": 0.3, "warmupSteps": 6},
    lambda o: torch_schedules.LambdaLR(
        o, lambda done: 6**0.5 * min((done + 1) ** -0.5, (done + 1) * 6**-1.5)
    ),
)
case(
    "LambdaLR: 1-sqrt decay of Hägele et al. 2024",
    {
        "type": "warmupStableDecay",
        "peak": 0.3,
        "totalSteps": 20,
        "warmupSteps": 4,
        "decaySteps": 6,
        "shape": "squareRoot",
    },
    lambda o: torch_schedules.LambdaLR(
        o,
        lambda done: (done + 1) / 4
        if done + 1 < 4
        else 1 - math.sqrt(min(max(done + 1 - 14, 0) / 6, 1)),
    ),
)

# PyTorch puts the peak at pct_start * total_steps - 1 updates done, without rounding. Where that is 0 it divides by zero.
for total, share in [
    *((total, 0.3) for total in (1, 2, 3, 4, 5, 7, 10, 19, 20, 25, 33, 99, 100, 101)),
    *itertools.product((1, 2, 3, 7, 10, 25, 50), (0.0, 0.05, 0.1, 0.25, 1 / 3, 0.5, 0.9, 1.0)),
]:
    if share * total == 1:
        continue
    for strategy, shape in (("cos", "cosine"), ("linear", "linear")):
        case(
            f"OneCycleLR {total} {share} {strategy}",
            {"type": "oneCycle", "peak": 0.3, "totalSteps": total, "shape": shape}
            | ({} if share == 0.3 else {"warmupSteps": share * total}),
            lambda o: torch_schedules.OneCycleLR(
                o, max_lr=0.3, total_steps=total, pct_start=share, anneal_strategy=strategy, cycle_momentum=False
            ),
            updates=total,
        )
for start, cycle in itertools.product((1, 2, 3, 7, 10), (1, 2, 3)):
    case(
        f"CosineAnnealingWarmRestarts {start} {cycle}",
        {
            "type": "cosineRestarts",
            "peak": 0.3,
            "firstCycleSteps": start,
            "cycleFactor": cycle,
            "endFactor": 0.1,
        },
        lambda o: torch_schedules.CosineAnnealingWarmRestarts(o, T_0=start, T_mult=cycle, eta_min=0.03),
        updates=60,
    )
# The last step that a decay has is compared for every total; what PyTorch does after a decay of no interval is its own.
for total in (1, 2, 3, 10, 33):
    updates = total if total == 1 else total + 5
    down = {"peak": 0.3, "totalSteps": total}
    case(
        f"LinearLR {total}",
        {"type": "linear", "endFactor": 0.05} | down,
        lambda o: torch_schedules.LinearLR(o, start_factor=1.0, end_factor=0.05, total_iters=total - 1),
        updates,
    )
    case(
        f"PolynomialLR {total}",
        {"type": "polynomial", "power": 1.5} | down,
        lambda o: torch_schedules.PolynomialLR(o, total_iters=total - 1, power=1.5),
        updates,
    )
    case(
        f"CosineAnnealingLR {total}",
        {"type": "cosine", "endFactor": 0.1} | down,
        lambda o: torch_schedules.CosineAnnealingLR(o, T_max=total - 1, eta_min=0.03),
        updates=total,
    )
# With a warm-up of W steps, the first scheduler ends at update W, and the next one starts there.
for total, warmup in ((3, 1), (3, 2), (10, 1), (10, 3), (10, 9), (33, 8)):
    case(
        f"LinearLR, then CosineAnnealingLR {total} {warmup}",
        {"type": "cosine", "peak": 0.3, "totalSteps": total, "warmupSteps": warmup, "endFactor": 0.1},
        lambda o: torch_schedules.SequentialLR(
            o,
            [
                torch_schedules.LinearLR(o, start_factor=1 / warmup, total_iters=warmup - 1),
                torch_schedules.CosineAnnealingLR(o, T_max=total - warmup, eta_min=0.03),
            ],
            milestones=[warmup - 1],
        )
        if warmup > 1
        else torch_schedules.CosineAnnealingLR(o, T_max=total - 1, eta_min=0.03),
        updates=total,
    )
for every in (1, 2, 7):
    case(
        f"StepLR {every}",
        {"type": "stepDecay", "peak": 0.3, "decayFactor": 0.5, "everySteps": every},
        lambda o: torch_schedules.StepLR(o, step_size=every, gamma=0.5),
    )
    case(
        f"ExponentialLR {every}",
        {"type": "exponential", "peak": 0.3, "decayFactor": 0.5, "everySteps": every},
        lambda o: torch_schedules.ExponentialLR(o, gamma=0.5 ** (1 / every)),
    )


def falling_restarts(done, warmup=4, first=5, factor=2, decay=0.5, end=0.1):
    """Share of the peak under restarts whose tops fall by `decay` from cycle to cycle, down to `end`."""
    if done + 1 < warmup:
        return (done + 1) / warmup
    into, length, top = done + 1 - warmup, first, 1.0
    while into >= length:
        into, length, top = into - length, length * factor, top * decay
    top = max(top, end)
    return end + (top - end) * (1 + math.cos(math.pi * into / length)) / 2


case(
    "LambdaLR: restarts with falling tops",
    {
        "type": "cosineRestarts",
        "peak": 0.3,
        "warmupSteps": 4,
        "firstCycleSteps": 5,
        "cycleFactor": 2,
        "peakDecay": 0.5,
        "endFactor": 0.1,
    },
    lambda o: torch_schedules.LambdaLR(o, falling_restarts),
    updates=200,
)

with open("packages/lr-schedules/test/fixtures/torch-schedules.json", "w") as file:
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in cases)
    file.write(f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
