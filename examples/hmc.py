"""Hamiltonian Monte Carlo as a scan of scans: samples from a density are positions after rides over its negative logarithm.

Each sample is one step of a loop; in it a loop of leapfrog steps follows the gradient, momenta and acceptances are drawn from a
random stream, and the step size, a shared variable that the loop updates, moves towards the wanted rate of acceptance.

Run ``python examples/hmc.py``; it leaves ``demo-output/hmc.png``.
"""

import sys
import time

import numpy as np

import theano
import theano.tensor as T
from pictures import save_figure, start_figure
from theano.sandbox.rng_mrg import MRG_RandomStreams


def banana(q):
    """The negative log-density of points (rows): x is normal with variance 4, y given x is normal around x*x/4 - 1."""
    x, y = q[:, 0], q[:, 1]
    return x**2 / 8 + (y - (x**2 / 4 - 1)) ** 2 / 2


def sampler(energy, n_leapfrog=12, wanted=0.8):
    """Compile a function of (positions, number of samples): positions of all chains after each sample, and rates of acceptance."""
    streams = MRG_RandomStreams(7)
    step_size = theano.shared(np.asarray(0.1, dtype=theano.config.floatX), name="step_size")
    start, n = T.matrix("start"), T.lscalar("n")

    def force(q):
        return -T.grad(energy(q).sum(), q)

    def ride(q, p):
        """Leapfrog: half a step of momenta, then whole steps of positions and momenta, the last one half taken back."""

        def leap(q, p):
            q = q + step_size * p
            return q, p + step_size * force(q)

        p = p + 0.5 * step_size * force(q)
        (qs, ps), _ = theano.scan(leap, outputs_info=[q, p], n_steps=n_leapfrog)
        return qs[-1], ps[-1] - 0.5 * step_size * force(qs[-1])

    def sample(q):
        p = streams.normal(q.shape, dtype=theano.config.floatX)
        new_q, new_p = ride(q, p)
        gain = energy(q) + 0.5 * T.sqr(p).sum(axis=1) - energy(new_q) - 0.5 * T.sqr(new_p).sum(axis=1)
        taken = T.lt(T.log(streams.uniform(gain.shape, dtype=theano.config.floatX)), gain)
        rate = T.cast(taken, theano.config.floatX).mean()
        change = T.switch(rate > wanted, 1.02, 0.98)
        moved = T.switch(taken.dimshuffle(0, "x"), new_q, q)
        return [moved, rate], {step_size: T.cast(T.clip(step_size * change, 1e-3, 1), theano.config.floatX)}

    (positions, rates), updates = theano.scan(sample, outputs_info=[start, None], n_steps=n)
    return theano.function([start, n], [positions, rates], updates=updates), step_size


def main(chains=50, warm_up=300, samples=1000):
    theano.config.floatX = "float64"
    begin = time.perf_counter()
    draw, step_size = sampler(banana)
    compiled = time.perf_counter()
    start = np.random.RandomState(0).normal(0, 3, (chains, 2))
    settled, _ = draw(start, warm_up)
    positions, rates = draw(settled[-1], samples)
    seconds = time.perf_counter() - compiled
    flat = positions.reshape(-1, 2)
    print(f"compiled in {compiled - begin:.2f} s; {chains * (warm_up + samples):,} samples in {seconds:.2f} s")
    print(f"acceptance {rates.mean():.2f}, step size {step_size.get_value():.2f}")
    rows = [("mean of x", flat[:, 0].mean(), 0.0), ("mean of y", flat[:, 1].mean(), 0.0)]
    rows += [("variance of x", flat[:, 0].var(), 4.0), ("variance of y", flat[:, 1].var(), 3.0)]
    for name, found, exact in rows:
        print(f"{name:14} {found:6.2f}  (exactly {exact:.0f})")

    figure = start_figure("Hamiltonian Monte Carlo: samples of a bent density, and one chain's way", 13, 5.5)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    x, y = np.meshgrid(np.linspace(-7, 7, 200), np.linspace(-5, 11, 200))
    q = T.matrix("q")
    heights = theano.function([q], T.exp(-banana(q)))(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(x.shape)
    left.scatter(*flat[::5].T, s=2, alpha=0.3)
    for axis in (left, right):
        axis.contour(x, y, heights, levels=[0.01, 0.1, 0.4, 0.8], colors="black", linewidths=0.6)
        axis.set(xlim=(-7, 7), ylim=(-5, 11))
    right.plot(*positions[:60, 0].T, "o-", markersize=3, linewidth=0.7)
    print(f"picture: {save_figure(figure, 'hmc')}")
    return {name: (found, exact) for name, found, exact in rows}


if __name__ == "__main__":
    main()
    sys.exit(0)
