"""An LSTM that learns to write, character by character, like the Python language reference.

The text is real and ships with Python: ``pydoc_data.topics``, the reference pages that ``help("if")`` shows. The recurrence is a
scan; so is the sampler, which draws each character from what the network expects after those before.

Run ``python examples/character_lstm.py``; it prints samples while it learns, and leaves ``demo-output/character_lstm.png``.
"""

import sys
import time

import numpy as np

import theano
import theano.tensor as T
from pictures import curves, save_figure, start_figure
from theano.sandbox.rng_mrg import MRG_RandomStreams
from training import bar


def load_text(least=60):
    """The text as an array of character numbers, and the characters; those seen fewer than ``least`` times are left out."""
    from pydoc_data import topics

    text = "\n".join(topics.topics[name] for name in sorted(topics.topics))
    found, counts = np.unique(list(text), return_counts=True)
    characters = "".join(found[counts >= least])
    number = {c: i for i, c in enumerate(characters)}
    return np.asarray([number[c] for c in text if c in number], dtype="int32"), characters


class CharacterLSTM:
    """One layer of LSTM units between a table of characters and a softmax over the next character."""

    def __init__(self, rng, n_characters, n_units):
        def share(shape, scale, name):
            return theano.shared(np.asarray(rng.normal(0, scale, shape), dtype=theano.config.floatX), name=name)

        self.n_units = n_units
        self.W = share((n_characters, 4 * n_units), 0.1, "W")
        self.U = share((n_units, 4 * n_units), n_units**-0.5, "U")
        b = np.zeros(4 * n_units, dtype=theano.config.floatX)
        b[n_units : 2 * n_units] = 1  # units remember until they have learnt to forget
        self.b = theano.shared(b, name="b")
        self.V = share((n_units, n_characters), 0.1, "V")
        self.c = share((n_characters,), 0, "c")
        self.params = [self.W, self.U, self.b, self.V, self.c]

    def step(self, seen, h, memory):
        """The units' outputs and memory after one more character; ``seen``: its row of the table."""
        z = seen + T.dot(h, self.U) + self.b
        i, f, g, o = (z[:, k * self.n_units : (k + 1) * self.n_units] for k in range(4))
        memory = T.nnet.sigmoid(f) * memory + T.nnet.sigmoid(i) * T.tanh(g)
        return T.nnet.sigmoid(o) * T.tanh(memory), memory

    def cost(self, x, y, h, memory):
        """Nats a character of ``y`` after ``x``, both (steps, sequences); and the state after the last step."""
        (hs, memories), _ = theano.scan(self.step, sequences=self.W[x], outputs_info=[h, memory])
        expected = T.nnet.softmax(T.dot(hs.reshape((-1, self.n_units)), self.V) + self.c)
        return T.nnet.categorical_crossentropy(expected, y.flatten()).mean(), hs[-1], memories[-1]

    def sample(self, streams, first, n_steps, temperature):
        """Characters drawn after those of ``first``, for each in it: (steps, sequences); and the updates of the streams."""

        def step(last, h, memory):
            h, memory = self.step(self.W[last], h, memory)
            expected = T.nnet.softmax((T.dot(h, self.V) + self.c) / temperature)
            return T.cast(T.argmax(streams.multinomial(pvals=expected), axis=1), "int32"), h, memory

        zeros = T.zeros((first.shape[0], self.n_units))
        (drawn, _, _), updates = theano.scan(step, outputs_info=[first, zeros, zeros], n_steps=n_steps)
        return drawn, updates


def rmsprop(cost, params, rate):
    """Updates along gradients scaled by their recent size, and cut to norm 5."""
    gradients = T.grad(cost, params)
    norm = T.sqrt(sum(T.sqr(g).sum() for g in gradients))
    scale = T.minimum(1, 5 / (norm + 1e-6))
    updates = []
    for p, g in zip(params, gradients):
        mean = theano.shared(np.zeros_like(p.get_value()))
        new = T.cast(0.95 * mean + 0.05 * T.sqr(scale * g), theano.config.floatX)
        updates += [(mean, new), (p, p - rate * scale * g / (T.sqrt(new) + 1e-4))]
    return updates


def train(n_units=192, sequences=24, steps=50, epochs=5, rate=0.003, n_text=None, progress=print):
    """Train; return the network, the characters, bits a character of each epoch on text learnt and on text held back, and a
    function of (number of steps, temperature) that gives a sample."""
    text, characters = load_text()
    text = text[:n_text]
    held, text = text[: len(text) // 20], text[len(text) // 20 :]
    network = CharacterLSTM(np.random.RandomState(1), len(characters), n_units)

    # Each sequence reads on through its own part of the text: the state after a batch is where the next one starts.
    length = (len(text) - 1) // sequences // steps * steps
    rows = text[: sequences * length].reshape(sequences, length).T
    following = text[1 : sequences * length + 1].reshape(sequences, length).T
    x, y = T.imatrices("x", "y")
    learning = T.scalar("rate")
    zeros = np.zeros((sequences, n_units), dtype=theano.config.floatX)
    h, memory = theano.shared(zeros, name="h"), theano.shared(zeros, name="memory")
    cost, last_h, last_memory = network.cost(x, y, h, memory)
    updates = [*rmsprop(cost, network.params, learning), (h, last_h), (memory, last_memory)]
    train_model = theano.function([x, y, learning], cost, updates=updates)

    start = T.zeros((1, n_units))
    test = theano.function([x, y], network.cost(x, y, start, start)[0])
    first, n, temperature = T.ivector("first"), T.iscalar("n"), T.scalar("temperature")
    drawn, updates = network.sample(MRG_RandomStreams(5), first, n, temperature)
    draw = theano.function([first, n, temperature], drawn, updates=updates)

    def write(n_steps, heat):
        return "".join(characters[i] for i in draw([characters.index("\n")], n_steps, heat)[:, 0])

    history = {"learnt": [], "held back": []}
    for epoch in range(1, epochs + 1):
        begin = time.perf_counter()
        h.set_value(zeros)
        memory.set_value(zeros)
        now = rate * (1 if epoch <= 0.6 * epochs else 0.3)
        costs = [train_model(rows[t : t + steps], following[t : t + steps], now) for t in range(0, length, steps)]
        history["learnt"].append(float(np.mean(costs)) / np.log(2))
        history["held back"].append(float(test(held[:-1, None], held[1:, None])) / np.log(2))
        progress(
            f"{bar(epoch, epochs)} epoch {epoch}/{epochs}  {time.perf_counter() - begin:5.1f} s  bits a character: "
            f"{history['learnt'][-1]:.2f}, on text held back {history['held back'][-1]:.2f}"
        )
        progress("    " + write(300, 0.7).strip().replace("\n", "\n    "))
    return network, characters, history, write


def main():
    theano.config.floatX = "float32"
    _, characters, history, write = train()
    print(f"\n{len(characters)} characters; a longer sample:\n")
    print(write(1200, 0.6))
    figure = start_figure("An LSTM learns the Python language reference", 6, 4)
    lines = [("text learnt", history["learnt"], "o-"), ("text held back", history["held back"], "s--")]
    curves(figure.subplots(), "", lines, "bits a character", ylim=(0, None))
    print(f"picture: {save_figure(figure, 'character_lstm')}")


if __name__ == "__main__":
    sys.exit(main())
