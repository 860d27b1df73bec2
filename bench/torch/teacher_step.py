"""The teacher's training step in PyTorch, for bench/torch.ts: a line in asks for a piece of work, a line of JSON answers.

    teacher_step.py FILE THREADS [channels_last]

FILE holds weights, a batch, and the loss and gradients that our own step computed from them.
"""
import json
import resource
import sys
import time

import torch
from denoiser import teacher_loss
from tensors import read_tensors, under

path, threads, *layout = sys.argv[1:]
torch.set_num_threads(int(threads))
tensors, metadata = read_tensors(path)
config, recipe = json.loads(metadata["config"]), json.loads(metadata["recipe"])
batch, truth = under(tensors, "batch:"), under(tensors, "gradient:")
weights = under(tensors, "weight:")
if layout == ["channels_last"]:
    last = lambda t: t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t
    batch, weights = [{name: last(t) for name, t in some.items()} for some in (batch, weights)]
parameters = {name: t.requires_grad_() for name, t in weights.items()}
held = list(parameters.values())
average = [t.detach().clone() for t in held]
adam = torch.optim.AdamW(held, lr=recipe["learningRate"], weight_decay=0, foreach=True)


def network():
    adam.zero_grad(set_to_none=True)
    loss = teacher_loss(parameters, config, batch)
    loss.backward()
    return {"loss": loss.item()}


def optimizer():
    torch.nn.utils.clip_grad_norm_(held, recipe["clip"])
    adam.step()
    decay = recipe["emaDecay"]
    with torch.no_grad():
        torch._foreach_mul_(average, decay)
        torch._foreach_add_(average, held, alpha=1 - decay)
    return {}


def compare():
    """The largest difference to our gradients, each relative to the largest number in its tensor."""
    loss, ours = network()["loss"], tensors["loss"].item()
    if set(truth) != set(parameters):
        raise SystemExit("teacher_step.py: the file's gradients are not those of its weights")
    apart = {
        name: ((parameters[name].grad - g).abs().max() / g.abs().max()).item() for name, g in truth.items()
    }
    worst = max(apart, key=apart.get)
    return {"loss": abs(loss - ours) / ours, "gradient": apart[worst], "worst": worst, "tensors": len(apart)}


def memory():
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


works = {"compare": compare, "network": network, "optimizer": optimizer, "memory": memory}
print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    before = time.process_time()
    answer = works[line.strip()]()
    answer["cpu"] = 1000 * (time.process_time() - before)
    print(json.dumps(answer), flush=True)
