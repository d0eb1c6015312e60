"""Saves a small transformer recognizer as Keras does, with an image and its logits: keras_recognizer.py <folder> [seed]."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

WIDTH, HEIGHT, FILTERS, SIZE, HEADS, FEED_FORWARD, LAYERS, CLASSES = 32, 16, 2, 8, 2, 12, 2, 5


def convolve(x, filters, size, strides, name):
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.Activation("gelu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def build(has_places):
    image = layers.Input((WIDTH, HEIGHT, 1))
    x = convolve(image, FILTERS, 7, (1, 2), "s1_1")
    x = layers.MaxPooling2D((2, 2))(convolve(x, FILTERS, 3, 1, "s1_2"))
    x = convolve(x, 2 * FILTERS, 3, 1, "s2_1")
    x = layers.MaxPooling2D((2, 2))(convolve(x, 2 * FILTERS, 3, 1, "s2_2"))
    x = convolve(x, 4 * FILTERS, 3, 1, "s3_1")
    x = layers.MaxPooling2D((2, 1))(convolve(x, 4 * FILTERS, 3, 1, "s3_2"))
    x = convolve(convolve(x, 8 * FILTERS, 3, 1, "s4_1"), 8 * FILTERS, 3, 1, "s4_2")
    x = layers.Reshape((WIDTH // 8, HEIGHT // 8 * 8 * FILTERS))(x)
    x = layers.LayerNormalization(name="proj_ln")(layers.Dense(SIZE, name="proj_dense")(x))
    if has_places:
        steps = ops.cumsum(ops.ones_like(x[:, :, 0]), 1) - 1
        x = x + layers.Embedding(WIDTH // 8, SIZE, name="positional_embedding")(steps)
    for i in range(LAYERS):
        attended = layers.MultiHeadAttention(HEADS, SIZE // HEADS, name=f"trn_attn_{i}")(x, x)
        x = layers.LayerNormalization(name=f"trn_ln1_{i}")(x + attended)
        hidden = layers.Dense(FEED_FORWARD, activation="gelu", name=f"trn_ffn1_{i}")(x)
        hidden = layers.Dense(SIZE, name=f"trn_ffn2_{i}")(hidden)
        x = layers.LayerNormalization(name=f"trn_ln2_{i}")(x + hidden)
    return keras.Model(image, layers.Dense(CLASSES, name="logits")(x))


def main(folder, seed=1):
    random = np.random.default_rng(seed)
    image = random.random((1, WIDTH, HEIGHT, 1), np.float32)
    answer = {"image": image[0, :, :, 0].T.ravel().tolist()}
    for has_places in (True, False):
        model = build(has_places)
        for weight in model.weights:
            values = random.normal(0, 0.5, weight.shape)
            weight.assign(np.abs(values) + 0.5 if "variance" in weight.path or "gamma" in weight.path else values)
        name = "places" if has_places else "no-places"
        model.save_weights(f"{folder}/{name}.weights.h5")
        if has_places:
            model.save(f"{folder}/{name}.h5")
            tf.train.Checkpoint(model=model).write(f"{folder}/{name}")
        answer[name] = model(image, training=False).numpy()[0].ravel().tolist()
    with open(f"{folder}/answer.json", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main(*sys.argv[1:2])
