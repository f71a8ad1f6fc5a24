"""Times PyTorch's Muon on request: reads `<repetitions>` a line, writes milliseconds per step a line.

Usage: pytorch-muon.py <rows x columns,...> <threads> <wall|processor>. The first line it writes is PyTorch's version.
"""
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[2]))
now = time.process_time if sys.argv[3] == "processor" else time.perf_counter
shapes = [[int(length) for length in shape.split("x")] for shape in sys.argv[1].split(",")]
parameters = [torch.nn.Parameter(torch.randn(*shape)) for shape in shapes]
for parameter in parameters:
    parameter.grad = torch.randn_like(parameter)
optimizer = torch.optim.Muon(parameters, lr=1e-3)
optimizer.step()
print(torch.__version__, flush=True)
for line in sys.stdin:
    repetitions = int(line)
    start = now()
    for _ in range(repetitions):
        optimizer.step()
    print((now() - start) * 1e3 / repetitions, flush=True)
