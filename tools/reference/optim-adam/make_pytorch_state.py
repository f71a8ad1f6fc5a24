"""Trains a small model with PyTorch, saves its optimizer after 10 steps and records the 20 steps that follow.

Writes, per case, packages/optim-adam/test/pytorch/<case>.safetensors (the optimizer, as the README of
@steepest/optim-adam says) and <case>-continued.safetensors: `start.<name>` is a parameter after step 10,
`gradient.<name>` and `parameter.<name>` hold one row for each of steps 11 to 30. A gradient that was None is NaN.

Needs torch 2.6 or later (named parameters in optimizers) and safetensors. Run from the repository root:
    python tools/reference/optim-adam/make_pytorch_state.py
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

folder = Path("packages/optim-adam/test/pytorch")
saved_after, recorded = 10, 20


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 2)
        self.norm = torch.nn.LayerNorm(8)
        self.dense = torch.nn.Linear(8, 3)
        self.gain = torch.nn.Parameter(torch.tensor(0.5))
        self.unused = torch.nn.Parameter(torch.ones(2))

    def forward(self, x, with_gain):
        hidden = torch.tanh(self.conv(x)).flatten(1)
        y = self.dense(self.norm(hidden))
        return y * self.gain if with_gain else y


def by_decay(model, **options):
    named = list(model.named_parameters())
    return torch.optim.AdamW(
        [
            {"params": [(name, p) for name, p in named if p.dim() > 1], "weight_decay": 0.1},
            {"params": [(name, p) for name, p in named if p.dim() <= 1], "weight_decay": 0.0, "lr": 0.03},
        ],
        **options,
    )


cases = {
    "adamw": lambda model: by_decay(model, lr=0.01, betas=(0.9, 0.95)),
    "amsgrad": lambda model: torch.optim.AdamW(
        model.parameters(), lr=0.02, betas=(0.8, 0.9), eps=1e-6, amsgrad=True, weight_decay=0.05
    ),
    "adam-maximize": lambda model: torch.optim.Adam(
        model.parameters(), lr=0.01, weight_decay=0.1, maximize=True
    ),
}


def save_optimizer(optimizer, path):
    saved = optimizer.state_dict()
    tensors = {
        f"state.{parameter}.{slot}": torch.as_tensor(value).float().contiguous()
        for parameter, slots in saved["state"].items()
        for slot, value in slots.items()
    }
    groups = json.dumps(saved["param_groups"], default=float)
    save_file(tensors, path, metadata={"param_groups": groups})


def run(case, make_optimizer):
    torch.manual_seed(20)
    model = Model()
    optimizer = make_optimizer(model)
    x, target = torch.randn(16, 1, 3, 3), torch.randn(16, 3)
    parameters = dict(model.named_parameters())
    rows = {f"{kind}.{name}": [] for kind in ("gradient", "parameter") for name in parameters}
    start = {}
    for step in range(1, saved_after + recorded + 1):
        optimizer.zero_grad(set_to_none=True)
        loss = torch.mean((model(x, with_gain=step % 3 == 0) - target) ** 2)
        (-loss if case == "adam-maximize" else loss).backward()
        optimizer.step()
        if step == saved_after:
            save_optimizer(optimizer, folder / f"{case}.safetensors")
            start = {f"start.{name}": p.detach().clone() for name, p in parameters.items()}
        elif step > saved_after:
            for name, p in parameters.items():
                missing = torch.full_like(p, torch.nan)
                rows[f"gradient.{name}"].append((missing if p.grad is None else p.grad).detach().clone())
                rows[f"parameter.{name}"].append(p.detach().clone())
    stacked = {name: torch.stack(values) for name, values in rows.items()}
    save_file(start | stacked, folder / f"{case}-continued.safetensors")
    print(case, loss.item())


folder.mkdir(parents=True, exist_ok=True)
for case, make_optimizer in cases.items():
    run(case, make_optimizer)
