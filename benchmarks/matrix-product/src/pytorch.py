"""Times PyTorch's matrix products on request.

Usage: pytorch.py <threads> <wall|processor>. The first line it writes is PyTorch's version. Then it reads lines: six numbers
`batch m k n transposeA transposeB` make the operands of a product, an empty line computes it once and answers milliseconds.
"""
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]))
now = time.process_time if sys.argv[2] == "processor" else time.perf_counter
print(torch.__version__, flush=True)
for line in sys.stdin:
    if line.strip():
        batch, m, k, n, transpose_a, transpose_b = map(int, line.split())
        a = torch.rand(batch, k, m).transpose(1, 2) if transpose_a else torch.rand(batch, m, k)
        b = torch.rand(batch, n, k).transpose(1, 2) if transpose_b else torch.rand(batch, k, n)
        continue
    start = now()
    torch.bmm(a, b)
    print((now() - start) * 1e3, flush=True)
