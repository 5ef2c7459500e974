"""Pictures of digits and of what was learnt from them, as PNG files in ``demo-output``."""

from pathlib import Path

import numpy as np

OUTPUT = Path(__file__).parents[1] / "demo-output"


def start_figure(title, width, height):
    """A matplotlib figure that needs no display."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title)
    return figure


def save_figure(figure, name):
    """Write the figure to ``demo-output/name.png``; return its path."""
    import matplotlib.pyplot as plt

    OUTPUT.mkdir(exist_ok=True)
    path = OUTPUT / f"{name}.png"
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return path


def tiles(figure, title, pictures, columns, signed=False, titles=None):
    """Draw square pictures side by side, ``columns`` in a row; ``signed`` ones in red and blue around white."""
    figure.suptitle(title, fontsize=10)
    axes = np.atleast_1d(figure.subplots(-(-max(len(pictures), 1) // columns), columns)).ravel()
    for place, axis in enumerate(axes):
        axis.axis("off")
        if place >= len(pictures):
            continue
        picture = np.asarray(pictures[place], dtype="float64").ravel()
        side = int(np.sqrt(picture.size))
        limit = max(np.abs(picture).max(), 1e-12)
        low, colours = (-limit, "RdBu_r") if signed else (0, "gray_r")
        axis.imshow(picture.reshape(side, side), cmap=colours, vmin=low, vmax=limit)
        if titles:
            axis.set_title(titles[place], fontsize=8, pad=2)


def curves(axes, title, lines, ylabel, **settings):
    """Draw named lines over epochs."""
    for name, values, style in lines:
        axes.plot(range(1, len(values) + 1), values, style, label=name)
    axes.set(title=title, xlabel="epoch", ylabel=ylabel, **settings)
    axes.grid(alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(lines) > 1:
        axes.legend(fontsize=8)
