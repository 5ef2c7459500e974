"""The handwritten digits of the examples, shuffled."""

import os

import numpy as np

with np.load(os.environ["DIGITS"]) as _data:
    _order = np.random.RandomState(0).permutation(len(_data["labels"]))
    IMAGES = (_data["images"].reshape(-1, 28, 28) / 255.0).astype("float32")[_order]
    LABELS = _data["labels"].astype("int32")[_order]
