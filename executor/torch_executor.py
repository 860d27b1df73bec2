"""Runs the ONNX graphs of samsr with PyTorch, on a GPU where there is one.

ONNX Runtime's provider for CUDA is not in the npm registry, while many machines for research have Python and
PyTorch. So samsr can hand its graphs to this program: the graph, its gradients and the optimiser stay what
they are, and PyTorch does nothing but compute one node after the other. Shapes are static, so on a GPU a
whole graph is recorded once as a CUDA graph and replayed, which takes the host out of the way of thousands of
small kernels.

The other side (src/runtime/torch-process.ts) starts it. Requests are lines of JSON on standard input, replies
are such lines on descriptor 3: standard output is for whatever Python and its libraries print. Numbers pass
through one file of shared memory for each session: its inputs, then its outputs, each at an offset that the
reply to "create" tells. Inputs and outputs may be bound to tensors that stay on the device, and have no place
there: such inputs are read where they lie, such outputs are written there. A tensor has a file of its own,
through which it is pushed to the device and pulled from it.

Needs nothing but PyTorch, 1.13 or later. SAMSR_TORCH_DEVICE names another device than the one it would
choose.
"""

import json
import mmap
import os
import signal
import struct
import sys

import torch
import torch.nn.functional as F

TYPES = {1: torch.float32, 2: torch.uint8, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16}
NAMES = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 9: "bool", 10: "float16"}
ALIGNMENT = 256
REPLIES = 3

# ------------------------------------------------- the file: as much of onnx.proto3 as samsr writes


def fields(data):
    """The fields of a protobuf message: number and value; an integer, 4 or 8 bytes, or a part of the data."""
    at, end = 0, len(data)

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    while at < end:
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            value = varint()
        else:
            length = {1: 8, 5: 4}.get(kind)
            if length is None:
                length = varint()
            value = data[at : at + length]
            at += length
        yield number, value


def signed(value):
    return value - 2**64 if value >= 2**63 else value


def integers(value):
    """A repeated integer, packed or one at a time."""
    if isinstance(value, int):
        return [signed(value)]
    # The fields of a message with nothing but a varint after each key would look the same, so the bytes are
    # read here.
    numbers, number, shift = [], 0, 0
    for byte in value:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(signed(number))
            number = shift = 0
    return numbers


def text(value):
    return bytes(value).decode()


def read_attribute(data):
    name, result, ints = "", None, []
    for number, value in fields(data):
        if number == 1:
            name = text(value)
        elif number == 2:
            result = struct.unpack("<f", value)[0]
        elif number == 3:
            result = signed(value)
        elif number == 4:
            result = text(value)
        elif number == 8:
            ints += integers(value)
    return name, ints if result is None else result


def read_node(data):
    inputs, outputs, op, attributes = [], [], "", {}
    for number, value in fields(data):
        if number == 1:
            inputs.append(text(value))
        elif number == 2:
            outputs.append(text(value))
        elif number == 4:
            op = text(value)
        elif number == 5:
            name, attribute = read_attribute(value)
            attributes[name] = attribute
    return {"op": op, "inputs": inputs, "outputs": outputs, "attributes": attributes}


def read_tensor(data, folder):
    name, shape, kind, raw, external = "", [], 1, b"", {}
    for number, value in fields(data):
        if number == 1:
            shape += integers(value)
        elif number == 2:
            kind = value
        elif number == 8:
            name = text(value)
        elif number == 9:
            raw = value
        elif number == 13:
            entry = {n: text(v) for n, v in fields(value)}
            external[entry[1]] = entry[2]
    if external:
        with open(os.path.join(folder, external["location"]), "rb") as file:
            file.seek(int(external["offset"]))
            raw = file.read(int(external["length"]))
    empty = count_of(shape) == 0
    dtype = TYPES[kind]
    tensor = torch.empty(0, dtype=dtype) if empty else torch.frombuffer(bytearray(raw), dtype=dtype)
    return name, tensor.reshape(shape)


def read_value_info(data):
    """Name, code of the type, shape."""
    name, kind, shape = "", 1, []
    for number, value in fields(data):
        if number == 1:
            name = text(value)
        elif number == 2:
            tensor = dict(fields(value))[1]
            for n, v in fields(tensor):
                if n == 1:
                    kind = v
                elif n == 2:
                    shape = [dict(fields(dim)).get(1, 0) for k, dim in fields(v) if k == 1]
    return {"name": name, "kind": kind, "shape": shape}


def read_model(path, folder):
    nodes, constants, inputs, outputs = [], {}, [], []
    with open(path, "rb") as file:
        data = memoryview(file.read())
    graph = dict(fields(data))[7]
    for number, value in fields(graph):
        if number == 1:
            nodes.append(read_node(value))
        elif number == 5:
            name, tensor = read_tensor(value, folder)
            constants[name] = tensor
        elif number == 11:
            inputs.append(read_value_info(value))
        elif number == 12:
            outputs.append(read_value_info(value))
    return nodes, constants, inputs, outputs


# ---------------------------------------------------------------- operators: f(tensors, attributes, host)
# `host(i)` is input i as a list of numbers, where it is a constant that says how and not what: a shape, axes.


def conv(x, a, host):
    return F.conv2d(x[0], x[1], x[2] if len(x) > 2 else None, a["strides"], symmetric(a["pads"]))


def conv_transpose(x, a, host):
    bias = x[2] if len(x) > 2 else None
    extra = a.get("output_padding", [0, 0])
    return F.conv_transpose2d(x[0], x[1], bias, a["strides"], symmetric(a["pads"]), extra)


def symmetric(pads):
    half = len(pads) // 2
    if pads[:half] != pads[half:]:
        raise ValueError(f"padding {pads} differs before and after")
    return pads[:half]


def gemm(x, a, host):
    left = x[0].t() if a.get("transA") else x[0]
    right = x[1].t() if a.get("transB") else x[1]
    alpha = a.get("alpha", 1.0)
    if len(x) > 2:
        return torch.addmm(x[2], left, right, alpha=alpha)
    product = left @ right
    return product if alpha == 1 else product * alpha


def pad(x, a, host):
    amounts = host(1)
    rank = len(amounts) // 2
    pairs = [(amounts[i], amounts[rank + i]) for i in range(rank)]
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}[a.get("mode", "constant")]
    if mode != "constant":
        # PyTorch mirrors the last two axes of four only.
        pairs = pairs[-2:]
    return F.pad(x[0], [amount for pair in reversed(pairs) for amount in pair], mode)


def cut(x, a, host):
    y = x[0]
    starts, ends, axes, steps = host(1), host(2), host(3), host(4)
    index = [slice(None)] * y.dim()
    for start, end, axis, step in zip(starts, ends, axes, steps):
        index[axis] = slice(start, end, step)
    return y[tuple(index)]


def reduction(f):
    def reduce(x, a, host):
        return f(x[0], host(1), bool(a.get("keepdims", 1)))

    return reduce


def space_to_depth(x, a, host):
    n, c, h, w = x[0].shape
    b = a["blocksize"]
    split = x[0].reshape(n, c, h // b, b, w // b, b)
    return split.permute(0, 3, 5, 1, 2, 4).reshape(n, b * b * c, h // b, w // b)


def depth_to_space(x, a, host):
    n, c, h, w = x[0].shape
    b = a["blocksize"]
    if a.get("mode") == "CRD":
        return F.pixel_shuffle(x[0], b)
    split = x[0].reshape(n, b, b, c // (b * b), h, w)
    return split.permute(0, 3, 4, 1, 5, 2).reshape(n, c // (b * b), h * b, w * b)


def resize(x, a, host):
    mode = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}[a.get("mode", "nearest")]
    return F.interpolate(x[0], scale_factor=host(2)[2:], mode=mode)


def gather(x, a, host):
    axis = a.get("axis", 0)
    y = x[0].index_select(axis, x[1].reshape(-1))
    return y.reshape(x[0].shape[:axis] + x[1].shape + x[0].shape[axis + 1 :])


def scatter(x, a, host):
    return x[0].index_add(0, x[1].reshape(-1), x[2])


def layer_normalization(x, a, host):
    bias = x[2] if len(x) > 2 else None
    return torch.native_layer_norm(x[0], [x[0].shape[-1]], x[1], bias, a.get("epsilon", 1e-5))


OPERATORS = {
    "Add": lambda x, a, host: x[0] + x[1],
    "Sub": lambda x, a, host: x[0] - x[1],
    "Mul": lambda x, a, host: x[0] * x[1],
    "Div": lambda x, a, host: x[0] / x[1],
    "Pow": lambda x, a, host: torch.pow(x[0], x[1]),
    "Max": lambda x, a, host: torch.maximum(x[0], x[1]),
    "Min": lambda x, a, host: torch.minimum(x[0], x[1]),
    "Neg": lambda x, a, host: -x[0],
    "Abs": lambda x, a, host: x[0].abs(),
    "Exp": lambda x, a, host: x[0].exp(),
    "Log": lambda x, a, host: x[0].log(),
    "Sqrt": lambda x, a, host: x[0].sqrt(),
    "Sin": lambda x, a, host: x[0].sin(),
    "Cos": lambda x, a, host: x[0].cos(),
    "Erf": lambda x, a, host: x[0].erf(),
    "Tanh": lambda x, a, host: x[0].tanh(),
    "Sigmoid": lambda x, a, host: x[0].sigmoid(),
    "Relu": lambda x, a, host: x[0].relu(),
    "LeakyRelu": lambda x, a, host: F.leaky_relu(x[0], a.get("alpha", 0.01)),
    "PRelu": lambda x, a, host: torch.where(x[0] >= 0, x[0], x[0] * x[1]),
    "Sign": lambda x, a, host: x[0].sign(),
    "Gelu": lambda x, a, host: F.gelu(x[0]),
    "Softmax": lambda x, a, host: x[0].softmax(a.get("axis", -1)),
    "Clip": lambda x, a, host: x[0].clamp(host(1)[0], host(2)[0]),
    "Greater": lambda x, a, host: x[0] > x[1],
    "GreaterOrEqual": lambda x, a, host: x[0] >= x[1],
    "Equal": lambda x, a, host: x[0] == x[1],
    "And": lambda x, a, host: x[0] & x[1],
    "Where": lambda x, a, host: torch.where(x[0], x[1], x[2]),
    "Cast": lambda x, a, host: x[0].to(TYPES[a["to"]]),
    "Identity": lambda x, a, host: x[0],
    "Reshape": lambda x, a, host: x[0].reshape(host(1)),
    "Transpose": lambda x, a, host: x[0].permute(a["perm"]),
    "Expand": lambda x, a, host: x[0].expand(torch.broadcast_shapes(x[0].shape, tuple(host(1)))),
    "Concat": lambda x, a, host: torch.cat(x, a["axis"]),
    "Split": lambda x, a, host: torch.split(x[0], host(1), a["axis"]),
    "Slice": cut,
    "Pad": pad,
    "Gather": gather,
    "ScatterND": scatter,
    "ReduceSum": reduction(lambda x, axes, keep: x.sum(axes, keepdim=keep)),
    "ReduceMean": reduction(lambda x, axes, keep: x.mean(axes, keepdim=keep)),
    "ReduceMax": reduction(lambda x, axes, keep: x.amax(axes, keepdim=keep)),
    "ArgMin": lambda x, a, host: x[0].argmin(a["axis"], keepdim=bool(a["keepdims"])),
    "MatMul": lambda x, a, host: x[0] @ x[1],
    "Gemm": gemm,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "AveragePool": lambda x, a, host: F.avg_pool2d(x[0], a["kernel_shape"], a["strides"]),
    "MaxPool": lambda x, a, host: F.max_pool2d(x[0], a["kernel_shape"], a["strides"], ceil_mode=bool(a["ceil_mode"])),
    "Resize": resize,
    "GridSample": lambda x, a, host: F.grid_sample(x[0], x[1], padding_mode="border", align_corners=False),
    "SpaceToDepth": space_to_depth,
    "DepthToSpace": depth_to_space,
    "LayerNormalization": layer_normalization,
}

# ---------------------------------------------------------------- sessions


class Tensor:
    """Float32 numbers on the device, with a copy in a shared file."""

    def __init__(self, count, shared, device):
        self.host = torch.frombuffer(share(shared, 4 * count), dtype=torch.float32, count=count)
        self.there = torch.zeros(count, device=device)

    def push(self):
        self.there.copy_(self.host)

    def pull(self):
        self.host.copy_(self.there)

    def part(self, offset, shape):
        return self.there[offset : offset + count_of(shape)].view(shape)


class Session:
    """A graph that can be run: its numbers lie in the shared file, or in the tensors that are bound."""

    def __init__(self, model, folder, shared, device, pool, bound):
        self.device, self.pool = device, pool
        self.nodes, constants, inputs, outputs = read_model(model, folder)
        for node in self.nodes:
            if node["op"] not in OPERATORS:
                raise ValueError(f"there is no operator {node['op']} here")
        self.inputs = [v for v in inputs if v["name"] not in bound]
        self.outputs = [v for v in outputs if v["name"] not in bound]
        self.wanted = {v["name"] for v in outputs}
        inputs_end = self.place(self.inputs, 0)
        size = self.place(self.outputs, inputs_end)
        self.memory = share(shared, size)
        host = torch.frombuffer(self.memory, dtype=torch.uint8)
        self.host_inputs, self.host_outputs = host[:inputs_end], host[inputs_end:size]
        if device.type == "cuda":
            # Pinned, the GPU reads and writes it by itself; where that fails, copies take a little longer.
            torch.cuda.cudart().cudaHostRegister(host.data_ptr(), size, 0)
        self.device_inputs = torch.zeros(inputs_end, dtype=torch.uint8, device=device)
        self.device_outputs = torch.zeros(size - inputs_end, dtype=torch.uint8, device=device)
        held = {v["name"]: bound[v["name"]](v["shape"]) for v in inputs + outputs if v["name"] in bound}
        feeds = {v["name"]: held[v["name"]] for v in inputs if v["name"] in bound}
        feeds.update({v["name"]: part(self.device_inputs, v, 0) for v in self.inputs})
        self.results = {v["name"]: part(self.device_outputs, v, inputs_end) for v in self.outputs}
        # Bound outputs come last, when nothing reads an input any more that is bound to the same memory.
        self.kept = {v["name"]: held[v["name"]] for v in outputs if v["name"] in bound}
        self.prepare(constants, feeds)
        self.graph = None

    def place(self, values, offset):
        for v in values:
            v["offset"] = offset
            v["bytes"] = count_of(v["shape"]) * torch.empty(0, dtype=TYPES[v["kind"]]).element_size()
            offset += -(-v["bytes"] // ALIGNMENT) * ALIGNMENT
        return offset

    def prepare(self, constants, feeds):
        """Computes what depends on constants alone, and plans when each other value is no longer needed."""
        short = {n: t for n, t in constants.items() if t.dtype == torch.int64 or t.numel() <= 4}
        lists = {n: t.flatten().tolist() for n, t in short.items()}
        fixed = {name: t.to(self.device) for name, t in constants.items()}
        self.plan = []
        for node in self.nodes:
            call = self.call(node, lists)
            if all(name in fixed for name in node["inputs"] if name):
                found = call(fixed)
                fixed.update(found)
                continue
            self.plan.append((node, call))
        last = {}
        for i, (node, _) in enumerate(self.plan):
            for name in node["inputs"]:
                last[name] = i
        used = {name for node, _ in self.plan for name in node["inputs"]} | self.wanted
        self.fixed = {name: t for name, t in {**fixed, **feeds}.items() if name in used}
        self.expiring = [[] for _ in self.plan]
        for name, i in last.items():
            if name and name not in self.fixed and name not in self.wanted:
                self.expiring[i].append(name)

    def call(self, node, lists):
        f, attributes = OPERATORS[node["op"]], node["attributes"]
        names, outputs = node["inputs"], node["outputs"]
        host = lambda i: lists[names[i]]

        def compute(values):
            found = f([values[name] for name in names if name], attributes, host)
            return dict(zip(outputs, found if isinstance(found, (tuple, list)) else [found]))

        return compute

    def compute(self):
        values = dict(self.fixed)
        for (node, call), expired in zip(self.plan, self.expiring):
            values.update(call(values))
            for name in expired:
                del values[name]
        for results in (self.results, self.kept):
            for name, result in results.items():
                result.copy_(values[name].reshape(result.shape))

    def run(self):
        with torch.no_grad():
            self.device_inputs.copy_(self.host_inputs, non_blocking=True)
            if self.device.type != "cuda":
                self.compute()
            else:
                if self.graph is None:
                    self.record()
                self.graph.replay()
            self.host_outputs.copy_(self.device_outputs, non_blocking=True)
            if self.device.type == "cuda":
                torch.cuda.synchronize()

    def record(self):
        # Libraries choose and allocate in the first run, which must not be part of a recording or change
        # anything.
        before = [result.clone() for result in self.kept.values()]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self.compute()
        torch.cuda.current_stream().wait_stream(side)
        for result, value in zip(self.kept.values(), before):
            result.copy_(value)
        del before
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        self.graph = torch.cuda.CUDAGraph()
        # One pool for all graphs: they run one after the other, and nothing in it outlives a run.
        with torch.cuda.graph(self.graph, pool=self.pool):
            self.compute()


def count_of(shape):
    count = 1
    for side in shape:
        count *= side
    return count


def part(buffer, value, start):
    at = value["offset"] - start
    return buffer[at : at + value["bytes"]].view(TYPES[value["kind"]]).reshape(value["shape"])


def share(path, size):
    with open(path, "r+b") as file:
        file.truncate(max(size, 1))
        return mmap.mmap(file.fileno(), max(size, 1))


def describe(values):
    return [
        {"name": v["name"], "type": NAMES[v["kind"]], "shape": v["shape"], "offset": v["offset"]}
        for v in values
    ]


def bind(tensor, offset):
    """The part of a tensor from this place on, as a function of its shape."""
    return lambda shape: tensor.part(offset, shape)


def choose_device():
    name = os.environ.get("SAMSR_TORCH_DEVICE")
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def main():
    # Ctrl-C reaches every process of a terminal, and a closed terminal ends them; this one ends when its input
    # does, so that the other side can still fetch what is worth saving.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    device = choose_device()
    if device.type == "cuda":
        # Products of 10-bit mantissas, summed in float32: what training tolerates and tensor cores are fast
        # at.
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None
    sessions, tensors = {}, {}

    def answer(request):
        kind, key = request["request"], request.get("session", request.get("tensor"))
        if kind == "create":
            if request.get("threads"):
                torch.set_num_threads(request["threads"])
            bound = {name: bind(tensors[b["tensor"]], b["offset"]) for name, b in request["bound"].items()}
            session = Session(request["model"], request["folder"], request["shared"], device, pool, bound)
            sessions[key] = session
            return {"inputs": describe(session.inputs), "outputs": describe(session.outputs)}
        if kind == "run":
            sessions[key].run()
            return {}
        if kind == "release":
            del sessions[key]
            return {}
        if kind == "allocate":
            tensors[key] = Tensor(request["count"], request["shared"], device)
            return {}
        if kind == "push":
            tensors[key].push()
            return {}
        if kind == "pull":
            tensors[key].pull()
            return {}
        if kind == "free":
            del tensors[key]
            return {}
        raise ValueError(f"unknown request {kind}")

    with open(REPLIES, "w", encoding="utf-8") as replies:
        for line in sys.stdin:
            try:
                request = json.loads(line)
                reply = answer(request)
            except Exception as error:
                reply = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps({"number": request["number"], **reply}), file=replies, flush=True)


if __name__ == "__main__":
    main()
