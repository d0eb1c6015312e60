"""Loads the newest checkpoint of the reference trainer into Keras models with tf.train.Checkpoint, compares every value with what
the reader finds under our names, and saves it again, unchanged, with tf.train.CheckpointManager under the same number."""
import json
import sys

import numpy as np
import tensorflow as tf

directory, number, filters, depth, lines = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), json.loads(sys.argv[5])
L = tf.keras.layers


class Box(L.Layer):
    """Layers under names, in order."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.built = True


def built(layer, *shape):
    layer.build((None, *shape))
    return layer


def conv(inputs, outputs, size, bias=False):
    return built(L.Conv2D(outputs, size, use_bias=bias), 8, 8, inputs)


def joined(inputs, outputs, size):
    if len(inputs) == 1:
        return conv(inputs[0], outputs, size)
    return Box(**{f"part{i}": conv(width, outputs, size) for i, width in enumerate(inputs)})


def block(inputs, width, **before):
    norm = lambda: built(L.BatchNormalization(), 8, 8, width)
    return Box(**before, conv0=joined(inputs, width, 3), norm0=norm(), conv1=conv(width, width, 3), norm1=norm(), shortcut=joined(inputs, width, 1))


widths = [filters * 2**level for level in range(depth + 1)]
encoders = {f"enc{i}": block([widths[i - 1] if i else 1], width) for i, width in enumerate(widths)}
decoders = {f"dec{i}": block([width, width], width, up=conv(2 * width, width, 1)) for i, width in enumerate(widths[:-1])}
generator = Box(**encoders, **decoders, head=conv(filters, 1, 1, True))

d, flat = lines["discriminator"], lines["flat"]
image_widths = [d["filters"] * 2**level for level in range(d["num_layers"])]
image = Box(**{f"conv{i}": conv(image_widths[i - 1] if i else 1, width, 4, True) for i, width in enumerate(image_widths)}, dense=built(L.Dense(d["lstm_units"]), flat))
text = Box(embedding=built(L.Embedding(lines["characters"] + 1, d["embedding_size"]), 4), lstm=built(L.LSTM(d["lstm_units"]), 4, d["embedding_size"]))
discriminator = Box(image=image, text=text, join=built(L.Dense(d["lstm_units"]), 2 * d["lstm_units"]), logit=built(L.Dense(1), d["lstm_units"]))

optimizer_g = tf.keras.optimizers.Adam()
optimizer_g.build(generator.trainable_variables)
optimizer_d = tf.keras.optimizers.SGD(momentum=0.9)
optimizer_d.build(discriminator.trainable_variables)

prefix = tf.train.latest_checkpoint(directory)
reader = tf.train.load_checkpoint(prefix)
checkpoint = tf.train.Checkpoint(generator=generator, discriminator=discriminator, optimizer_g=optimizer_g, optimizer_d=optimizer_d)
checkpoint.restore(prefix).assert_existing_objects_matched().expect_partial()

compared = 0


def compare(variable, name):
    global compared
    expected = reader.get_tensor(f"{name}/.ATTRIBUTES/VARIABLE_VALUE")
    if not np.array_equal(variable.numpy(), expected):
        sys.exit(f"{name} is {variable.numpy()}, expected {expected}")
    compared += 1


def walk(layer, path):
    parts = {name: part for name, part in vars(layer).items() if isinstance(part, L.Layer) and not name.startswith("_")}
    if isinstance(layer, Box):
        for name, part in parts.items():
            yield from walk(part, f"{path}/{name}")
    else:
        for variable in layer.weights:
            yield variable, f"{path}/{variable.name}"


for module, optimizer, label, slots in [
    (generator, optimizer_g, "optimizer_g", {"m": "_momentums", "v": "_velocities"}),
    (discriminator, optimizer_d, "optimizer_d", {"momentum": "momentums"}),
]:
    name = "generator" if module is generator else "discriminator"
    paths = {id(variable): path for variable, path in walk(module, name)}
    for variable in module.weights:
        compare(variable, paths[id(variable)])
    for slot, attribute in slots.items():
        for variable, value in zip(module.trainable_variables, getattr(optimizer, attribute)):
            compare(value, f"{paths[id(variable)]}/.OPTIMIZER_SLOT/{label}/{slot}")
    compare(optimizer.iterations, f"{label}/iterations")
    compare(optimizer._learning_rate, f"{label}/learning_rate")
compare(checkpoint.save_counter, "save_counter")

saved = tf.train.CheckpointManager(checkpoint, directory, max_to_keep=3).save(checkpoint_number=number)
names = tf.train.load_checkpoint(saved).get_variable_to_shape_map()
print(json.dumps({"compared": compared, "saved": saved, "ours": sum("_supervise" in name for name in names)}))
