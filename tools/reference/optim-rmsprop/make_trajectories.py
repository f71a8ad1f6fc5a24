"""Records packages/optim-rmsprop/test/fixtures/torch-*.json.

Needs torch. Run from the repository root:
    python tools/reference/optim-rmsprop/make_trajectories.py
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
sys.path.append(str(REPOSITORY / "packages" / "optimizer-testing" / "python"))

import torch
from torch_trajectories import cosine, record

FIXTURES = REPOSITORY / "packages" / "optim-rmsprop" / "test" / "fixtures"

SECOND = {"secondMoment": "square_avg"}
MOMENTUM = {"momentum": "momentum_buffer"}
AVERAGE = {"gradAverage": "grad_avg"}


def hyper(**changes):
    return {
        "learningRate": 0.01,
        "beta2": 0.99,
        "epsilon": 1e-8,
        "momentum": 0.0,
        "centered": False,
        "weightDecay": 0.0,
        "weightDecayConvention": "l2",
        **changes,
    }


record(
    FIXTURES,
    "defaults",
    lambda parameters: torch.optim.RMSprop(parameters),
    hyper(),
    SECOND,
    seed=21,
    notes="constructed without options",
)
record(
    FIXTURES,
    "momentum-cosine-l2",
    lambda parameters: torch.optim.RMSprop(parameters, alpha=0.9, eps=1e-3, momentum=0.8, weight_decay=0.1),
    hyper(learningRate=0.005, beta2=0.9, epsilon=1e-3, momentum=0.8, weightDecay=0.1),
    SECOND | MOMENTUM,
    seed=22,
    rates=cosine(0.005),
)
record(
    FIXTURES,
    "centered",
    lambda parameters: torch.optim.RMSprop(parameters, lr=0.003, alpha=0.97, centered=True),
    hyper(learningRate=0.003, beta2=0.97, centered=True),
    SECOND | AVERAGE,
    seed=23,
)
