"""Writes packages/lr-schedules/test/fixtures/torch-plateau.json: learning rates of PyTorch's ReduceLROnPlateau.

Needs torch. Run from the repository root:
    python tools/reference/lr-schedules/make_torch_plateau.py
"""

import json
import random

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

cases = []


def run(name, options, learning_rates, metrics):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in learning_rates]
    optimizer = torch.optim.SGD(groups)
    scheduler = ReduceLROnPlateau(optimizer, **options)
    expected = []
    for metric in metrics:
        scheduler.step(metric)
        expected.append([group["lr"] for group in optimizer.param_groups])
    cases.append(
        {
            "name": name,
            "options": options,
            "learningRates": learning_rates,
            "metrics": metrics,
            "expected": expected,
            "best": scheduler.best,
            "bad": scheduler.num_bad_epochs,
            "cooldown": scheduler.cooldown_counter,
        }
    )


random.seed(3)
noise = [round(2/(1+i/6)+random.uniform(-.2,.2),4) for i in range(60)]
flat = [1.0] * 40
run('defaults', {}, [0.1], flat)
run('patience 2 factor .5', dict(patience=2,factor=.5), [0.1,0.01], noise)
run('abs threshold', dict(patience=1,factor=.3,threshold=.05,threshold_mode='abs'), [0.3], noise)
run('rel threshold large', dict(patience=3,factor=.7,threshold=.1), [0.3], noise)
run('max rel', dict(mode='max',patience=2,factor=.5,threshold=.02), [0.2], [-x for x in noise])
run('max abs', dict(mode='max',patience=2,factor=.5,threshold=.02,threshold_mode='abs'), [0.2], [round(3-x,4) for x in noise])
run('cooldown', dict(patience=1,cooldown=4,factor=.5), [0.4], flat)
run('min_lr', dict(patience=0,factor=.5,min_lr=0.03), [0.4,0.02], flat)
run('min_lr list', dict(patience=0,factor=.5,min_lr=[0.03,0.001]), [0.4,0.02], flat)
run('eps', dict(patience=0,factor=.5,eps=1e-3), [0.01], flat)
run('patience 0', dict(patience=0,factor=.9), [1.0], noise)
run('negative', dict(patience=1,factor=.5,threshold=.1), [1.0], [-1.0-i*0.05 for i in range(20)])
run('zero', dict(patience=1,factor=.5), [1.0], [0.0]*10)

with open("packages/lr-schedules/test/fixtures/torch-plateau.json", "w") as file:
    json.dump(cases, file, separators=(",", ":"))
    file.write("\n")
