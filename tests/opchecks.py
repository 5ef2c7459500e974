"""What holds for every op: native code against the reference, derivatives against differences and each other."""

import pickle

import numpy as np

import theano
import theano.tensor as T
from theon.graph.traverse import io_toposort
from theon.graph.variable import Constant

ROUGH = {"float16": 1e-2, "float32": 2e-5, "complex64": 2e-5}


def as_list(outputs):
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def reference(inputs, outputs, values):
    """The outputs by each op's ``perform``, node by node."""
    known = dict(zip(inputs, values))

    def value(v):
        return v.data if isinstance(v, Constant) else v.container.storage[0] if hasattr(v, "container") else known[v]

    with np.errstate(all="ignore"):
        for node in io_toposort(inputs, outputs):
            storage = [[None] for _ in node.outputs]
            given = [value(v).copy() for v in node.inputs]
            node.op.perform(node, given, storage)
            known.update((v, np.asarray(cell[0])) for v, cell in zip(node.outputs, storage))
    return [value(v) for v in outputs]


def close(found, expected, what, rough=None):
    """The same shape, dtype and, up to rounding, values; NaN and infinities at the same places."""
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype), what
    if found.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, expected, err_msg=what)
        return
    rough = ROUGH.get(str(found.dtype), 1e-11) if rough is None else rough
    finite = np.abs(expected[np.isfinite(expected)])
    scale = min(finite.max(initial=0), 1.0)
    np.testing.assert_allclose(found, expected, rtol=rough, atol=rough * scale, err_msg=what)


def layouts(rng, value):
    """The value in other layouts, all equal to it."""
    if value.ndim == 0:
        return {"C": value.copy()}
    gaps = np.empty([2 * n + 1 for n in value.shape], value.dtype)
    gaps = gaps[(*(slice(0, 2 * n, 2) for n in value.shape), ...)]
    gaps[...] = value
    turned = np.ascontiguousarray(value[(slice(None, None, -1),) * value.ndim])[(slice(None, None, -1),) * value.ndim]
    frozen = value.copy()
    frozen.flags.writeable = False
    return {"C": value.copy(), "F": np.asfortranarray(value), "gaps": gaps, "reversed": turned, "read-only": frozen}


def variables_like(values, broadcastable=None):
    return [
        T.TensorType(v.dtype, (False,) * v.ndim if broadcastable is None else broadcastable[k])(f"x{k}")
        for k, v in enumerate(values)
    ]


def check_values(build, draws, rng, fused=True):
    """Native code against the reference, in every layout, with the shapes that ``infer_shape`` says, alone and fused."""
    inputs = variables_like(draws[0])
    outputs = as_list(build(*inputs))
    f = theano.function(inputs, [*outputs, *(o.shape for o in outputs)], on_unused_input="ignore")
    for values in draws:
        expected = reference(inputs, outputs, values)
        forms = [layouts(rng, v) for v in values]
        for name in max(forms, key=len):
            given = [form.get(name, form["C"]) for form in forms]
            found = f(*given)
            for o, a, b, shape in zip(outputs, found, expected, found[len(outputs) :]):
                what = f"{o} of {[v.shape for v in values]} in layout {name}"
                close(a, b, what)
                assert tuple(shape) == b.shape, what
                assert o.type.is_valid_value(a), what
            for v, g in zip(values, given):
                np.testing.assert_array_equal(v, g)  # arguments are left alone
    again = pickle.loads(pickle.dumps((inputs, outputs)))
    for a, b in zip(reference(*again, draws[0]), reference(inputs, outputs, draws[0])):
        np.testing.assert_array_equal(a, b)
    if fused:
        check_fused(build, draws[0])


def check_fused(build, values):
    """The op between elementwise ops, in one program, against the same by itself."""
    inputs = variables_like(values)
    before = [(x + 0).astype(v.dtype) if v.dtype.kind in "fiu" else x for x, v in zip(inputs, values)]
    outputs = [o for o in as_list(build(*before)) if o.type.dtype in ("float64", "float32", "int64", "int32")]
    if not outputs:
        return
    after = [o * 2 + 1 for o in outputs]
    found = theano.function(inputs, after, on_unused_input="ignore")(*values)
    for a, b in zip(found, reference(inputs, after, values)):
        close(a, b, "fused")


def check_derivatives(build, values, rng, second=True, forward=True, eps=1e-5, rough=2e-4):
    """Reverse mode against central differences along a random direction, of first and second order; forward against reverse."""
    inputs = variables_like(values)
    slots = [k for k, v in enumerate(values) if v.dtype.kind == "f"]
    wrt = [inputs[k] for k in slots]
    outputs = [o for o in as_list(build(*inputs)) if o.type.dtype in ("float64", "float32")]
    shapes = [o.shape for o in reference(inputs, outputs, values)]
    directions = [rng.uniform(0.5, 1.5, values[k].shape) * rng.choice([-1, 1], values[k].shape) for k in slots]
    directions = [T.constant(d.astype(values[k].dtype)) for d, k in zip(directions, slots)]
    weights = [T.constant(rng.uniform(0.5, 1.5, s).astype(o.type.dtype)) for s, o in zip(shapes, outputs)]
    cost = sum((w * o).sum() for w, o in zip(weights, outputs))
    slope = sum((d * g).sum() for d, g in zip(directions, T.grad(cost, wrt, disconnected_inputs="ignore")))
    wanted = [cost, slope]
    if second:
        again = T.grad(slope, wrt, disconnected_inputs="ignore")
        wanted.append(sum((d * g).sum() for d, g in zip(directions, again)))
    if forward:
        points = T.Rop(outputs, wrt, directions, disconnected_outputs="ignore")
        wanted.append(sum((w * p).sum() for w, p in zip(weights, points)))
    f = theano.function(inputs, wanted, on_unused_input="ignore")

    def at(step):
        moved = list(values)
        for d, k in zip(directions, slots):
            moved[k] = values[k] + step * d.data
        return [float(n) for n in f(*moved)]

    here, above, below = at(0), at(eps), at(-eps)
    scale = max(abs(here[0]), abs(here[1]), 1.0)
    difference = (above[0] - below[0]) / (2 * eps)
    assert abs(difference - here[1]) <= rough * scale, f"gradient {here[1]}, differences {difference}"
    if second:
        difference = (above[1] - below[1]) / (2 * eps)
        assert abs(difference - here[2]) <= rough * max(scale, abs(here[2])), f"second order {here[2]}, {difference}"
    if forward:
        assert abs(here[-1] - here[1]) <= 1e-9 * scale, f"forward mode {here[-1]}, reverse mode {here[1]}"
