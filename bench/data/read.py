"""Reads the same steps with tf.data: shuffled through a buffer of 256 lines, parsed in parallel, prefetched. Prints JSON."""

import json
import resource
import sys
import time

import tensorflow as tf

job = json.loads(sys.argv[1])
batch_size, steps = job["batchSize"], job["steps"]
shape = [job["height"], job["width"], 1]


def peak_rss_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def parse(serialized):
    names = ("degraded_image_raw", "clean_image_raw", "label_raw")
    example = tf.io.parse_single_example(serialized, {name: tf.io.FixedLenFeature([], tf.string) for name in names})
    degraded, clean = (tf.reshape(tf.io.decode_raw(example[name], tf.float32), shape) for name in names[:2])
    return degraded, clean, tf.io.decode_raw(example["label_raw"], tf.int64)


def read_steps(seed, busy_ms):
    compression = "GZIP" if job["path"].endswith(".gz") else None
    records = tf.data.TFRecordDataset(job["path"], compression_type=compression)
    batches = iter(
        records.shuffle(256, seed=seed)
        .repeat()
        .map(parse, num_parallel_calls=tf.data.AUTOTUNE)
        .padded_batch(batch_size, (shape, shape, [None]))
        .prefetch(4)
    )
    warm_up = min(10, steps - 1)
    waited = started = done = 0
    for step in range(steps):
        asked = time.monotonic()
        if step == warm_up:
            started = asked
        degraded, _, _ = next(batches)
        assert degraded.shape == [batch_size, *shape]
        if step >= warm_up:
            waited += time.monotonic() - asked
            done += 1
        until = time.monotonic() + busy_ms / 1000
        while time.monotonic() < until:
            pass
    return waited * 1000, (time.monotonic() - started) * 1000, done


base = peak_rss_mb()
opened = time.monotonic()
next(iter(tf.data.TFRecordDataset(job["path"], compression_type="GZIP" if job["path"].endswith(".gz") else None)))
open_ms = (time.monotonic() - opened) * 1000
waited, wall, done = read_steps(1, job["stepMs"])
_, idle_wall, idle_done = read_steps(2, 0)
print(
    json.dumps(
        {
            "version": tf.__version__,
            "openMs": open_ms,
            "linesPerSecond": 1000 * idle_done * batch_size / idle_wall,
            "waitMsPerStep": waited / done,
            "waitPercent": 100 * waited / wall,
            "peakRssMb": peak_rss_mb(),
            "baseRssMb": base,
        }
    )
)
