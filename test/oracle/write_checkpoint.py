"""Writes checkpoints with TensorFlow for our reader, and prints what they hold as JSON: {prefix: {name: [dtype, shape, hex]}}."""
import json
import os
import sys

import numpy as np
import tensorflow as tf

directory = sys.argv[1]
rng = np.random.default_rng(7)


def describe(prefix):
    reader = tf.train.load_checkpoint(prefix)
    tensors = {}
    for name, shape in reader.get_variable_to_shape_map().items():
        value = np.asarray(reader.get_tensor(name))
        if value.dtype == object or value.dtype.kind == "S":
            if name == "_CHECKPOINTABLE_OBJECT_GRAPH":
                continue
            tensors[name] = ["string", list(value.shape), [part.hex() for part in value.reshape(-1).tolist()]]
        else:
            tensors[name] = [str(value.dtype), list(shape), value.tobytes().hex()]
    return tensors


numeric = {str(d): tf.Variable(tf.cast(rng.integers(0, 2, (2, 3)), d)) for d in
           ["float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]}
layers = {f"layer_with_a_long_name_{i}": tf.Variable(rng.normal(size=(3, 1)).astype("float32")) for i in range(500)}
first = tf.train.Checkpoint(text=tf.Variable(["", "é", "x" * 5000]), scalar=tf.Variable(3.5), empty=tf.Variable(tf.zeros([0, 4])), **numeric, **layers)
manager = tf.train.CheckpointManager(first, os.path.join(directory, "objects"), max_to_keep=2)
prefixes = [manager.save()]

model = tf.keras.Sequential([tf.keras.layers.Input((8,)), tf.keras.layers.Dense(4), tf.keras.layers.BatchNormalization()])
prefixes.append(tf.train.Checkpoint(model=model).write(os.path.join(directory, "keras", "model")))

shards = []
for index in range(3):
    part = os.path.join(directory, "sharded", f"part-{index}")
    os.makedirs(os.path.dirname(part), exist_ok=True)
    tf.raw_ops.SaveV2(prefix=part, tensor_names=[f"shard{index}/w"], shape_and_slices=[""], tensors=[tf.fill([2], float(index))])
    shards.append(part)
merged = os.path.join(directory, "sharded", "all")
tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=shards, destination_prefix=merged, delete_old_dirs=False)
prefixes.append(merged)
print(json.dumps({prefix: describe(prefix) for prefix in prefixes}))
