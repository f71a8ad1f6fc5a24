"""Times PyTorch's AdamW on request: reads `<repetitions>` a line, answers milliseconds a step a line.

Usage: pytorch-adamw.py <size> <foreach|fused> <threads> <wall|processor>. The first line it writes is PyTorch's version.
"""
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[3]))
size, form = int(sys.argv[1]), sys.argv[2]
now = time.process_time if sys.argv[4] == "processor" else time.perf_counter
parameter = torch.nn.Parameter(torch.randn(size))
parameter.grad = torch.randn(size)
optimizer = torch.optim.AdamW([parameter], lr=1e-3, foreach=form == "foreach", fused=form == "fused")
optimizer.step()
print(torch.__version__, flush=True)
for line in sys.stdin:
    repetitions = int(line)
    start = now()
    for _ in range(repetitions):
        optimizer.step()
    print((now() - start) * 1e3 / repetitions, flush=True)
