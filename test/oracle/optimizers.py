"""Prints the weights after each step of Keras' optimizers, for the gradients in a JSON file: name -> list of weights."""

import json
import sys

import numpy as np
import tensorflow as tf

with open(sys.argv[1], encoding="utf8") as file:
    tasks = json.load(file)


def run(task):
    weight = tf.Variable(np.zeros(len(task["gradients"][0]), np.float32))
    optimizer = getattr(tf.keras.optimizers, task["optimizer"])(**{name: float(value) for name, value in task["options"].items()})
    weights = []
    for gradient, rate in zip(task["gradients"], task["rates"], strict=True):
        optimizer.learning_rate = rate
        clipped = [tf.constant(gradient, tf.float32)]
        if task["clip"] > 0:
            clipped, _ = tf.clip_by_global_norm(clipped, task["clip"])
        optimizer.apply_gradients([(clipped[0], weight)])
        weights.append(weight.numpy().tolist())
    return weights


print(json.dumps({name: run(task) for name, task in tasks.items()}))
