"""One case of the bench in Python TensorFlow: worker_tf.py <case> graph. The same networks and step as ours, in Keras."""

import json, os, pathlib, sys, time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

K, L = tf.keras, tf.keras.layers
case = json.loads((pathlib.Path(__file__).parent / "cases.json").read_text())[sys.argv[1]]
f, depth, H, W, B = (case[key] for key in ("filters", "depth", "height", "width", "batch"))


def norm(x):
    return L.LeakyReLU(0.2)(L.BatchNormalization(epsilon=1e-3, momentum=0.9)(x))


def conv(x, filters, size):
    return L.Conv2D(filters, size, padding="same", use_bias=False)(x)


def block(x, filters):
    return norm(conv(norm(conv(x, filters, 3)), filters, 3)) + conv(x, filters, 1)


def unet():
    degraded = K.Input((H, W, 1))
    x, skips = 1 - degraded, []
    for level in range(depth + 1):
        x = block(x if level == 0 else L.AveragePooling2D(2)(x), f * 2**level)
        skips.append(x)
    for level in reversed(range(depth)):
        up = L.UpSampling2D()(conv(x, f * 2**level, 1))
        x = block(L.Concatenate()([up, skips[level]]), f * 2**level)
    learned = L.Conv2D(1, 1)(x)
    return K.Model(degraded, K.activations.sigmoid(learned + (degraded - 0.5) * 8))


def critic():
    image, text = K.Input((H, W, 1)), K.Input((6,), dtype="int32")
    x = 1 - image
    for level in range(3):
        x = L.LeakyReLU(0.2)(L.Conv2D(f * 2**level, 4, 2, padding="same")(x))
    x = L.LeakyReLU(0.2)(L.Dense(32)(L.Flatten()(x)))
    read = L.LSTM(32)(L.Embedding(11, 16)(text))
    joined = L.Dropout(0.3)(L.LeakyReLU(0.2)(L.Dense(32)(L.Concatenate()([x, read]))))
    return K.Model([image, text], L.Dense(1)(joined))


def reader():
    image = K.Input((H, W, 1))
    x = 1 - image
    for filters, pool in ((16, None), (32, (2, 2)), (48, (2, 2)), (64, (2, 1))):
        x = L.LeakyReLU(0.2)(L.Conv2D(filters, 3, padding="same")(x if pool is None else L.AveragePooling2D(pool)(x)))
    columns = L.Reshape((W // 4, H // 8 * 64))(L.Permute((2, 1, 3))(x))
    sequence = L.Bidirectional(L.LSTM(48, return_sequences=True))(L.LeakyReLU(0.2)(L.Dense(64)(columns)))
    return K.Model(image, [x, L.Dense(11)(sequence)])


G = unet()
adam = K.optimizers.Adam(2e-4, beta_1=0.5, global_clipnorm=1.0)
rng = np.random.default_rng(0)
degraded, clean = (rng.random((B, H, W, 1), np.float32) for _ in range(2))
labels = np.array([[(line + 3 * i) % 10 for i in range(6)] for line in range(B)], np.int32)

if case["gan"]:
    D, R = critic(), reader()
    R.trainable = False
    sgd = K.optimizers.SGD(2e-4, momentum=0.9, global_clipnorm=1.0)
    bce = lambda logits, target: tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(tf.fill(tf.shape(logits), target), logits)
    )

    @tf.function
    def step(degraded, clean, labels):
        text = labels + 1
        features = R(clean, training=False)[0]
        with tf.GradientTape() as tape:
            restored = G(degraded, training=True)
            seen, logits = R(restored, training=False)
            lengths = tf.fill([B], 6), tf.fill([B], W // 4)
            ctc = tf.reduce_mean(tf.nn.ctc_loss(labels, logits, *lengths, logits_time_major=False, blank_index=10))
            loss = (
                200 * tf.reduce_mean(tf.abs(restored - clean))
                + 5 * tf.reduce_mean((seen - features) ** 2)
                + 0.5 * ctc
                + 0.5 * bce(D([restored, text], training=True), 1.0)
            )
        forG = tape.gradient(loss, G.trainable_variables)
        with tf.GradientTape() as tape:
            verdicts = D([tf.concat([clean, restored], 0), tf.concat([text, text], 0)], training=True)
            loss_d = bce(verdicts[:B], 0.9) + bce(verdicts[B:], 0.0)
        forD = tape.gradient(loss_d, D.trainable_variables)
        adam.apply_gradients(zip(forG, G.trainable_variables))
        sgd.apply_gradients(zip(forD, D.trainable_variables))
        return loss, loss_d

else:

    @tf.function
    def step(degraded, clean, labels):
        with tf.GradientTape() as tape:
            loss = 200 * tf.reduce_mean(tf.abs(G(degraded, training=True) - clean))
        adam.apply_gradients(zip(tape.gradient(loss, G.trainable_variables), G.trainable_variables))
        return (loss,)


def take_step():
    started = time.perf_counter()
    figures = [float(figure) for figure in step(tf.constant(degraded), tf.constant(clean), tf.constant(labels))]
    return (time.perf_counter() - started) * 1e3, figures[0]


first, _ = take_step()
# Steps that take long need less warming up.
step_ms, _ = take_step()
for _ in range(3):
    if step_ms < 2000:
        step_ms, _ = take_step()
count = sum(int(np.prod(v.shape)) for m in ([G, D] if case["gan"] else [G]) for v in m.trainable_variables)
print(json.dumps({"ready": True, "parameters": count, "device": f"TensorFlow {tf.__version__}", "firstMs": first, "stepMs": step_ms}), flush=True)
for line in sys.stdin:
    taken = [take_step() for _ in range(int(line))]
    print(json.dumps({"times": [ms for ms, _ in taken], "loss": taken[-1][1]}), flush=True)
