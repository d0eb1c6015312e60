"""Saves or restores with a Python tool, as the lines on stdin say: [path].

Arguments: the tool, MB of state, what to do, a folder. "save"; "variables": restore into the variables of a training, as the
tool's users do it; "arrays": restore into new tensors.
"""
import gc
import glob
import json
import os
import resource
import sys
import tempfile
import time

import numpy as np

tool, megabytes, action, folder = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4]
count = 64
length = round(megabytes * 1e6 / 4 / count)
state_mb = count * length * 4 / 1e6


def make_arrays(length):
    base = np.sin(np.arange(length, dtype="float32"))
    return {f"layer{i}": base + np.float32(i) for i in range(count)}


# Each gives (save, restore) for a state of that many numbers in each tensor.
if tool == "tensorflow":
    import tensorflow as tf

    version = tf.__version__

    def open_tool(length):
        # The memory of all these arrays is free again afterwards, which spares TensorFlow new memory when it restores.
        checkpoint = tf.train.Checkpoint(**{name: tf.Variable(value) for name, value in make_arrays(length).items()})
        return checkpoint.write, lambda path: checkpoint.read(path).assert_consumed()

elif tool == "torch":
    import torch

    version = torch.__version__

    def open_tool(length):
        needs_state = length < 100 or action != "arrays"
        tensors = {name: torch.from_numpy(value) for name, value in make_arrays(length).items()} if needs_state else {}
        load = lambda path: torch.load(path, weights_only=True)
        if action == "arrays":
            return lambda path: torch.save(tensors, path), load
        module = torch.nn.ParameterDict({name: torch.nn.Parameter(value) for name, value in tensors.items()})
        return lambda path: torch.save(tensors, path), lambda path: module.load_state_dict(load(path))

else:
    import safetensors
    from safetensors.numpy import load_file, save_file

    version = safetensors.__version__

    def open_tool(length):
        needs_state = length < 100 or action != "arrays"
        arrays = make_arrays(length) if needs_state else {}
        return lambda path: save_file(arrays, path), load_file


def files(path):
    return [name for name in glob.glob(f"{path}*") if os.path.isfile(name)]


def save_durably(save, path):
    save(path)
    for name in files(path):
        handle = os.open(name, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def memory_mb(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1000 for line in status if line.startswith(field))


def measure(act):
    gc.collect()
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")
    before = memory_mb("VmRSS")
    used = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    kept = act()
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    extra = memory_mb("VmHWM") - before
    del kept
    return {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime - used.ru_utime - used.ru_stime,
        "page_faults": usage.ru_minflt - used.ru_minflt,
        "extra_mb": extra,
    }


# Loads what a restore needs, without touching the memory that it will fill.
with tempfile.TemporaryDirectory(dir=folder) as own:
    tiny_save, tiny_restore = open_tool(4)
    tiny_save(f"{own}/tiny")
    tiny_restore(f"{own}/tiny")
    del tiny_save, tiny_restore

save, restore = open_tool(length)
print(json.dumps({"version": version}), flush=True)
for line in sys.stdin:
    (path,) = json.loads(line)
    if action == "save":
        result = {**measure(lambda: save_durably(save, path)), "files": files(path)}
    else:
        result = measure(lambda: restore(path))
        result["extra_mb"] -= state_mb if action == "arrays" else 0
    print(json.dumps(result), flush=True)
