"""Reads the newest checkpoint of a directory as TensorFlow does, and prints every tensor's name, dtype, shape and sum as JSON lines."""
import json
import sys

import numpy as np
import tensorflow as tf

prefix = tf.train.latest_checkpoint(sys.argv[1])
if prefix is None:
    sys.exit(f"tf.train.latest_checkpoint finds nothing in {sys.argv[1]}")
reader = tf.train.load_checkpoint(prefix)
dtypes = reader.get_variable_to_dtype_map()
names = sorted(reader.get_variable_to_shape_map())
if not names:
    sys.exit(f"{prefix} holds no tensors")
for name in names:
    value = np.asarray(reader.get_tensor(name))
    is_text = value.dtype == object or value.dtype.kind == "S"
    total = [part.decode(errors='replace') for part in value.reshape(-1).tolist()] if is_text else float(value.astype(np.float64).sum())
    row = {"name": name, "dtype": dtypes[name].name, "shape": list(value.shape), "sum": total}
    if len(sys.argv) > 2:
        print(json.dumps(row))
print(json.dumps({"prefix": prefix, "tensors": len(names)}))
