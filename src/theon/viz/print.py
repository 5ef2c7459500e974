"""``pydotprint``: a picture of a graph in a file."""

from __future__ import annotations

import os
import shutil
from typing import Any

from theon.options import config
from theon.viz.dot import dot_text, picture
from theon.viz.svg import svg_text

__all__ = ["default_colorCodes", "pydot_imported", "pydot_imported_msg", "pydotprint"]

pydot_imported = True  # the drawing is made here: there is no package to import
pydot_imported_msg = ""
default_colorCodes = {
    "GpuFromHost": "red", "HostFromGpu": "red", "Scan": "yellow", "Shape": "brown", "IfElse": "magenta", "Elemwise": "#FFAABB",
    "Subtensor": "#FFAAFF", "Alloc": "#FFAA22", "Output": "blue",
}  # fmt: skip


def pydotprint(
    fct: Any,
    outfile: str | None = None,
    compact: bool = True,
    format: str = "png",
    with_ids: bool = False,
    high_contrast: bool = True,
    cond_highlight: Any = None,
    colorCodes: dict[str, str] | None = None,
    max_label_size: int = 70,
    scan_graphs: bool = False,
    var_with_name_simple: bool = False,
    print_output_file: bool = True,
    return_image: bool = False,
) -> Any:
    """Draw the graph of ``fct`` (a function, a FunctionGraph, a variable, a list of variables) into ``outfile``.

    ``format``: "svg" and "dot" need nothing; "png", "pdf" and others are made by Graphviz, and RuntimeError is raised where it is
    not installed. The ending of ``outfile`` wins over ``format``. ``compact``: results are arrows, not boxes.
    ``scan_graphs``: draw the graphs inside loops too. ``colorCodes``: colours of boxes by class of op. ``return_image``: return
    the content of the file, writing none. The other arguments change nothing.
    """
    ending = os.path.splitext(outfile)[1][1:] if outfile else ""
    if ending:
        format = ending
    if outfile is None:
        outfile = os.path.join(os.getcwd(), f"theano.pydotprint.{config.device or 'cpu'}.{format}")
    elif not ending:
        outfile = f"{outfile}.{format}"
    options = {"compact": compact, "inner": scan_graphs, "colors": colorCodes or {}, "label_size": max_label_size}
    if format in ("dot", "gv", "raw"):
        content = dot_text(fct, **options).encode()
    elif format == "svg" and shutil.which("dot") is None:
        content = svg_text(fct, **options).encode()
    else:
        content = picture(dot_text(fct, **options), format)
    if return_image:
        return content
    with open(outfile, "wb") as file:
        file.write(content)
    if print_output_file:
        print("The output file is available at", outfile)
    return None
