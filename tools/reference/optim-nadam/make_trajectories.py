"""Records packages/optim-nadam/test/fixtures/torch-*.json.

Needs torch 2. Run from the repository root:
    python tools/reference/optim-nadam/make_trajectories.py
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
sys.path.append(str(REPOSITORY / "packages" / "optimizer-testing" / "python"))

import torch
from torch_trajectories import cosine, record

FIXTURES = REPOSITORY / "packages" / "optim-nadam" / "test" / "fixtures"

SLOTS = {"momentum": "exp_avg", "secondMoment": "exp_avg_sq", "muProduct": "mu_product"}


# NAdam keeps the product of its momenta in the default type.
torch.set_default_dtype(torch.float64)


def hyper(**changes):
    return {
        "learningRate": 0.002,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "momentumDecay": 0.004,
        "variant": "torch-2",
        "weightDecay": 0.0,
        "weightDecayConvention": "l2",
        **changes,
    }


record(
    FIXTURES,
    "defaults",
    lambda parameters: torch.optim.NAdam(parameters),
    hyper(),
    SLOTS,
    seed=31,
    notes="constructed without options; the product of the momenta in float64",
)
record(
    FIXTURES,
    "decoupled-decay-cosine",
    lambda parameters: torch.optim.NAdam(
        parameters, betas=(0.8, 0.95), weight_decay=0.3, momentum_decay=0.02, decoupled_weight_decay=True
    ),
    hyper(
        learningRate=0.02,
        beta1=0.8,
        beta2=0.95,
        momentumDecay=0.02,
        weightDecay=0.3,
        weightDecayConvention="decoupled",
    ),
    SLOTS,
    seed=32,
    rates=cosine(0.02),
    notes="the product of the momenta in float64",
)
record(
    FIXTURES,
    "full-momentum-at-once",
    lambda parameters: torch.optim.NAdam(parameters, lr=0.01, betas=(0.999, 0.99), momentum_decay=1000),
    hyper(learningRate=0.01, beta1=0.999, beta2=0.99, momentumDecay=1000),
    SLOTS,
    seed=33,
    notes="the product of the momenta stays close to 1, and is in float64",
)
