"""Keras 1 and 2 on their Theano backend: convolutions, batch normalization, recurrent layers, embeddings."""

import keras
import numpy as np
from digits import IMAGES, LABELS
from keras.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    SimpleRNN,
    TimeDistributed,
)  # fmt: skip
from keras.models import Sequential

one = keras.__version__.startswith("1")
classes = np.eye(10)[LABELS].astype("float32")


def fitted(model, x, y, epochs):
    return model.fit(x, y, batch_size=50, verbose=0, **{"nb_epoch" if one else "epochs": epochs}).history["loss"]


model = Sequential()
if one:
    from keras.layers import Convolution2D, MaxPooling2D

    model.add(Convolution2D(16, 3, 3, activation="relu", input_shape=(28, 28, 1), dim_ordering="tf"))
    model.add(MaxPooling2D((2, 2), dim_ordering="tf"))
else:
    from keras.layers import Conv2D, MaxPooling2D

    model.add(Conv2D(16, (3, 3), activation="relu", input_shape=(28, 28, 1), data_format="channels_last"))
    model.add(MaxPooling2D((2, 2), data_format="channels_last"))
for layer in (
    BatchNormalization(),
    Flatten(),
    Dropout(0.3),
    Dense(64, activation="relu"),
    Dense(10, activation="softmax"),
):
    model.add(layer)
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
fitted(model, IMAGES[:4000, :, :, None], classes[:4000], 3)
right = float(model.evaluate(IMAGES[4000:, :, :, None], classes[4000:], verbose=0)[1])
print(f"Keras {keras.__version__}, digits: {right:.1%} right")
assert right > 0.88

for layer in (LSTM(32, input_shape=(28, 28)), GRU(32, input_shape=(28, 28)), SimpleRNN(32, input_shape=(28, 28)),
              Bidirectional(LSTM(16), input_shape=(28, 28))):  # fmt: skip
    model = Sequential()
    model.add(layer)
    model.add(Dense(10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop")
    losses = fitted(model, IMAGES[:2000], classes[:2000], 3)
    print(f"{type(layer).__name__}: {losses[0]:.2f} -> {losses[-1]:.2f}")
    assert losses[-1] < losses[0]

model = Sequential()
model.add(Embedding(50, 8, input_length=20))
model.add(LSTM(16, return_sequences=True))
model.add(TimeDistributed(Dense(5, activation="softmax")))
model.compile("sgd", "categorical_crossentropy")
rng = np.random.RandomState(0)
words, tags = rng.randint(0, 50, (16, 20)), np.eye(5)[rng.randint(0, 5, (16, 20))]
assert abs(float(model.train_on_batch(words, tags)) - np.log(5)) < 0.1
