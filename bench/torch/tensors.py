"""Reads the safetensors files that the bench writes: 8 bytes of length, a JSON header, then float32 numbers."""
import json
import struct

import torch


def read_tensors(path):
    """Tensors by name, and the header's metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        numbers = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin)
        tensors[name] = numbers.reshape(entry["shape"]).clone()
    return tensors, metadata


def under(tensors, prefix):
    """Those whose names begin with `prefix`, without it."""
    return {name[len(prefix) :]: t for name, t in tensors.items() if name.startswith(prefix)}
