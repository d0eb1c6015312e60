"""Reads or writes TFRecords of text lines with TensorFlow itself.

read PATH… [GZIP]   parses every record of the files with tf.io.parse_example and prints one JSON array of what they hold
write SPECS  writes the files that the JSON array SPECS describes: how shape, type and orientation are stored
"""

import json
import sys

import numpy as np
import tensorflow as tf

FEATURES = {
    f"{name}_{part}": tf.io.FixedLenFeature([rank] if part == "shape" else [], tf.int64 if part == "shape" else tf.string)
    for name, rank in (("degraded_image", 3), ("clean_image", 3), ("label", 1))
    for part in ("raw", "shape", "dtype")
}


def read(paths, compression=None):
    records = []
    dataset = tf.data.TFRecordDataset(paths, compression_type=compression)
    batches = dataset.batch(4).map(lambda serialized: tf.io.parse_example(serialized, FEATURES))
    for example in batches.unbatch():
        degraded, clean = (
            tf.reshape(tf.io.decode_raw(example[f"{name}_raw"], tf.float32), example[f"{name}_shape"]).numpy()
            for name in ("degraded_image", "clean_image")
        )
        records.append(
            {
                "shape": list(degraded.shape),
                "dtypes": [example[f"{name}_dtype"].numpy().decode() for name in ("degraded_image", "clean_image", "label")],
                "label": tf.io.decode_raw(example["label_raw"], tf.int64).numpy().tolist(),
                "degraded_sum": float(degraded.sum(dtype=np.float64)),
                "clean_sum": float(clean.sum(dtype=np.float64)),
                "corner": degraded[0, :3, 0].tolist(),
            }
        )
    print(json.dumps(records))


def feature(value):
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=value))


def array_features(name, array, shape_as):
    shape = list(array.shape) if shape_as == "list" else np.array(array.shape, np.dtype(shape_as)).tobytes()
    return {
        f"{name}_raw": feature(array.tobytes()),
        f"{name}_shape": feature(shape),
        f"{name}_dtype": feature(str(array.dtype).encode()),
    }


def write(spec):
    with tf.io.TFRecordWriter(spec["path"], options=spec.get("compression")) as writer:
        for label in spec["labels"]:
            features = {}
            for name in ("degraded_image", "clean_image"):
                image = ramp(spec["height"], spec["width"], name == "clean_image")
                image = np.rint(image * 255).astype(np.uint8) if spec["dtype"] == "uint8" else image.astype(spec["dtype"])
                if spec["transposed"]:
                    image = image.transpose(1, 0, 2)
                features |= array_features(name, np.ascontiguousarray(image), spec["shape_as"])
            features |= array_features("label", np.array(label, spec["label_dtype"]), spec["shape_as"])
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def ramp(height, width, reverse):
    """An image whose value at (y, x) tells y and x: the test computes the same."""
    y, x = np.mgrid[0:height, 0:width]
    image = ((y * width + x) % 256) / 255
    return (1 - image if reverse else image)[..., np.newaxis]


if __name__ == "__main__":
    if sys.argv[1] == "read":
        compressed = sys.argv[-1] in ("GZIP", "ZLIB")
        read(sys.argv[2:-1] if compressed else sys.argv[2:], sys.argv[-1] if compressed else None)
    else:
        for spec in json.loads(sys.argv[2]):
            write(spec)
