"""Records packages/optim-radam/test/fixtures/torch-*.json.

Needs torch. Run from the repository root:
    python tools/reference/optim-radam/make_trajectories.py
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
sys.path.append(str(REPOSITORY / "packages" / "optimizer-testing" / "python"))

import torch
from torch_trajectories import cosine, record

FIXTURES = REPOSITORY / "packages" / "optim-radam" / "test" / "fixtures"

SLOTS = {"momentum": "exp_avg", "secondMoment": "exp_avg_sq"}


def hyper(**changes):
    return {
        "learningRate": 0.001,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "weightDecay": 0.0,
        "weightDecayConvention": "l2",
        **changes,
    }


record(
    FIXTURES,
    "defaults",
    lambda parameters: torch.optim.RAdam(parameters),
    hyper(),
    SLOTS,
    seed=41,
    notes="constructed without options",
)
record(
    FIXTURES,
    "decoupled-decay-cosine",
    lambda parameters: torch.optim.RAdam(
        parameters, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3, decoupled_weight_decay=True
    ),
    hyper(
        learningRate=0.02,
        beta1=0.8,
        beta2=0.95,
        epsilon=1e-3,
        weightDecay=0.3,
        weightDecayConvention="decoupled",
    ),
    SLOTS,
    seed=42,
    rates=cosine(0.02),
)
record(
    FIXTURES,
    "never-rectified",
    lambda parameters: torch.optim.RAdam(parameters, lr=0.01, betas=(0.9, 0.6)),
    hyper(learningRate=0.01, beta2=0.6),
    SLOTS,
    seed=43,
    notes="beta2 is so small that rho never exceeds 5",
)
