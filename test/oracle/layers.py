"""Prints TensorFlow's values and gradients of layers for the arrays in a JSON file, as JSON: name -> value, gradients."""

import json
import sys

import numpy as np
import tensorflow as tf

with open(sys.argv[1], encoding="utf8") as file:
    tasks = json.load(file)


def convolution(inputs, task):
    return tf.nn.conv2d(inputs["x"], inputs["kernel"], task["stride"], "SAME") + inputs["bias"]


def batch_norm(inputs, task):
    mean, variance = tf.nn.moments(inputs["x"], [0, 1, 2])
    normal = tf.nn.batch_normalization(inputs["x"], mean, variance, inputs["beta"], inputs["gamma"], 1e-3)
    return tf.nn.leaky_relu(normal, 0.2)


def layer_norm(inputs, task):
    mean, variance = tf.nn.moments(inputs["x"], task["axes"], keepdims=True)
    return tf.nn.batch_normalization(inputs["x"], mean, variance, inputs["beta"], inputs["gamma"], 1e-3)


def gelu(inputs, task):
    return tf.keras.activations.gelu(inputs["x"])


def pool(inputs, task):
    x = inputs["x"]
    return tf.reduce_max(x, task["axes"], keepdims=True) + tf.reduce_mean(x, task["axes"], keepdims=True)


def attention(inputs, task):
    size, heads = task["size"], task["heads"]
    split = lambda x: tf.transpose(tf.reshape(x, [*x.shape[:2], heads, size]), [0, 2, 1, 3])
    project = lambda x, name: tf.matmul(x, inputs[f"{name}/kernel"]) + inputs[f"{name}/bias"]
    query, key, value = (split(project(inputs["x"], name)) for name in ("query", "key", "value"))
    shares = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / size**0.5)
    mixed = tf.transpose(tf.matmul(shares, value), [0, 2, 1, 3])
    return project(tf.reshape(mixed, [*inputs["x"].shape[:2], heads * size]), "output")


def lstm(inputs, task):
    units = inputs["recurrent"].shape[0]
    layer = tf.keras.layers.LSTM(units, return_sequences=True, go_backwards=task["backwards"])
    layer.build(inputs["x"].shape)
    cell = layer.cell
    states = [tf.zeros([inputs["x"].shape[0], units])] * 2
    outputs = []
    steps = range(inputs["x"].shape[1])
    # Keras' own weights are variables; its cell is called with ours, so that they are differentiated.
    with_ours = {"kernel": inputs["kernel"], "recurrent_kernel": inputs["recurrent"], "bias": inputs["bias"]}
    for name, tensor in with_ours.items():
        object.__setattr__(cell, name, tensor)
    for step in reversed(steps) if task["backwards"] else steps:
        output, states = cell(inputs["x"][:, step], states)
        outputs.append(output)
    return tf.stack(outputs[::-1] if task["backwards"] else outputs, 1)


def ctc(inputs, task):
    labels = task["labels"]
    dense = np.zeros((len(labels), max(map(len, labels))), np.int32)
    for line, label in enumerate(labels):
        dense[line, : len(label)] = label
    lines, steps, _ = inputs["logits"].shape
    losses = tf.nn.ctc_loss(
        dense, inputs["logits"], [len(label) for label in labels], [steps] * lines, logits_time_major=False, blank_index=-1
    )
    return tf.reduce_mean(losses)


def run(task):
    inputs = {
        name: tf.constant(np.array(array["values"], np.float32).reshape(array["shape"]))
        for name, array in task["inputs"].items()
    }
    with tf.GradientTape() as tape:
        for tensor in inputs.values():
            tape.watch(tensor)
        value = globals()[task["layer"]](inputs, task)
        weights = tf.constant(np.array(task["weights"], np.float32).reshape(value.shape))
        loss = tf.reduce_sum(value * weights)
    gradients = tape.gradient(loss, inputs)
    return {
        "value": value.numpy().ravel().tolist(),
        "gradients": {name: gradient.numpy().ravel().tolist() for name, gradient in gradients.items()},
    }


print(json.dumps({name: run(task) for name, task in tasks.items()}))
