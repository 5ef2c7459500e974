"""The older ops of convolution: Theano's by matrix products (``CorrMM``), and its first one (``ConvOp``).

Each makes a node of the convolutions of :mod:`theon.nnet.abstract_conv` that has the same meaning, so gradients and native
code are theirs.
"""

from __future__ import annotations

from typing import Any

from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.nnet import abstract_conv, convolutions
from theon.nnet.conv_sizes import get_conv_gradinputs_shape_1axis, get_conv_gradweights_shape_1axis
from theon.ops.join import stack
from theon.ops.shape import shape
from theon.tensor.constant import as_tensor_variable

__all__ = [
    "BaseCorr3dMM",
    "BaseCorrMM",
    "ConvOp",
    "Corr3dMM",
    "Corr3dMM_gradInputs",
    "Corr3dMM_gradWeights",
    "CorrMM",
    "CorrMM_gradInputs",
    "CorrMM_gradWeights",
]


imported_scipy_signal = True  # whether SciPy can be used: always


class _Correlation(Op):
    """Products of windows with filters that are not flipped, in ``convdim`` dimensions."""

    __props__ = ("border_mode", "subsample", "filter_dilation", "num_groups", "unshared")
    convdim = 2

    def __init__(
        self,
        border_mode: Any = "valid",
        subsample: Any = None,
        filter_dilation: Any = None,
        num_groups: int = 1,
        unshared: bool = False,
        openmp: Any = None,
    ) -> None:
        n = self.convdim
        settings = abstract_conv.BaseAbstractConv(
            n, None, None, border_mode, subsample, False, filter_dilation, num_groups, unshared
        )
        self.border_mode, self.subsample, self.filter_flip = settings.border_mode, settings.subsample, False
        self.filter_dilation, self.num_groups = settings.filter_dilation, settings.num_groups
        self.unshared = settings.unshared

    def _op(self, kind: str) -> Any:
        cls = getattr(abstract_conv, f"AbstractConv{self.convdim}d{kind}")
        return cls(
            None, None, self.border_mode, self.subsample, False, self.filter_dilation, self.num_groups, self.unshared
        )

    def _sizes(self, name: str, a: Any, b: Any, given: Any, of_axis: Any) -> Any:
        """Sizes as they were given, or as those of the other two have them."""
        n = self.convdim
        if given:
            given = given[0] if len(given) == 1 and isinstance(given[0], tuple | list) else given
            if len(given) == 1:
                return as_tensor_variable(given[0])[-n:]
            if len(given) < n:
                raise ValueError(f"{name} needs {n} sizes, not {len(given)}")
            return stack([as_tensor_variable(v).astype("int64") for v in given[-n:]])
        border = (self.border_mode,) * n if isinstance(self.border_mode, str) else self.border_mode
        one, other = shape(a)[-n:], shape(b)[-n:]
        found = [of_axis(one[d], other[d], border[d], self.subsample[d], self.filter_dilation[d]) for d in range(n)]
        if any(v is None for v in found):
            raise ValueError(f"shape must be given if subsample != 1 or border_mode == 'half' in {name}")
        return stack(found)


class _Forward(_Correlation):
    def make_node(self, img: Any, kern: Any) -> Apply:
        """Return the node of the convolution. TypeError for other ranks."""
        return self._op("").make_node(as_tensor_variable(img), as_tensor_variable(kern))  # type: ignore[no-any-return]


class _GradWeights(_Correlation):
    def make_node(
        self,
        img: Any,
        topgrad: Any,
        *sizes: Any,
        shape: Any = None,
        height: Any = None,
        width: Any = None,
        depth: Any = None,
    ) -> Apply:
        """Return the node of the filters' gradient; ``shape`` or ``sizes``: their last sizes, needed where several would do."""
        img, topgrad = as_tensor_variable(img), as_tensor_variable(topgrad)
        given = tuple(s for s in (*sizes, shape, height, width, depth) if s is not None)
        last = self._sizes(type(self).__name__, img, topgrad, given, get_conv_gradweights_shape_1axis)
        return self._op("_gradWeights").make_node(img, topgrad, last)  # type: ignore[no-any-return]


class _GradInputs(_Correlation):
    def make_node(
        self,
        kern: Any,
        topgrad: Any,
        *sizes: Any,
        shape: Any = None,
        height: Any = None,
        width: Any = None,
        depth: Any = None,
    ) -> Apply:
        """Return the node of the images' gradient; ``shape`` or ``sizes``: their last sizes, needed where several would do."""
        kern, topgrad = as_tensor_variable(kern), as_tensor_variable(topgrad)
        given = tuple(s for s in (*sizes, shape, height, width, depth) if s is not None)
        last = self._sizes(type(self).__name__, kern, topgrad, given, get_conv_gradinputs_shape_1axis)
        return self._op("_gradInputs").make_node(kern, topgrad, last)  # type: ignore[no-any-return]


class BaseCorrMM(_Correlation):
    """The settings of correlations of images."""

    __module__ = "theano.tensor.nnet.corr"


class CorrMM(_Forward, BaseCorrMM):
    """Images (batch, channels, rows, columns) with filters that are not flipped."""

    __module__ = "theano.tensor.nnet.corr"


class CorrMM_gradWeights(_GradWeights, BaseCorrMM):
    """The filters' gradient of :class:`CorrMM`: inputs images, gradient of the result, and sizes."""

    __module__ = "theano.tensor.nnet.corr"


class CorrMM_gradInputs(_GradInputs, BaseCorrMM):
    """The images' gradient of :class:`CorrMM`: inputs filters, gradient of the result, and sizes."""

    __module__ = "theano.tensor.nnet.corr"


class BaseCorr3dMM(_Correlation):
    """The settings of correlations of volumes."""

    __module__ = "theano.tensor.nnet.corr3d"
    convdim = 3

    def __init__(
        self,
        border_mode: Any = "valid",
        subsample: Any = None,
        filter_dilation: Any = None,
        num_groups: int = 1,
        openmp: Any = None,
    ) -> None:
        super().__init__(border_mode, subsample, filter_dilation, num_groups)


class Corr3dMM(BaseCorr3dMM, _Forward):
    """Volumes (batch, channels, depth, rows, columns) with filters that are not flipped."""

    __module__ = "theano.tensor.nnet.corr3d"


class Corr3dMM_gradWeights(BaseCorr3dMM, _GradWeights):
    """The filters' gradient of :class:`Corr3dMM`: inputs volumes, gradient of the result, and sizes."""

    __module__ = "theano.tensor.nnet.corr3d"


class Corr3dMM_gradInputs(BaseCorr3dMM, _GradInputs):
    """The volumes' gradient of :class:`Corr3dMM`: inputs filters, gradient of the result, and sizes."""

    __module__ = "theano.tensor.nnet.corr3d"


class ConvOp(Op):
    """Images with flipped filters, "valid" or "full", each ``dx``, ``dy`` places.

    ``imshp`` (channels, rows, columns), ``kshp`` (rows, columns), ``bsize`` and ``nkern``: sizes if known, checked. The
    other arguments tuned Theano's C code and have no effect; images that are to be upsampled (``imshp_logical`` other than
    ``imshp``) are refused with NotImplementedError: use ``conv2d_transpose``.
    """

    __module__ = "theano.tensor.nnet.conv"
    __props__ = ("imshp", "kshp", "nkern", "bsize", "dx", "dy", "out_mode")

    def __init__(
        self,
        imshp: Any = None,
        kshp: Any = None,
        nkern: Any = None,
        bsize: Any = None,
        dx: int | None = 1,
        dy: int | None = 1,
        output_mode: str = "valid",
        unroll_batch: Any = None,
        unroll_kern: Any = None,
        unroll_patch: Any = None,
        imshp_logical: Any = None,
        kshp_logical: Any = None,
        kshp_logical_top_aligned: bool = True,
        verbose: int = 0,
        version: int = -1,
        direction_hint: str = "forward",
        openmp: Any = None,
    ) -> None:
        if output_mode not in ("valid", "full"):
            raise NotImplementedError(f"output_mode {output_mode!r}: only 'valid' and 'full' are known to ConvOp")
        imshp = None if imshp is None else (1,) * (3 - len(imshp)) + tuple(imshp)
        for logical, plain in ((imshp_logical, imshp), (kshp_logical, kshp)):
            if logical is not None and (plain is None or tuple(logical) != tuple(plain)[-len(logical) :]):
                raise NotImplementedError("logical shapes are not supported: use conv2d_transpose to upsample")
        self.imshp, self.kshp = imshp, None if kshp is None else tuple(kshp)
        self.nkern, self.bsize, self.out_mode = nkern, bsize, output_mode
        self.dx, self.dy = 1 if dx is None else dx, 1 if dy is None else dy

    @staticmethod
    def getOutputShape(inshp: Any, kshp: Any, stride: Any = (1, 1), mode: str = "valid") -> tuple[Any, ...]:
        """Return the sizes (rows, columns) of the result."""
        from theon.nnet.conv_sizes import get_conv_output_shape

        return get_conv_output_shape((None, None, *inshp), (None, None, *kshp), mode, tuple(stride))[2:]

    def make_node(self, inputs: Any, kerns: Any) -> Apply:
        """Return the node of the convolution. TypeError for other ranks, or images and filters of two dtypes."""
        images, filters = as_tensor_variable(inputs), as_tensor_variable(kerns)
        if images.type.ndim != 4 or filters.type.ndim != 4:
            raise TypeError(f"images and filters have four dimensions, not {images.type} and {filters.type}")
        if images.type.dtype != filters.type.dtype:
            raise NotImplementedError(
                f"The image and the kernel must have the same type, not {images.type.dtype} and {filters.type.dtype}"
            )
        channels = None if self.imshp is None else self.imshp[0]
        image_shape = None if self.imshp is None else (self.bsize, *self.imshp)
        filter_shape = None if self.kshp is None else (self.nkern, channels, *self.kshp)
        found = convolutions.conv2d(images, filters, image_shape, filter_shape, self.out_mode, (self.dx, self.dy))
        return found.owner  # type: ignore[no-any-return]
