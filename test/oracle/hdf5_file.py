"""Writes an HDF5 file with datasets of every kind that is read, and what is in them: hdf5_file.py <file> earliest|latest."""

import json
import sys

import h5py
import numpy as np

path, version = sys.argv[1:3]
random = np.random.default_rng(3)
floats = random.normal(size=(7, 11, 3)).astype(np.float32)
arrays = {
    "plain": (floats, {}),
    "deep/er/group/int64": (np.arange(-3, 4), {}),
    "scalar": (np.float64(1.5), {}),
    "half": (floats.astype(np.float16), {}),
    "bytes": (np.arange(5, dtype=np.uint8), {}),
}
if version == "earliest":
    arrays |= {
        "zipped": (floats, {"chunks": (3, 4, 2), "compression": "gzip", "shuffle": True, "fletcher32": True}),
        "chunks": (floats, {"chunks": (2, 5, 3)}),
        "unwritten": (np.zeros((4, 2), np.float32), {"chunks": (2, 2)}),
        **{f"many/{i}": (np.full(2, i, np.int32), {}) for i in range(300)},
    }
with h5py.File(path, "w", libver=version) as file:
    for name, (values, options) in arrays.items():
        if name == "unwritten":
            file.create_dataset(name, values.shape, values.dtype, **options)
        else:
            file.create_dataset(name, data=values, **options)
    file.create_dataset("text", data=["one", "two"], dtype=h5py.string_dtype())
    file.create_dataset("big", data=floats.astype(">f4"))
    file.attrs["fixed"] = np.array([b"ab", b"cde"])
    file["deep"].attrs["any length"] = ["kernel:0", "bias:0", ""]
    file["deep"].attrs["number"] = 7
    file.attrs.create("long", [f"layer_{i}" for i in range(200)], dtype=h5py.string_dtype())
print(
    json.dumps(
        {
            name: {"dtype": str(values.dtype), "shape": list(values.shape), "values": np.ravel(values).tolist()}
            for name, (values, _) in arrays.items()
        }
    )
)
