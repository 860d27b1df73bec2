"""Trains for some minutes on a machine that has Python with PyTorch and nothing else of what samsr needs.

`npm run reproduce -- pack` puts this program into a folder with all the rest: Node and the packages
(`runtime.tar.xz`), samsr, the configuration, weights and photos (`job.tar`). It unpacks them, trains,
writes the weights and the state of the run into --out every minute, and ends by itself before the limit.
What it left in --out is what --resume-from takes, here or in `pack`, so a run can be many short ones.

    python3 run.py --out OUT --limit-seconds 540
    python3 run.py --out OUT --limit-seconds 540 --resume-from LAST_OUT

The state comes back small: weights as their moving average and the difference from it, each in 16 bits,
and Adam's moments in 8 bits with a scale for every 64 numbers. A run that goes on is therefore not the same
to the bit as one that was never stopped.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import threading
import time

BEGUN = time.monotonic()
HERE = os.path.dirname(os.path.abspath(__file__))
ARRAYS = ("weights", "average", "adam.first", "adam.second")
BLOCK = 64


def arguments():
    parser = argparse.ArgumentParser(description="Trains for some minutes with what is packed here.")
    add = parser.add_argument
    add("--out", help="where weights, state and log go, every minute and at the end")
    add("--limit-seconds", type=float, default=540, help="it has ended by then, from its start on")
    add("--margin-seconds", type=float, default=40, help="of these, what saving at the end may take")
    add("--data", nargs="+", help="folders of photos (default: those that were packed)")
    add("--resume-from", help="an earlier call's --out (default: what was packed, if any)")
    add("--every-seconds", type=float, default=60, help="between two times that it writes into --out")
    add("--part-megabytes", type=float, default=15, help="the state is cut into files of this size")
    add("--work", default="/tmp/samsr-run", help="where it unpacks and trains")
    add("--device", default="torch", help="handed on to samsr train")
    add("--data-threads", type=int, default=max(1, (os.cpu_count() or 2) - 2))
    add("--prepare", action="store_true", help="unpack and end, for a call that trains later")
    return parser.parse_args()


def say(text):
    print(f"[{time.monotonic() - BEGUN:6.1f} s] {text}", flush=True)


# ---------------------------------------------------------------- the state, small and in parts


def read_safetensors(path):
    """Arrays of numbers by name, as PyTorch has them, and the metadata."""
    import torch

    types = {"F32": torch.float32, "F16": torch.float16, "I8": torch.int8, "U8": torch.uint8}
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    body = memoryview(data)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind = types[entry["dtype"]]
        empty = torch.empty(0, dtype=kind)
        tensors[name] = torch.frombuffer(body[begin:end], dtype=kind) if end > begin else empty
    return tensors, metadata


def write_safetensors(path, tensors, metadata):
    import torch

    names = {torch.float32: "F32", torch.float16: "F16", torch.int8: "I8", torch.uint8: "U8"}
    header, parts, at = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        part = tensor.contiguous().numpy().tobytes()
        offsets = [at, at + len(part)]
        header[name] = {"dtype": names[tensor.dtype], "shape": [tensor.numel()], "data_offsets": offsets}
        parts.append(part)
        at += len(part)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for part in parts:
            file.write(part)


def blocks(values):
    import torch

    return torch.nn.functional.pad(values, (0, -values.numel() % BLOCK)).reshape(-1, BLOCK)


def over(values, scale):
    return values / scale.clamp(min=1e-38)[:, None]


def shrink(state):
    """The state of a run in about a third of its bytes; `grow` undoes it."""
    import torch

    small = {}
    for prefix in prefixes(state):
        weights, average, first, second = (state[prefix + name].float() for name in ARRAYS)
        half = average.half()
        small[prefix + "average"] = half
        small[prefix + "difference"] = (weights - half.float()).half()
        m, r = blocks(first), blocks(second.sqrt())
        scale = m.abs().amax(1) / 127
        small[prefix + "first"] = over(m, scale).round().to(torch.int8).flatten()
        small[prefix + "first.scale"] = scale
        scale = r.amax(1) / 255
        # Rounded up: a second moment that were nothing beside a first that is something would be a leap.
        small[prefix + "second"] = over(r, scale).ceil().clamp(0, 255).to(torch.uint8).flatten()
        small[prefix + "second.scale"] = scale
    return small


def grow(small):
    state = {}
    for prefix in sorted({name[: -len("difference")] for name in small if name.endswith("difference")}):
        average = small[prefix + "average"].float()
        count = average.numel()
        first = small[prefix + "first"].reshape(-1, BLOCK).float() * small[prefix + "first.scale"][:, None]
        second = small[prefix + "second"].reshape(-1, BLOCK).float() * small[prefix + "second.scale"][:, None]
        weights = average + small[prefix + "difference"].float()
        values = weights, average, first.flatten()[:count], second.flatten()[:count] ** 2
        state.update({prefix + name: value for name, value in zip(ARRAYS, values)})
    return state


def prefixes(state):
    return [name[: -len("weights")] for name in state if name.endswith("weights")]


def write_parts(path, folder, size):
    """Cuts a file into parts and says in `state.json` what they are."""
    with open(path, "rb") as file:
        data = file.read()
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    names = [f"state.{i:02}" for i in range(len(parts))]
    for name, part in zip(names, parts):
        put(part, os.path.join(folder, name))
    sums = [hashlib.sha256(part).hexdigest() for part in parts]
    put(json.dumps({"parts": dict(zip(names, sums))}).encode(), os.path.join(folder, "state.json"))


def read_parts(folder, path):
    with open(os.path.join(folder, "state.json")) as file:
        parts = json.load(file)["parts"]
    with open(path, "wb") as whole:
        for name, wanted in parts.items():
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            if hashlib.sha256(data).hexdigest() != wanted:
                place = os.path.join(folder, name)
                sys.exit(f"run.py: {place} is not the part that state.json names; copy the folder again")
            whole.write(data)


def put(data, path):
    """Replaces a file in one rename."""
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


# ---------------------------------------------------------------- the run


def unpack(work):
    os.makedirs(work, exist_ok=True)
    for name in ("runtime.tar.xz", "job.tar"):
        archive, stamp = os.path.join(HERE, name), os.path.join(work, name + ".unpacked")
        if not os.path.exists(archive):
            continue
        facts = os.stat(archive)
        now = f"{facts.st_size} {facts.st_mtime_ns}"
        if os.path.exists(stamp) and open(stamp).read() == now:
            continue
        with tarfile.open(archive) as tar:
            tar.extractall(work)
        put(now.encode(), stamp)
        say(f"unpacked {name}")


def export(run, args, last):
    """Brings what the run has saved into --out, if it is newer than what is there."""
    state = os.path.join(run, "state.safetensors")
    if not os.path.exists(state) or os.stat(state).st_mtime_ns == last:
        return last
    stamp = os.stat(state).st_mtime_ns
    tensors, metadata = read_safetensors(state)
    small = os.path.join(args.work, "small.safetensors")
    write_safetensors(small, shrink(tensors), metadata)
    write_parts(small, args.out, int(args.part_megabytes * 2**20))
    for name in sorted(os.listdir(run)):
        if name == "log.jsonl" or (name.endswith(".safetensors") and name != "state.safetensors"):
            with open(os.path.join(run, name), "rb") as file:
                put(file.read(), os.path.join(args.out, name))
    say(f"wrote step {metadata.get('step')} into {args.out}")
    return stamp


def main():
    args = arguments()
    if not args.prepare and not args.out:
        sys.exit("run.py: --out is missing; it is where weights and state go")
    unpack(args.work)
    if args.prepare:
        return
    node, job_file = os.path.join(args.work, "node"), os.path.join(args.work, "job.json")
    for needed in (node, job_file):
        if not os.path.exists(needed):
            sys.exit(f"run.py: {needed} is missing; put runtime.tar.xz and job.tar beside run.py")
    with open(job_file) as file:
        job = json.load(file)
    run = os.path.join(args.work, "run")
    shutil.rmtree(run, ignore_errors=True)
    os.makedirs(run)
    os.makedirs(args.out, exist_ok=True)
    inside = lambda name: os.path.join(args.work, name)
    words = [node, inside("dist/cli/main.js"), "train", job["train"], "-o", run]
    words += ["--config", inside("config.yaml")]
    words += ["--data", *(args.data or [inside("photos")]), "--device", args.device]
    words += ["--data-threads", str(args.data_threads)]
    words += ["--save-minutes", str(args.every_seconds / 60)]
    for option, name in job["weights"].items():
        words += [f"--{option}", inside(name)]
    packed = inside("earlier") if os.path.exists(inside("earlier/state.json")) else None
    earlier = args.resume_from or packed
    if earlier:
        read_parts(earlier, inside("small.safetensors"))
        small, metadata = read_safetensors(inside("small.safetensors"))
        write_safetensors(os.path.join(run, "state.safetensors"), grow(small), metadata)
        words.append("--resume")
        say(f"goes on from step {metadata.get('step')}")
    environment = {**os.environ, "SAMSR_PYTHON": sys.executable}
    pipe = subprocess.PIPE
    child = subprocess.Popen(words, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=environment)
    say("training is started")
    lines = []

    def listen():
        for line in child.stdout:
            lines.append(line)
            say(line.rstrip())

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    end = BEGUN + args.limit_seconds - args.margin_seconds
    state = os.path.join(run, "state.safetensors")
    # What lies there before the first step is nothing new.
    last = os.stat(state).st_mtime_ns if earlier else None
    due = time.monotonic() + args.every_seconds
    while child.poll() is None and time.monotonic() < end:
        time.sleep(0.2)
        if time.monotonic() >= due:
            last = export(run, args, last)
            due += args.every_seconds
    if child.poll() is None:
        say("the time is up")
        child.send_signal(signal.SIGINT)
        try:
            child.wait(max(5, BEGUN + args.limit_seconds - 10 - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            say("it did not end in time and was killed; what it saved before is kept")
    listener.join(5)
    export(run, args, last)
    put("".join(lines).encode(), os.path.join(args.out, "train.log"))
    # 130 is what samsr says of a run that was told to stop and saved itself.
    say(f"ended with code {child.returncode}")
    sys.exit(0 if child.returncode in (0, 130) else 1)


if __name__ == "__main__":
    main()
