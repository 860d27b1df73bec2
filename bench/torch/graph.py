"""A graph of ours in PyTorch, for bench/beside-torch.ts: each line in asks for a run, a line of JSON answers.

    graph.py MODEL FOLDER THREADS

MODEL is an ONNX file whose weights lie in FOLDER; executor/torch_executor.py computes its nodes one after the
other, and lets go of what is no longer needed. A line is "run", or the file that the result is written to.
"""
import json
import os
import resource
import sys
import tempfile
import time

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../executor"))
from torch_executor import Session, count_of  # noqa: E402

model, folder, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
with tempfile.NamedTemporaryFile() as shared:
    session = Session(model, folder, shared.name, torch.device("cpu"), None, {})
for value in session.inputs:
    at, count = value["offset"], count_of(value["shape"])
    numbers = torch.sin(torch.arange(count, dtype=torch.float64) / 7).float()
    session.host_inputs[at : at + value["bytes"]].view(torch.float32).copy_(numbers)


def answer(**values):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**values, "peak": peak}), flush=True)


answer(version=torch.__version__, processor=1000 * time.process_time())
for line in sys.stdin:
    start, before = time.perf_counter(), time.process_time()
    session.run()
    ms, processor = 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - before)
    if line.strip() != "run":
        session.results["y"].numpy().tofile(line.strip())
    answer(ms=ms, processor=processor)
