"""Saves and restores with a Python tool, as the lines on stdin say: ["save" | "restore", path]."""
import gc
import glob
import json
import os
import sys
import time

import numpy as np

tool, megabytes = sys.argv[1], float(sys.argv[2])
count = 64
length = round(megabytes * 1e6 / 4 / count)
state_mb = count * length * 4 / 1e6
base = np.sin(np.arange(length, dtype="float32"))
arrays = {f"layer{i}": base + np.float32(i) for i in range(count)}

if tool == "tensorflow":
    import tensorflow as tf

    version = tf.__version__
    checkpoint = tf.train.Checkpoint(**{name: tf.Variable(value) for name, value in arrays.items()})
    save = checkpoint.write

    def restore(path):
        checkpoint.read(path).assert_consumed()

    # The variables are there already: nothing but what the restore needs beside them is extra.
    state_mb = 0
elif tool == "torch":
    import torch

    version = torch.__version__
    tensors = {name: torch.from_numpy(value) for name, value in arrays.items()}
    save = lambda path: torch.save(tensors, path)
    restore = lambda path: torch.load(path, weights_only=True)
else:
    import safetensors
    from safetensors.numpy import load_file, save_file

    version = safetensors.__version__
    save = lambda path: save_file(arrays, path)
    restore = lambda path: load_file(path)


def save_durably(path):
    save(path)
    for name in files(path):
        handle = os.open(name, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def files(path):
    return [name for name in glob.glob(f"{path}*") if os.path.isfile(name)]


def memory_mb(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1000 for line in status if line.startswith(field))


def measure(action):
    gc.collect()
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")
    before = memory_mb("VmRSS")
    started = time.perf_counter()
    kept = action()
    seconds = time.perf_counter() - started
    extra = memory_mb("VmHWM") - before
    del kept
    return {"seconds": seconds, "extra_mb": extra}


print(json.dumps({"version": version}), flush=True)
for line in sys.stdin:
    action, path = json.loads(line)
    if action == "save":
        result = {**measure(lambda: save_durably(path)), "files": files(path)}
    else:
        result = measure(lambda: restore(path))
        result["extra_mb"] -= state_mb
    print(json.dumps(result), flush=True)
