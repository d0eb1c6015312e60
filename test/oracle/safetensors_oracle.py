"""Reads a .safetensors file with Python's safetensors and prints its tensors as JSON {name: [dtype, shape, hex]}, with the
metadata; then writes the same tensors to a second path."""
import json
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

source, target = sys.argv[1:]
tensors = {}
with safe_open(source, framework="np") as file:
    metadata = file.metadata()
    for name in file.keys():
        tensors[name] = file.get_tensor(name)
rows = {name: [str(value.dtype), list(value.shape), value.tobytes().hex()] for name, value in tensors.items()}
save_file({name: np.array(value, order="C") for name, value in tensors.items()}, target, metadata=metadata)
print(json.dumps({"tensors": rows, "metadata": metadata}))
