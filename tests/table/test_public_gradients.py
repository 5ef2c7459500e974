"""Each public function of ``theano.tensor``: its gradient against differences at drawn points, or why it has none.

A name that is in neither table fails. So do the functions of the modules of linear algebra, of Fourier transforms, and
of ``extra_ops``.
"""

import inspect

import numpy as np
import pytest
from opchecks import check_derivatives
from table.test_elementwise import COMPLEX, INTEGER, NO_GRADIENT, ONE_ORDER, draw

import theano.tensor as T
from theon.ops.declare import REGISTRY, Elemwise

V, M, C, S = (4,), (3, 4), (3, 4, 2), ()
Q, L, P, R, D = "square", "lower", "positive", "triples", "distinct"  # matrices with a structure, spaced values


def value(kind, rng):
    """A drawn value: of a shape, or of a kind of matrix."""
    if isinstance(kind, np.ndarray):
        return kind
    if kind == D:
        return (rng.permutation(12) / 3.0 - 1.9).reshape(3, 4)
    if kind == R:
        return rng.uniform(0.5, 1.5, (2, 3, 3)) + 3 * np.eye(3)
    if isinstance(kind, str):
        a = rng.uniform(0.5, 1.5, (3, 3)) + 3 * np.eye(3)
        return {Q: a, L: np.tril(a), P: a.dot(a.T)}[kind]
    return rng.uniform(0.3, 1.7, kind)


I = np.array([2, 0, 2])  # noqa: E741
REPEATED = np.array([[0, 1, 1], [2, 2, 0]])
# Name -> (expression, kinds of arguments); "second" is left out where it is not smooth or not declared.
SMOOTH = {
    "addbroadcast": (lambda x: T.addbroadcast(x, 0) ** 2, [(1, 4)]),
    "advanced_inc_subtensor": (lambda x, y, i: T.advanced_inc_subtensor(x, y, i, i), [M, (3,), I % 2]),
    "advanced_inc_subtensor1": (lambda x, y, i: T.advanced_inc_subtensor1(x, y, i) ** 2, [M, (3, 4), I]),
    "advanced_set_subtensor": (lambda x, y, i: T.advanced_set_subtensor(x, y, i, i) ** 2, [M, (2,), np.array([2, 0])]),
    "advanced_set_subtensor1": (lambda x, y, i: T.advanced_set_subtensor1(x, y, i) ** 2, [M, (2, 4), np.array([2, 0])]),
    "advanced_subtensor": (lambda x, i: T.advanced_subtensor(x, i, i) ** 2, [M, I]),
    "advanced_subtensor1": (lambda x, i: T.advanced_subtensor1(x, i) ** 2, [M, I]),
    "advanced_boolean_subtensor": (lambda x, m: T.advanced_boolean_subtensor(x, m) ** 2, [V, np.array([True, False, True, True])]),
    "advanced_boolean_inc_subtensor": (
        lambda x, y, m: T.advanced_boolean_inc_subtensor(x, y, m) ** 2, [V, S, np.array([True, False, True, True])]
    ),
    "advanced_boolean_set_subtensor": (
        lambda x, y, m: T.advanced_boolean_set_subtensor(x, y, m) ** 2, [V, S, np.array([True, False, True, True])]
    ),
    "alloc": (lambda x: T.alloc(x, 2, 3, 4) ** 2, [M]),
    "as_tensor": (lambda x: T.as_tensor([x, x * x]), [S]),
    "as_tensor_variable": (lambda x: T.as_tensor_variable([x, x * x]), [V]),
    "batched_dot": (T.batched_dot, [(2, 3, 4), (2, 4, 3)]),
    "batched_tensordot": (lambda x, y: T.batched_tensordot(x, y, [[1], [2]]), [(2, 3, 4), (2, 5, 3)]),
    "bincount": (lambda w, i: T.bincount(i, weights=w) ** 2, [(3,), I]),
    "cast": (lambda x: T.cast(x * x, "float64"), [M]),
    "choose": (lambda x, i: T.choose(i, x) ** 2, [(3, 4), np.array([2, 0, 1, 1])]),
    "concatenate": (lambda x, y: T.concatenate([x, y], axis=1) ** 2, [M, (3, 2)]),
    "cov": (T.cov, [M]),
    "cumprod": (lambda x: T.cumprod(x, axis=1), [M]),
    "cumsum": (lambda x: T.cumsum(x, axis=0) ** 2, [M]),
    "default": (lambda x: T.default(x, x * 2) ** 2, [V]),
    "setdefault": (lambda x: T.setdefault(x, x * 2) ** 2, [V]),
    "diag": (lambda x: T.diag(x) ** 2, [M]),
    "diagonal": (lambda x: T.diagonal(x, 1, 0, 2) ** 2, [(3, 2, 4)]),
    "div_proxy": (T.div_proxy, [M, M]),
    "dot": (T.dot, [M, (4, 2)]),
    "einsum": (lambda x, y: T.einsum("ij,kj->ik", x, y), [M, (2, 4)]),
    "fill_diagonal": (lambda x, y: T.fill_diagonal(x, y) ** 2, [M, S]),
    "fill_diagonal_offset": (lambda x, y: T.fill_diagonal_offset(x, y, 1) ** 2, [M, S]),
    "flatten": (lambda x: T.flatten(x, 2) ** 2, [C]),
    "horizontal_stack": (lambda x, y: T.horizontal_stack(x, y) ** 2, [M, (3, 2)]),
    "inc_subtensor": (lambda x, y: T.inc_subtensor(x[1:, ::2], y) ** 2, [M, (2,)]),
    "join": (lambda x, y: T.join(0, x, y) ** 2, [M, (2, 4)]),
    "join_": (lambda x, y: T.join_(0, x, y) ** 2, [M, (2, 4)]),
    "makeKeepDims": (lambda x: T.makeKeepDims(x, x.sum(axis=1), 1) ** 2, [M]),
    "mean": (lambda x: T.mean(x, axis=1) ** 2, [M]),
    "nonzero_values": (lambda x: T.nonzero_values(x) ** 2, [M]),
    "outer": (T.outer, [V, (3,)]),
    "patternbroadcast": (lambda x: T.patternbroadcast(x, (True, False)) ** 2, [(1, 4)]),
    "permute_row_elements": (lambda x, i: T.permute_row_elements(x, i) ** 2, [(2, 3), REPEATED[:, [0, 1, 2]] * 0 + [2, 0, 1]]),
    "power": (T.power, [M, M]),
    "prod": (lambda x: T.prod(x, axis=1), [M]),
    "repeat": (lambda x: T.repeat(x, 2, axis=1) ** 2, [M]),
    "reshape": (lambda x: T.reshape(x, (2, -1)) ** 2, [M]),
    "roll": (lambda x: T.roll(x, 1, axis=1) ** 2, [M]),
    "scalar_from_tensor": (lambda x: T.tensor_from_scalar(T.scalar_from_tensor(x)) ** 2, [S]),
    "set_subtensor": (lambda x, y: T.set_subtensor(x[1:, ::2], y) ** 2, [M, (2,)]),
    "shape_padaxis": (lambda x: T.shape_padaxis(x, 1) ** 2, [M]),
    "shape_padleft": (lambda x: T.shape_padleft(x) ** 2, [M]),
    "shape_padright": (lambda x: T.shape_padright(x) ** 2, [M]),
    "specify_shape": (lambda x: T.specify_shape(x, (3, 4)) ** 2, [M]),
    "split": (lambda x: [p ** 2 for p in T.split(x, [1, 3], 2, axis=1)], [M]),
    "squeeze": (lambda x: T.squeeze(x, axis=0) ** 2, [(1, 4)]),
    "stack": (lambda x, y: T.stack([x, y], axis=1) ** 2, [M, M]),
    "stacklists": (lambda x, y: T.stacklists([[x, y], [y, x]]) ** 2, [V, V]),
    "std": (lambda x: T.std(x, axis=1), [M]),
    "sum": (lambda x: T.sum(x, axis=1) ** 2, [M]),
    "swapaxes": (lambda x: T.swapaxes(x, 0, 2) ** 2, [C]),
    "take": (lambda x, i: T.take(x, i, axis=1) ** 2, [M, REPEATED]),
    "tensor_copy": (lambda x: T.tensor_copy(x) ** 2, [M]),
    "tensor_from_scalar": (lambda x: T.tensor_from_scalar(T.scalar_from_tensor(x)) ** 2, [S]),
    "tensordot": (lambda x, y: T.tensordot(x, y, axes=[[1], [0]]), [M, (4, 2, 3)]),
    "tile": (lambda x: T.tile(x, (2, 1)) ** 2, [M]),
    "transfer": (lambda x: T.transfer(x, "cpu") ** 2, [M]),
    "transpose": (lambda x: T.transpose(x, (2, 0, 1)) ** 2, [C]),
    "tril": (lambda x: T.tril(x, 1) ** 2, [M]),
    "triu": (lambda x: T.triu(x, -1) ** 2, [M]),
    "unbroadcast": (lambda x: T.unbroadcast(x, 0) ** 2, [(1, 4)]),
    "var": (lambda x: T.var(x, axis=0, ddof=1), [M]),
    "vertical_stack": (lambda x, y: T.vertical_stack(x, y) ** 2, [M, (2, 4)]),
    "largest": (lambda x: T.largest(x, x[::-1] * 0.5 + 0.21), [D]), "smallest": (lambda x: T.smallest(x, x[::-1] * 0.5 + 0.21), [D]),
    "max": (lambda x: T.max(x, axis=1) ** 2, [D]), "min": (lambda x: T.min(x, axis=0) ** 2, [D]),
    "max_and_argmax": (lambda x: T.max_and_argmax(x, axis=1)[0] ** 2, [D]),
    "ptp": (lambda x: T.ptp(x, axis=1) ** 2, [D]), "sort": (lambda x: T.sort(x, axis=0) ** 2, [D]),
    "topk": (lambda x: T.topk(x, 2) ** 2, [D]), "topk_and_argtopk": (lambda x: T.topk_and_argtopk(x, 2)[0] ** 2, [D]),
}  # fmt: skip
LINEAR = {
    ("nlinalg", "diag"): (lambda x: T.nlinalg.diag(x) ** 2, [M]),
    ("nlinalg", "det"): (T.nlinalg.det, [Q]),
    ("nlinalg", "inv"): (T.nlinalg.matrix_inverse, [Q]),
    ("nlinalg", "matrix_inverse"): (T.nlinalg.matrix_inverse, [Q]),
    ("nlinalg", "matrix_dot"): (lambda x, y: T.nlinalg.matrix_dot(x, y, x), [Q, Q]),
    ("nlinalg", "matrix_power"): (lambda x: T.nlinalg.matrix_power(x, 3), [Q]),
    ("nlinalg", "norm"): (lambda x: T.nlinalg.norm(x, None), [M]),
    ("nlinalg", "pinv"): (T.nlinalg.pinv, [Q]),
    ("nlinalg", "slogdet"): (lambda x: T.nlinalg.slogdet(x)[1], [Q]),
    ("nlinalg", "tensorinv"): (lambda x: T.nlinalg.tensorinv(x.reshape((3, 1, 3)), ind=2), [Q]),
    ("nlinalg", "tensorsolve"): (lambda x, b: T.nlinalg.tensorsolve(x, b), [Q, (3,)]),
    ("nlinalg", "trace"): (lambda x: T.nlinalg.trace(x) ** 2, [M]),
    ("nlinalg", "extract_diag"): (lambda x: T.nlinalg.extract_diag(x) ** 2, [M]),
    ("nlinalg", "alloc_diag"): (lambda x: T.nlinalg.alloc_diag(x) ** 2, [V]),
    ("slinalg", "cholesky"): (lambda x: T.slinalg.cholesky((x + x.T) / 2), [P]),
    ("slinalg", "expm"): (lambda x: T.slinalg.expm(x / 4), [Q]),
    ("slinalg", "kron"): (T.slinalg.kron, [M, (2, 2)]),
    ("slinalg", "solve"): (T.slinalg.solve, [Q, (3, 2)]),
    ("slinalg", "solve_lower_triangular"): (lambda a, b: T.slinalg.solve_lower_triangular(T.tril(a), b), [L, (3,)]),
    ("slinalg", "solve_upper_triangular"): (lambda a, b: T.slinalg.solve_upper_triangular(T.triu(a), b), [Q, (3,)]),
    ("slinalg", "solve_symmetric"): (lambda a, b: T.slinalg.solve_symmetric((a + a.T) / 2, b), [P, (3,)]),
    ("slinalg", "eigvalsh"): (lambda a: T.slinalg.eigvalsh((a + a.T) / 2, np.eye(3)), [P]),
    ("slinalg", "solve_triangular"): (lambda a, b: T.slinalg.solve_triangular(T.tril(a), b, lower=True), [L, (3,)]),
    ("slinalg", "cho_solve"): (lambda a, b: T.slinalg.cho_solve((T.tril(a), True), b), [L, (3,)]),
    ("slinalg", "lu_solve"): (lambda a, b: T.slinalg.lu_solve(T.slinalg.lu_factor(a), b), [Q, (3,)]),
    ("fft", "rfft_op"): (lambda x: T.fft.rfft(x) ** 2, [(2, 6)]),
    ("fft", "irfft_op"): (lambda x: T.fft.irfft(x) ** 2, [(2, 4, 2)]),
    ("fft", "rfft"): (lambda x: T.fft.rfft(x) ** 2, [(2, 6)]),
    ("fft", "irfft"): (lambda x: T.fft.irfft(x) ** 2, [(2, 4, 2)]),
    ("extra_ops", "compress"): (lambda x: T.extra_ops.compress([True, False, True], x, axis=0) ** 2, [M]),
    ("extra_ops", "diff"): (lambda x: T.extra_ops.diff(x, n=2, axis=1) ** 2, [M]),
    ("extra_ops", "fill_diagonal_"): (lambda x, y: T.extra_ops.fill_diagonal_(x, y) ** 2, [M, S]),
    ("extra_ops", "fill_diagonal_offset_"): (lambda x, y: T.extra_ops.fill_diagonal_offset_(x, y, 1) ** 2, [M, S]),
    ("extra_ops", "squeeze"): (lambda x: T.extra_ops.squeeze(x) ** 2, [V]),
}
# Smooth once only, by differences or by declaration.
ONCE = {
    "cov", "std", "max", "min", "max_and_argmax", "ptp", "sort", "topk", "topk_and_argtopk", "largest", "smallest", "prod", "cumprod",
    "choose", "nlinalg.pinv", "slinalg.eigvalsh", "nlinalg.norm", "power",
}  # fmt: skip
WHY_NOT = {
    "makes no array from an array": """Lop Rop grad jacobian hessian verify_grad adv_index_broadcastable_pattern
        as_index_variable as_int_none_variable check_advanced_indexing_dimensions check_and_normalize_axes check_and_reject_bool
        check_equal_numpy constant constructor extract_constant get_canonical_form_slice get_idx_list get_scalar_constant_value
        get_vector_length hashtype is_flat key_to_cmp make_constant make_slice min_informative_str mod_check modules
        mpi_send_wait_cmp mpi_send_wait_key mpi_tag_cmp mpi_tag_key none_type_t numpy_scalar pprint register_transfer shape
        slicetype alloc_validate_shape values_eq_approx_always_true tensor int32 int32_t""",
    "a constant of its arguments' shapes or numbers": """arange bartlett eye identity_like ones ones_like tri zeros zeros_like""",
    "a step: constant almost everywhere": """all any allclose isclose isinf isnan argmax argmin argsort argtopk ceil_intdiv
        divmod iround round flatnonzero nonzero""",
    "integers": "inverse_permutation ravel_multi_index unravel_index",
    "says that there is no gradient": "consider_constant grad_not_implemented grad_undefined",
    "reads or sends what is outside the graph": "irecv isend load recv send",
}
REASONS = {name: why for why, names in WHY_NOT.items() for name in names.split()}
REASONS.update({name: "integers or bools" for name in (*INTEGER, *COMPLEX)})
WHY_NOT_LINEAR = {
    "decomposes: tests/linalg has its gradients, which are of products that the free signs leave alone": """nlinalg.eig
        nlinalg.eigh nlinalg.qr nlinalg.svd nlinalg.lstsq nlinalg.matrix_qr slinalg.lu slinalg.lu_factor""",
    "of complex numbers: tests/linalg/test_einsum.py": "fft.fft fft.fftn fft.ifft fft.ifftn",
    "makes no array of floats from an array": """extra_ops.bartlett_ extra_ops.disconnected_type extra_ops.cpu_contiguous extra_ops.int_t
        extra_ops.searchsorted extra_ops.to_one_hot""",
}


def public(module):
    """The names of functions and ops that a module has, less makers of variables (``dmatrix``, ``ivectors``)."""
    found = set()
    for name in dir(module):
        thing = getattr(module, name)
        if name.startswith("_") or not callable(thing) or inspect.isclass(thing) or inspect.ismodule(thing):
            continue
        kinds = (
            "scalar",
            "vector",
            "matrix",
            "matrices",
            "row",
            "col",
            "tensor3",
            "tensor4",
            "tensor5",
            "tensor6",
            "tensor7",
        )
        stem = name.rstrip("s") if not name.endswith("matrices") else name
        if any(stem == k or (stem.endswith(k) and len(stem) == len(k) + 1 and stem[0] in "bwilfdcz") for k in kinds):
            continue
        found.add(name)
    return sorted(found)


def test_every_public_name_is_here_once():
    named = [name for name in public(T) if not isinstance(getattr(T, name), Elemwise)]
    unknown = [name for name in named if name not in SMOOTH and name not in REASONS]
    assert not unknown, f"neither a gradient to check nor a reason why there is none: {unknown}"
    assert not [name for name in named if name in SMOOTH and name in REASONS]
    assert not [name for name in SMOOTH if name not in named and name not in public(T)], "a name that is gone"


OF_SECOND = {"polygamma", "gammainc_by_a", "jv", "iv"}  # no derivative by the first argument, the order, is known


def elementwise_names():
    return [name for name in public(T) if isinstance(getattr(T, name), Elemwise)]


@pytest.mark.parametrize("name", elementwise_names())
def test_elementwise(name):
    op = getattr(T, name)
    declared = next(key for key, other in REGISTRY.items() if other is op)
    rng = np.random.RandomState(7)
    nin = 2 if op.nin < 0 else op.nin
    if declared in OF_SECOND:
        order, at = draw(declared, rng, nin)
        order = np.round(order)
        check_derivatives(lambda x: op(order, x), [at], rng, second=declared != "gammainc_by_a")
        return
    if declared in NO_GRADIENT:
        x = T.dvector()
        others = [1.5] * (nin - 1)
        assert not T.grad(op(x, *others).sum(), x, disconnected_inputs="ignore").eval({x: [0.3, 1.4]}).any(), "a step"
        return
    if declared in INTEGER | COMPLEX or op.scalar_op.output_dtype(*["float64"] * nin) != "float64":
        return  # of integers, bools or complex numbers: tests/unit/test_complex_gradients.py
    check_derivatives(op, draw(declared, rng, nin), rng, second=declared not in ONE_ORDER)


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_function(name):
    build, kinds = SMOOTH[name]
    rng = np.random.RandomState(11)
    check_derivatives(build, [value(kind, rng) for kind in kinds], rng, second=name not in ONCE)


@pytest.mark.parametrize("module, name", sorted(LINEAR))
def test_function_of_a_module(module, name):
    build, kinds = LINEAR[module, name]
    rng = np.random.RandomState(13)
    once, forward = (
        f"{module}.{name}" in ONCE,
        name != "eigvalsh",
    )  # whose gradient is known with respect to matrices only
    check_derivatives(build, [value(kind, rng) for kind in kinds], rng, second=not once, forward=forward)


@pytest.mark.parametrize("module", ["nlinalg", "slinalg", "fft", "extra_ops"])
def test_every_function_of_a_module_is_here(module):
    known = {name for names in WHY_NOT_LINEAR.values() for name in names.split()}
    mine = vars(getattr(T, module))
    rest = [
        name
        for name in public(getattr(T, module))
        if (module, name) not in LINEAR and name not in SMOOTH and name not in REASONS and f"{module}.{name}" not in known
        and not isinstance(mine.get(name), Elemwise)
    ]  # fmt: skip
    assert not rest, rest
