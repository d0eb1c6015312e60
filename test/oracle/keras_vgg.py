"""Saves the first layers of a VGG-19 as Keras does, with a gray image and the features of its last layer: keras_vgg.py <folder>."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from keras import layers

folder = sys.argv[1]
random = np.random.default_rng(5)
image = layers.Input((8, 12, 3))
x = layers.Conv2D(64, 3, padding="same", activation="relu", name="block1_conv1")(image)
x = layers.Conv2D(64, 3, padding="same", activation="relu", name="block1_conv2")(x)
x = layers.MaxPooling2D((2, 2))(x)
x = layers.Conv2D(128, 3, padding="same", activation="relu", name="block2_conv1")(x)
model = keras.Model(image, x)
for weight in model.weights:
    weight.assign(random.normal(0, 0.05, weight.shape))
model.save_weights(f"{folder}/vgg.weights.h5")
model.save(f"{folder}/vgg.h5")
gray = random.random((1, 8, 12, 1), np.float32)
pixels = keras.applications.vgg19.preprocess_input(255 * np.repeat(gray, 3, 3))
with open(f"{folder}/vgg.json", "w", encoding="utf8") as file:
    json.dump({"image": gray.ravel().tolist(), "features": model(pixels).numpy().ravel().tolist()}, file)
