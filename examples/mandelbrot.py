"""The Mandelbrot set: a loop over pixels, in it a loop that stops where the point escapes.

Run ``python examples/mandelbrot.py``; it leaves ``demo-output/mandelbrot.png``.
"""

import sys
import time

import numpy as np

import theano
import theano.tensor as T
from pictures import save_figure, start_figure
from theano.scan_module import until


def escape_times(limit):
    """Compile a function of the points' coordinates: how many steps z -> z*z + c each takes to leave the circle of radius 4.

    Points that stay have ``limit``. What is beyond whole steps (how far outside the point jumped) makes the colours smooth.
    """
    real, imaginary = T.dvectors("real", "imaginary")

    def steps(a, b):
        def step(x, y, n):
            x, y = x * x - y * y + a, 2 * x * y + b
            return (x, y, n + 1), until(x * x + y * y > 16)

        zero = T.zeros_like(a)
        (xs, ys, counts), _ = theano.scan(step, outputs_info=[zero, zero, zero], n_steps=limit)
        return xs[-1], ys[-1], counts[-1]

    (x, y, n), _ = theano.map(steps, [real, imaginary])
    size = T.maximum(x * x + y * y, 16)
    smooth = T.switch(n < limit, n + 1 - T.log2(T.log(size) / 2), limit)
    return theano.function([real, imaginary], smooth)


def picture(f, centre, width, rows, columns):
    """The escape times of a grid of points around ``centre``."""
    x = centre[0] + np.linspace(-0.5, 0.5, columns) * width
    y = centre[1] + np.linspace(-0.5, 0.5, rows) * width * rows / columns
    a, b = np.meshgrid(x, y)
    return f(a.ravel(), b.ravel()).reshape(rows, columns)


def main(rows=480, columns=640, limit=300):
    start = time.perf_counter()
    f = escape_times(limit)
    compiled = time.perf_counter()
    places = [("the set", (-0.65, 0.0), 3.2), ("a spiral in its valley", (-0.743643, 0.131825), 0.012)]
    found = [picture(f, centre, width, rows, columns) for _, centre, width in places]
    seconds = time.perf_counter() - compiled
    print(f"compiled in {compiled - start:.2f} s; {sum(map(np.sum, found)) / 1e6:.0f} million steps in {seconds:.2f} s")
    figure = start_figure("Escape times of z -> z*z + c, by a scan until the point escapes", 13, 5.5)
    for axis, image, (title, centre, width) in zip(figure.subplots(1, 2), found, places):
        height = width * rows / columns
        edges = [centre[0] - width / 2, centre[0] + width / 2, centre[1] - height / 2, centre[1] + height / 2]
        axis.imshow(np.log(image + 1), cmap="twilight_shifted", origin="lower", extent=edges, interpolation="bilinear")
        axis.set_title(title, fontsize=10)
        axis.tick_params(labelsize=8)
    print(f"picture: {save_figure(figure, 'mandelbrot')}")


if __name__ == "__main__":
    sys.exit(main())
