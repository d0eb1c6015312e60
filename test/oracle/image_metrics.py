"""Prints TensorFlow's PSNR and SSIM and its greedy CTC decoding for the arrays in a JSON file, as JSON."""

import json
import sys

import numpy as np
import tensorflow as tf

with open(sys.argv[1], encoding="utf8") as file:
    task = json.load(file)

shape = (len(task["images"]), task["height"], task["width"], 1)
images, references = (np.array(task[key], np.float32).reshape(shape) for key in ("images", "references"))
logits = np.array(task["logits"], np.float32).reshape(-1, 1, task["classes"])
decoded, _ = tf.nn.ctc_greedy_decoder(logits, [logits.shape[0]])

print(
    json.dumps(
        {
            "psnr": tf.image.psnr(images, references, 1.0).numpy().tolist(),
            "ssim": tf.image.ssim(images, references, 1.0).numpy().tolist(),
            "decoded": decoded[0].values.numpy().tolist(),
        }
    )
)
