"""Ops: convolutions of images with filters in two and three dimensions, and their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import upcast
from theon.errors import NotScalarConstantError
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Variable
from theon.nnet import conv_math
from theon.nnet.conv_sizes import assert_shape, get_conv_output_shape
from theon.ops.cast import cast
from theon.ops.declare import TensorOp
from theon.ops.dims import patternbroadcast
from theon.ops.shape import get_scalar_constant_value, shape
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "AbstractConv",
    "AbstractConv2d",
    "AbstractConv2d_gradInputs",
    "AbstractConv2d_gradWeights",
    "AbstractConv3d",
    "AbstractConv3d_gradInputs",
    "AbstractConv3d_gradWeights",
    "AbstractConv_gradInputs",
    "AbstractConv_gradWeights",
    "BaseAbstractConv",
]


def _border(border_mode: Any, n: int) -> Any:
    """The border mode as a word or a tuple of pairs. ValueError for anything else."""
    if isinstance(border_mode, str):
        if border_mode not in ("valid", "full", "half"):
            raise ValueError(
                f"invalid border_mode {border_mode!r}, which must be either 'valid', 'full', 'half', an integer or a tuple of "
                "integers or pairs of integers"
            )
        return border_mode
    if isinstance(border_mode, int | np.integer):
        border_mode = (int(border_mode),) * n
    if not isinstance(border_mode, tuple | list) or len(border_mode) != n:
        raise ValueError(f"invalid border_mode {border_mode!r}: {n} paddings are needed")
    pairs = []
    for p in border_mode:
        pair = (int(p), int(p)) if isinstance(p, int | np.integer) else tuple(int(q) for q in p)
        if len(pair) != 2 or min(pair) < 0:
            raise ValueError(
                f"invalid border_mode {border_mode!r}: paddings are not negative, one or two for a dimension"
            )
        pairs.append(pair)
    return tuple(pairs)


def _numbers(x: Any, n: int, what: str) -> tuple[int, ...]:
    found = (int(x),) * n if isinstance(x, int | np.integer) else tuple(int(v) for v in x)
    if len(found) != n or any(v < 1 for v in found):
        raise ValueError(f"{what} must have {n} positive elements, not {x}")
    return found


class BaseAbstractConv(TensorOp):
    """What the three convolution ops share: ``convdim`` dimensions, border mode, subsampling, flipping, dilation, groups."""

    __module__ = "theano.tensor.nnet.abstract_conv"
    __props__ = (
        "convdim",
        "border_mode",
        "subsample",
        "filter_flip",
        "imshp",
        "kshp",
        "filter_dilation",
        "num_groups",
        "unshared",
    )

    def __init__(
        self,
        convdim: int,
        imshp: Any = None,
        kshp: Any = None,
        border_mode: Any = "valid",
        subsample: Any = None,
        filter_flip: bool = True,
        filter_dilation: Any = None,
        num_groups: int = 1,
        unshared: bool = False,
    ) -> None:
        if convdim not in (1, 2, 3):
            raise ValueError(f"convolution dimension {convdim} is not supported")
        self.convdim = convdim
        self.border_mode = _border(border_mode, convdim)
        self.subsample = _numbers(1 if subsample is None else subsample, convdim, "subsample")
        self.filter_dilation = _numbers(1 if filter_dilation is None else filter_dilation, convdim, "filter_dilation")
        self.filter_flip, self.unshared = bool(filter_flip), bool(unshared)
        if num_groups < 1:
            raise ValueError(f"num_groups must be positive, not {num_groups}")
        self.num_groups = int(num_groups)
        self.imshp, self.kshp = _known("imshp", imshp), _known("kshp", kshp)
        for name, given, count in (("imshp", self.imshp, 2 + convdim), ("kshp", self.kshp, self._kernel_ndim)):
            if given is not None and len(given) != count:
                raise ValueError(f"{name} should have {count} sizes, not {given}")

    @property
    def settings(self) -> tuple[Any, ...]:
        """Border mode, subsampling, flipping, dilation, groups, sharing."""
        return (
            self.border_mode,
            self.subsample,
            self.filter_flip,
            self.filter_dilation,
            self.num_groups,
            self.unshared,
        )

    def like(self, kind: str) -> Any:
        """Return the op of another kind ("", "_gradWeights", "_gradInputs") with the same settings."""
        cls = globals()[f"AbstractConv{self.convdim}d{kind}"] if self.convdim > 1 else globals()[f"AbstractConv{kind}"]
        border, stride, flip, dilation, groups, unshared = self.settings
        arguments = (self.imshp, self.kshp, border, stride, flip, dilation, groups, unshared)
        return cls(*arguments) if self.convdim > 1 else cls(self.convdim, *arguments)

    def _checked(self, what: str, x: Any, ndim: int) -> Any:
        if x.type.ndim != ndim:
            raise TypeError(f"{what} must be {ndim}D tensor, not {x.type}")
        return x

    def _asserted(self, what: str, x: Any, known: Any) -> Any:
        x = as_tensor_variable(x)
        if known is None or len(known) != x.type.ndim:
            return x
        return assert_shape(x, known, f"the shape of the {what} is not the one that was given, {known}")

    @property
    def _kernel_ndim(self) -> int:
        return 2 + self.convdim * (2 if self.unshared else 1)

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Any]) -> list[Any]:
        """The op is linear in each of its first two inputs."""
        a, b, *rest = inputs
        s, t = eval_points[:2]
        terms = []
        if s is not None:
            terms.append(self(s, b, *rest))
        if t is not None:
            terms.append(self(a, t, *rest))
        return [None if not terms else terms[0] if len(terms) == 1 else terms[0] + terms[1]]


def _known(name: str, sizes: Any) -> tuple[int | None, ...] | None:
    """What was said of a shape: None, or a number, a constant or None for each dimension; ValueError for anything else."""
    if sizes is None:
        return None
    try:
        numbers = None if isinstance(sizes, Variable) else [s if s is None else _constant(s) for s in sizes]
    except NotScalarConstantError:
        numbers = None
    if numbers is None:
        raise ValueError(f"{name} should be None or a tuple of constant int values, not {sizes}")
    return tuple(numbers)


def _constant(size: Any) -> int:
    return int(get_scalar_constant_value(size, only_process_constants=True))


class AbstractConv(BaseAbstractConv):
    """Inputs (batch, channels, *image) and (filters, channels / groups, *kernel); output (batch, filters, *sizes)."""

    def convert(self, img: Any, kern: Any) -> list[Any]:
        """With the assertions that the flag ``conv.assert_shape`` asks for."""
        return [self._asserted("image", img, self.imshp), self._asserted("filters", kern, self.kshp)]

    def infer(self, img: Any, kern: Any) -> TensorType:
        """TypeError for other ranks, ValueError for channels that are known not to fit."""
        self._checked("img", img, 2 + self.convdim)
        self._checked("kern", kern, self._kernel_ndim)
        if self.imshp is not None and self.kshp is not None:
            channels, per = self.imshp[1], self.kshp[-self.convdim - 1]
            if channels is not None and per is not None and channels != per * self.num_groups:
                raise ValueError(
                    f"images of {channels} channels do not fit filters of {per} channels in {self.num_groups} groups: "
                    f"input_shape {self.imshp}, filter_shape {self.kshp}"
                )
        flags = (img.type.broadcastable[0], kern.type.broadcastable[0], *[False] * self.convdim)
        return TensorType(upcast(img.type.dtype, kern.type.dtype), flags)

    def reference(self, xp: Any, img: Any, kern: Any) -> Any:
        """Windows times filters."""
        for name, known, actual in (("image", self.imshp, img.shape), ("filter", self.kshp, kern.shape)):
            if known is not None and any(k is not None and k != a for k, a in zip(known, actual)):
                raise ValueError(f"the {name} shape was said to be {known} and is {actual}")
        return conv_math.convolve(img, kern, *self.settings)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes by what was said of the shapes and by the inputs."""
        image, kernel = (
            shape if known is None else [n if k is None else k for k, n in zip(known, shape)]
            for known, shape in zip((self.imshp, self.kshp), shapes)
        )
        found = get_conv_output_shape(image, kernel, self.border_mode, self.subsample, self.filter_dilation)
        return [tuple(map(as_tensor_variable, found))]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The two transposes."""
        img, kern = inputs
        (g,) = output_grads
        n = self.convdim
        return [
            _patterned(self.like("_gradInputs")(kern, g, _sizes(img, n)), img),
            _patterned(self.like("_gradWeights")(img, g, _sizes(kern, n)), kern),
        ]


class AbstractConv_gradWeights(BaseAbstractConv):
    """The gradient of the filters: inputs image, gradient of the result, kernel sizes."""

    def convert(self, img: Any, topgrad: Any, sizes: Any) -> list[Any]:
        """With the assertion that the flag ``conv.assert_shape`` asks for."""
        return [self._asserted("image", img, self.imshp), as_tensor_variable(topgrad), as_tensor_variable(sizes)]

    def infer(self, img: Any, topgrad: Any, sizes: Any) -> TensorType:
        """TypeError for other ranks."""
        n = self.convdim
        self._checked("img", img, 2 + n)
        self._checked("topgrad", topgrad, 2 + n)
        flags = (topgrad.type.broadcastable[1], *[False] * (self._kernel_ndim - 1))
        if not self.unshared:
            flags = (topgrad.type.broadcastable[1], img.type.broadcastable[1] and self.num_groups == 1, *[False] * n)
        return TensorType(upcast(img.type.dtype, topgrad.type.dtype), flags)

    def reference(self, xp: Any, img: Any, topgrad: Any, sizes: Any) -> Any:
        """Windows times gradients."""
        return conv_math.weight_gradient(img, topgrad, [int(s) for s in sizes[-self.convdim :]], *self.settings)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Filters, for each place where they are not shared, channels of a group, and the sizes given."""
        image, slopes, _ = shapes
        channels = image[1] if self.num_groups == 1 else image[1] // self.num_groups
        places = slopes[2:] if self.unshared else ()
        return [(slopes[1], *places, channels, *_elements(node.inputs[2], self.convdim))]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The other two ops."""
        img, topgrad, _ = inputs
        (g,) = output_grads
        return [
            _patterned(self.like("_gradInputs")(g, topgrad, _sizes(img, self.convdim)), img),
            _patterned(self.like("")(img, g), topgrad),
            DisconnectedType()(),
        ]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the sizes."""
        return [[True], [True], [False]]


class AbstractConv_gradInputs(BaseAbstractConv):
    """The gradient of the image: inputs filters, gradient of the result, image sizes."""

    def convert(self, kern: Any, topgrad: Any, sizes: Any) -> list[Any]:
        """With the assertion that the flag ``conv.assert_shape`` asks for."""
        return [self._asserted("filters", kern, self.kshp), as_tensor_variable(topgrad), as_tensor_variable(sizes)]

    def infer(self, kern: Any, topgrad: Any, sizes: Any) -> TensorType:
        """TypeError for other ranks."""
        n = self.convdim
        self._checked("kern", kern, self._kernel_ndim)
        self._checked("topgrad", topgrad, 2 + n)
        channel = kern.type.broadcastable[-n - 1] and self.num_groups == 1
        return TensorType(
            upcast(kern.type.dtype, topgrad.type.dtype), (topgrad.type.broadcastable[0], channel, *[False] * n)
        )

    def reference(self, xp: Any, kern: Any, topgrad: Any, sizes: Any) -> Any:
        """Gradients times filters, added where they came from."""
        return conv_math.input_gradient(kern, topgrad, [int(s) for s in sizes[-self.convdim :]], *self.settings)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Images, the channels of all groups, and the sizes given."""
        kernel, slopes, _ = shapes
        channels = kernel[-self.convdim - 1]
        channels = channels if self.num_groups == 1 else channels * self.num_groups
        return [(slopes[0], channels, *_elements(node.inputs[2], self.convdim))]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The other two ops."""
        kern, topgrad, _ = inputs
        (g,) = output_grads
        return [
            _patterned(self.like("_gradWeights")(g, topgrad, _sizes(kern, self.convdim)), kern),
            _patterned(self.like("")(g, kern), topgrad),
            DisconnectedType()(),
        ]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the sizes."""
        return [[True], [True], [False]]


def _of_dimension(base: type, n: int) -> type:
    def __init__(
        self: Any,
        imshp: Any = None,
        kshp: Any = None,
        border_mode: Any = "valid",
        subsample: Any = None,
        filter_flip: bool = True,
        filter_dilation: Any = None,
        num_groups: int = 1,
        unshared: bool = False,
    ) -> None:
        base.__init__(  # type: ignore[misc]
            self, n, imshp, kshp, border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared
        )

    name = base.__name__.replace("AbstractConv", f"AbstractConv{n}d")
    return type(base)(name, (base,), {"__init__": __init__, "__module__": base.__module__, "__doc__": base.__doc__})


AbstractConv2d = _of_dimension(AbstractConv, 2)
AbstractConv2d_gradWeights = _of_dimension(AbstractConv_gradWeights, 2)
AbstractConv2d_gradInputs = _of_dimension(AbstractConv_gradInputs, 2)
AbstractConv3d = _of_dimension(AbstractConv, 3)
AbstractConv3d_gradWeights = _of_dimension(AbstractConv_gradWeights, 3)
AbstractConv3d_gradInputs = _of_dimension(AbstractConv_gradInputs, 3)


def _elements(sizes: Any, n: int) -> list[Any]:
    """The last ``n`` elements of a vector of sizes."""
    owner = sizes.owner
    if owner is not None and type(owner.op).__name__ == "MakeVector":
        return [cast(v, "int64") for v in owner.inputs[-n:]]
    return [cast(sizes[i], "int64") for i in range(-n, 0)]


def _patterned(g: Any, x: Any) -> Any:
    """The gradient with the broadcast pattern of what it belongs to."""
    return g if g.type.broadcastable == x.type.broadcastable else patternbroadcast(g, x.type.broadcastable)


def _sizes(x: Any, n: int) -> Any:
    return shape(x)[-n:]
