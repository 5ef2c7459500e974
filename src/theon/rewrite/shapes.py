"""The feature that knows symbolic shapes, as Theano's programs use it: ``fgraph.shape_feature.shape_of[variable]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import NotScalarConstantError, ShapeError
from theon.graph.features import AlreadyThere
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.cast import cast
from theon.ops.declare import Elemwise
from theon.ops.join import MakeVector
from theon.ops.shape import Shape_i, get_scalar_constant_value
from theon.rewrite.match import dimension, size
from theon.rewrite.optimizer import Optimizer
from theon.rewrite.rules.shapes import broadcast_size
from theon.tensor.constant import constant

__all__ = ["ShapeFeature", "ShapeOptimizer", "UnShapeOptimizer"]


class ShapeFeature:
    """Keeps, for each variable of a graph, the symbolic size along each dimension, computed without computing the variable.

    ``shape_of`` maps a variable to a tuple of int64 scalars, None for what has no shape. The ops' ``infer_shape`` say how the
    sizes of results follow from those of inputs; where an op has none, a size is asked of the value (``Shape_i``).
    """

    __module__ = "theano.tensor.opt"

    def on_attach(self, fgraph: FunctionGraph) -> None:
        """Be found as ``fgraph.shape_feature``. AlreadyThere if there is one."""
        if hasattr(fgraph, "shape_feature"):
            raise AlreadyThere("This FunctionGraph already has a ShapeFeature")
        fgraph.shape_feature = self  # type: ignore[attr-defined]
        self.fgraph = fgraph
        self.lscalar_one = constant(1, dtype="int64")
        self.shape_of: dict[Variable, Any] = {}
        self.scheduled: dict[Any, Any] = {}
        self.shape_of_reverse_index: dict[Variable, set[Variable]] = {}
        for node in fgraph.toposort():
            self.on_import(fgraph, node, "on_attach")

    def on_detach(self, fgraph: FunctionGraph) -> None:
        """Forget everything."""
        self.shape_of = {}
        self.scheduled = {}
        self.fgraph = None  # type: ignore[assignment]
        del fgraph.shape_feature  # type: ignore[attr-defined]

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """Find the shapes of a new node's outputs."""
        if node.outputs[0] in self.shape_of:
            return
        for v in node.inputs:
            self.init_r(v)
        infer = self.get_node_infer_shape(node)
        try:
            shapes = infer(node, [self.shape_of[v] for v in node.inputs])
        except ShapeError:
            shapes = self.default_infer_shape(node, [self.shape_of[v] for v in node.inputs])
        except (NotImplementedError, NotScalarConstantError):
            shapes = self.default_infer_shape(node, [])
        if len(shapes) != len(node.outputs):
            raise Exception(
                f'The infer_shape method for the Op "{node.op}" returned a list with the wrong number of element: '
                f"len(o_shapes) = {len(shapes)} != len(node.outputs) = {len(node.outputs)}"
            )
        for v, s in zip(node.outputs, shapes):
            self.set_shape(v, s)

    def on_change_input(self, fgraph: FunctionGraph, node: Any, i: int, r: Any, new_r: Any, reason: Any = None) -> None:
        """Let the replacement have what is known of the shape of what it replaces."""
        if new_r not in self.shape_of:
            self.init_r(new_r)
        self.update_shape(new_r, r)
        for shape_i in [v for v in (r,) if v in self.shape_of_reverse_index]:
            for v in self.shape_of_reverse_index.pop(shape_i):
                known = self.shape_of.get(v)
                if known is not None:
                    self.set_shape(v, tuple(new_r if n is shape_i else n for n in known), override=True)

    # --- one variable ---

    def shape_ir(self, i: int, r: Variable) -> Any:
        """The size of ``r`` along ``i``, asked of the value where it is not known."""
        known = r.type.shape[i]  # type: ignore[attr-defined]
        if known is not None:
            return self.lscalar_one if known == 1 else constant(int(known), dtype="int64")
        return Shape_i(i)(r)

    def shape_tuple(self, r: Variable) -> Any:
        """All sizes of ``r``, asked of the value; None for what has no shape."""
        if not hasattr(r.type, "ndim"):
            return None
        return tuple(self.shape_ir(i, r) for i in range(r.type.ndim))

    def init_r(self, r: Variable) -> None:
        """Enter ``r``, by default with what is asked of its value."""
        if r not in self.shape_of:
            if isinstance(r, Constant) and hasattr(r.data, "shape"):
                self.set_shape(r, tuple(int(n) for n in r.data.shape))
            else:
                self.set_shape(r, self.shape_tuple(r))

    def unpack(self, s_i: Any, var: Any) -> Any:
        """A size (int, NumPy integer, 0-d variable of integers) as an int64 scalar. TypeError for anything else."""
        if isinstance(s_i, bool) or s_i is None:
            raise TypeError("a size is an integer", s_i)
        if isinstance(s_i, int | np.integer) or (isinstance(s_i, np.ndarray) and s_i.ndim == 0):
            if s_i < 0:
                raise AssertionError("There is a negative shape in the graph!", var)
            return self.lscalar_one if s_i == 1 else constant(int(s_i), dtype="int64")
        if isinstance(s_i, float) and int(s_i) == s_i:
            return constant(int(s_i), dtype="int64")
        if isinstance(s_i, Variable):
            if s_i.type.ndim or not s_i.type.dtype.startswith(("int", "uint")):  # type: ignore[attr-defined]
                raise TypeError("Shape element must be a scalar of integers", s_i)
            try:
                return constant(int(get_scalar_constant_value(s_i)), dtype="int64")
            except NotScalarConstantError:
                return cast(s_i, "int64")
        raise TypeError("Unsupported shape element", s_i)

    def set_shape(self, r: Variable, s: Any, override: bool = False) -> None:
        """Enter the sizes ``s`` (None: no shape) for ``r``. AssertionError for another number of them than dimensions."""
        if not override and r in self.shape_of:
            raise AssertionError("r already in shape_of")
        if s is None:
            self.shape_of[r] = None
            return
        if not isinstance(s, tuple | list):
            raise TypeError("shapes must be tuple/list", (r, s))
        if r.type.ndim != len(s):  # type: ignore[attr-defined]
            raise AssertionError(
                f"Something inferred a shape with {len(s)} dimensions for a variable with {int(r.type.ndim)} dimensions.",  # type: ignore[attr-defined]
                r,
            )
        sizes = []
        for i, n in enumerate(s):
            known = r.type.shape[i]  # type: ignore[attr-defined]
            sizes.append(self.shape_ir(i, r) if known is not None else self.unpack(n, r))
        self.shape_of[r] = tuple(sizes)
        for n in sizes:
            self.shape_of_reverse_index.setdefault(n, set()).add(r)

    def set_shape_i(self, r: Variable, i: int, s_i: Any) -> None:
        """Enter one size of ``r``."""
        sizes = list(self.shape_of[r])
        sizes[i] = self.unpack(s_i, r)
        self.set_shape(r, tuple(sizes), override=True)

    def update_shape(self, r: Variable, other_r: Variable) -> None:
        """Where only the value of ``r`` tells a size and more is known of ``other_r``, which has the same shape, take that."""
        other = self.shape_of.get(other_r)
        own = self.shape_of.get(r)
        if other is None or (own is None and r in self.shape_of):
            return
        if own is None:
            self.set_shape(r, other, override=True)
            return
        merged = []
        for i, (mine, theirs) in enumerate(zip(own, other)):
            asked = mine.owner is not None and isinstance(mine.owner.op, Shape_i) and mine.owner.inputs[0] is r
            cyclic = theirs.owner is not None and any(v is r for v in theirs.owner.inputs)
            merged.append(theirs if asked and not cyclic and r.type.shape[i] is None else mine)  # type: ignore[attr-defined]
        self.set_shape(r, tuple(merged), override=True)

    def get_shape(self, var: Variable, idx: int) -> Any:
        """The size of ``var`` along ``idx``, as a scalar variable."""
        if var not in self.shape_of:
            if var.owner is not None:
                self.on_import(self.fgraph, var.owner, "get_shape")
            else:
                self.init_r(var)
        return self.shape_of[var][idx]

    def make_vector_shape(self, r: Variable) -> Any:
        """The shape of ``r`` as a vector."""
        return MakeVector("int64")(*(self.shape_of[r]))

    def same_shape(self, x: Variable, y: Variable, dim_x: int | None = None, dim_y: int | None = None) -> bool:
        """Whether ``x`` and ``y`` are known to have the same shape, or the same size along ``dim_x`` and ``dim_y``."""
        sx, sy = self.shape_of[x], self.shape_of[y]
        if sx is None or sy is None:
            return False
        if dim_x is not None:
            if dim_y is None:
                raise ValueError("dim_x and dim_y go together")
            if dimension(x, dim_x) == dimension(y, dim_y):
                return True
            sx, sy = (sx[dim_x],), (sy[dim_y],)
        if len(sx) != len(sy):
            return False
        for i, (a, b) in enumerate(zip(sx, sy)):
            if a is b or size(a) == size(b) or (dim_x is None and dimension(x, i) == dimension(y, i)):
                continue
            return False
        return True

    # --- one node ---

    def get_node_infer_shape(self, node: Apply) -> Any:
        """The function that gives the shapes of the node's outputs."""
        if isinstance(node.op, Elemwise):
            return self._of_elementwise
        return getattr(node.op, "infer_shape", self.default_infer_shape)

    def _of_elementwise(self, node: Apply, i_shapes: Sequence[Any]) -> list[Any]:
        ndim = node.outputs[0].type.ndim  # type: ignore[attr-defined]
        found = []
        for d in range(ndim):
            whole = [(v, s[d]) for v, s in zip(node.inputs, i_shapes) if not v.type.broadcastable[d]]  # type: ignore[attr-defined]
            if whole and all(dimension(v, d) == dimension(whole[0][0], d) for v, _ in whole):
                found.append(whole[0][1])
            else:
                found.append(broadcast_size(node.inputs, d))
        return [tuple(found)] * len(node.outputs)

    def default_infer_shape(self, node: Apply, i_shapes: Sequence[Any]) -> list[Any]:
        """The shapes asked of the outputs' values."""
        return [self.shape_tuple(v) for v in node.outputs]

    def clone(self) -> ShapeFeature:
        """Another feature, for another graph."""
        return type(self)()


class ShapeOptimizer(Optimizer):
    """Attaches the feature that knows shapes."""

    __module__ = "theano.tensor.opt"

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach it, unless there is one."""
        if not hasattr(fgraph, "shape_feature"):
            fgraph.attach_feature(ShapeFeature())

    def apply(self, fgraph: FunctionGraph) -> None:
        """Nothing more."""


class UnShapeOptimizer(Optimizer):
    """Takes the feature that knows shapes away again."""

    __module__ = "theano.tensor.opt"

    def apply(self, fgraph: FunctionGraph) -> None:
        """Remove it, if there is one."""
        for feature in list(fgraph._features):
            if isinstance(feature, ShapeFeature):
                fgraph.remove_feature(feature)
