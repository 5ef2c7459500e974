"""``debugprint`` and ``pp`` of small expressions, against Theano's own output in ``tests/data/printing.json``."""

import json
from pathlib import Path

import numpy as np

import theano
import theano.tensor as T

CASES = json.loads((Path(__file__).parents[1] / "data" / "printing.json").read_text())["cases"]


def printed(expression):
    x, y, z = T.dscalars("x", "y", "z")
    space = {
        "x": x, "y": y, "z": z, "v": T.dvector("v"), "m": T.dmatrix("m"), "i": T.lscalar("i"), "iv": T.lvector("iv"),
        "T": T, "theano": theano, "np": np,
    }  # fmt: skip
    value = eval(expression, space)
    return {
        "debugprint": theano.printing.debugprint(value, file="str"), "pp": theano.pp(value),
        "str": str(value), "type": str(value.type),
    }  # fmt: skip


def test_texts_agree_except_where_listed(update_golden):
    path = Path(__file__).parent / "differs.txt"
    differing = []
    for case in CASES:
        try:
            found = printed(case["expression"])
        except Exception as error:
            found = {"debugprint": repr(error)}
        for kind, text in found.items():
            if case.get(kind) is not None and text != case[kind]:
                differing.append(f"{kind}: {case['expression']}")
    if update_golden:
        path.write_text("".join(line + "\n" for line in differing))
    assert differing == path.read_text().splitlines()
