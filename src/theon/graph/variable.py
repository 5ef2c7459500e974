"""The data model of graphs: variables, constants, and the nodes that apply ops to them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from theon.graph.origin import user_frame
from theon.graph.props import object2

if TYPE_CHECKING:
    from theon.graph.op import Op
    from theon.graph.type import Type

__all__ = ["Apply", "Constant", "Node", "Scratchpad", "Variable"]


class Scratchpad:
    """A bag of attributes that tools hang on variables and nodes (``tag``); copied shallowly with its holder."""

    __module__ = "theano.gof.utils"

    origin: Any
    test_value: Any

    def clear(self) -> None:
        """Drop every attribute."""
        self.__dict__.clear()

    def __copy__(self) -> Self:
        new = self.__class__.__new__(self.__class__)
        new.__dict__.update(self.__dict__)
        return new

    def __update__(self, other: Scratchpad) -> Scratchpad:
        self.__dict__.update(other.__dict__)
        return self

    @property
    def trace(self) -> list[list[tuple[str, int, str, str]]]:
        """The creation trace in Theano's form: a list of stacks of (file, line, function, text)."""
        found = self.__dict__.get("origin")
        given: list[list[tuple[str, int, str, str]]] = self.__dict__.get("_trace", [])
        if given or found is None:
            return given
        places = [found] if found.caller is None else [found.caller, found]
        return [[(place.file, place.line, place.function, place.text) for place in places]]

    @trace.setter
    def trace(self, value: list[list[tuple[str, int, str, str]]]) -> None:
        self.__dict__["_trace"] = value

    def __repr__(self) -> str:
        return f"scratchpad{self.__dict__}"

    def info(self) -> None:
        """Print every attribute."""
        print(f"<theano.gof.utils.scratchpad instance at {id(self)}>")
        for key, value in self.__dict__.items():
            print(f"  {key}: {value}")


Scratchpad.__name__ = Scratchpad.__qualname__ = "scratchpad"
scratchpad = Scratchpad


class Node(object2):
    """What graphs are made of: a Variable or an Apply."""

    __module__ = "theano.gof.graph"

    def get_parents(self) -> list[Any]:
        """Return the nodes this one is computed from."""
        return []


class Apply(Node):
    """An op applied to input variables, giving output variables.

    ``outputs`` must not belong to another node; each gets ``owner`` and ``index`` set. TypeError for anything that
    is not a Variable.
    """

    __module__ = "theano.gof.graph"

    op: Op
    inputs: list[Variable]
    outputs: list[Variable]
    fgraph: Any = None  # the function graph that the node is in, if any

    def __init__(self, op: Op, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        self.op = op
        self.tag = Scratchpad()
        if not isinstance(inputs, list | tuple):
            raise TypeError("The inputs of an Apply must be a list or tuple")
        if not isinstance(outputs, list | tuple):
            raise TypeError("The output of an Apply must be a list or tuple")
        for variable in inputs:
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"The 'inputs' argument to Apply must contain Variable instances, not {variable!r} ({type(variable).__name__})"
                )
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        for place, variable in enumerate(self.outputs):
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"The 'outputs' argument to Apply must contain Variable instances with no owner, not {variable!r}"
                )
            if variable.owner is None:
                variable.owner, variable.index = self, place
            elif variable.owner is not self or variable.index != place:
                raise ValueError("All output variables passed to Apply must belong to it.")

    @property
    def params_type(self) -> Any:
        """The op's ``params_type``, or None."""
        return getattr(self.op, "params_type", None)

    def run_params(self) -> Any:
        """Return the op's run-time parameters for this node, a value of its ``params_type``; None where it has no such type."""
        wanted = self.params_type
        return None if wanted is None else wanted.filter(self.op.get_params(self))

    def default_output(self) -> Variable:
        """Return the output that stands for the node: the op's ``default_output``, or the only one; else AttributeError."""
        place = getattr(self.op, "default_output", None)
        if place is None:
            if len(self.outputs) == 1:
                return self.outputs[0]
            raise AttributeError(f"{self.op}.default_output should be an output index when there are several outputs")
        if not isinstance(place, int) or not 0 <= place < len(self.outputs):
            raise AttributeError(f"{self.op}.default_output is {place!r}, which is no output index")
        return self.outputs[place]

    out = property(default_output, doc="The default output.")

    @property
    def nin(self) -> int:
        """The number of inputs."""
        return len(self.inputs)

    @property
    def nout(self) -> int:
        """The number of outputs."""
        return len(self.outputs)

    def get_parents(self) -> list[Variable]:
        """Return the inputs."""
        return list(self.inputs)

    def clone(self) -> Apply:
        """Return a node with the same op and inputs and new outputs."""
        new = self.__class__(self.op, self.inputs, [output.clone() for output in self.outputs])
        new.tag = copy(self.tag)
        return new

    def clone_with_new_inputs(self, inputs: Sequence[Variable], strict: bool = True) -> Apply:
        """Return a node that computes the same from other inputs.

        Where a new input has another type it is converted (``strict``) or the op is asked to make a new node.
        """
        if not isinstance(inputs, list | tuple):
            raise TypeError("inputs must be a list or tuple")
        if len(inputs) != len(self.inputs):
            raise ValueError(f"{self.op} has {len(self.inputs)} inputs, not {len(inputs)}")
        remake = False
        new_inputs = list(inputs)
        for place, (old, new) in enumerate(zip(self.inputs, inputs)):
            if old.type == new.type:
                continue
            if strict:
                new_inputs[place] = old.type.filter_variable(new)
            else:
                remake = True
        if remake:
            return self.op.make_node(*new_inputs)
        new_node = self.clone()
        new_node.inputs = new_inputs
        return new_node

    def __reduce__(self) -> tuple[Any, ...]:
        from theon.graph.pickling import reduce_node

        return reduce_node(self)

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.inputs))})"

    def __repr__(self) -> str:
        return str(self)


class Variable(Node):
    """A symbolic value: a ``type``, and, unless it is an input, the node ``owner`` whose output ``index`` it is.

    ``name`` is for people; ``tag`` is a bag of attributes for tools. Variables compare by identity.
    """

    __module__ = "theano.gof.graph"

    _numbers = itertools.count(0)
    construction_observers: list[Callable[[Any], Any]] = []

    type: Type
    owner: Apply | None
    index: int | None
    name: str | None
    fgraph: Any = None  # the function graph that the variable is in, if any

    def __init__(
        self, type: Type, owner: Apply | None = None, index: int | None = None, name: str | None = None
    ) -> None:
        self.tag = Scratchpad()
        self.type = type
        if owner is not None and not isinstance(owner, Apply):
            raise TypeError("owner must be an Apply instance", owner)
        self.owner = owner
        if index is not None and not isinstance(index, int):
            raise TypeError("index must be an int", index)
        self.index = index
        if name is not None and not isinstance(name, str):
            raise TypeError("name must be a string", name)
        self.name = name
        self.auto_name = f"auto_{next(Variable._numbers)}"
        if owner is None:
            self.tag.origin = user_frame(2)
        if Variable.construction_observers:
            self.notify_construction_observers(self)

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        if self.owner is not None:
            if self.index == getattr(self.owner.op, "default_output", None):
                return f"{self.owner.op}.out"
            return f"{self.owner.op}.{self.index}"
        return f"<{self.type}>"

    def __repr__(self) -> str:
        from theon.options import config

        return f"{self}{self.__repr_test_value__()}" if config.print_test_value else str(self)

    def __repr_test_value__(self) -> str:
        """The text of the test value on a line of its own; nothing where there is none."""
        from theon.graph.testvalue import get_test_value

        try:
            return f"\n{get_test_value(self)!r}"
        except AttributeError:
            return ""

    def clone(self) -> Self:
        """Return a new variable of the same type and name, without an owner."""
        if type(self).__init__ is not Variable.__init__:
            new = self.__class__(self.type, None, None, self.name)
            new.tag = copy(self.tag)
            return new
        # The same without a look at the stack for a place in the user's program, which is not that of the copy.
        new = self.__class__.__new__(self.__class__)
        new.tag, new.type, new.owner, new.index, new.name = copy(self.tag), self.type, None, None, self.name
        new.auto_name = f"auto_{next(Variable._numbers)}"
        if Variable.construction_observers:
            self.notify_construction_observers(new)
        return new

    @classmethod
    def append_construction_observer(cls, observer: Callable[[Any], Any]) -> None:
        """Call ``observer`` with each variable that is made from now on."""
        cls.construction_observers.append(observer)

    @classmethod
    def remove_construction_observer(cls, observer: Callable[[Any], Any]) -> None:
        """Stop calling ``observer``; ValueError if it was not called."""
        cls.construction_observers.remove(observer)

    @classmethod
    def notify_construction_observers(cls, instance: Variable) -> None:
        """Call every observer."""
        for observer in cls.construction_observers:
            observer(instance)

    @property
    def clients(self) -> list[tuple[Any, int]]:
        """The readers of the variable in its function graph: pairs of a node or "output", and a position."""
        return [] if self.fgraph is None else self.fgraph.clients(self)

    def get_parents(self) -> list[Apply]:
        """Return the owner, if any."""
        return [self.owner] if self.owner is not None else []

    def __lt__(self, other: Any) -> Any:
        raise NotImplementedError("Subclasses of Variable must provide __lt__", type(self).__name__)

    def __le__(self, other: Any) -> Any:
        raise NotImplementedError("Subclasses of Variable must provide __le__", type(self).__name__)

    def __gt__(self, other: Any) -> Any:
        raise NotImplementedError("Subclasses of Variable must provide __gt__", type(self).__name__)

    def __ge__(self, other: Any) -> Any:
        raise NotImplementedError("Subclasses of Variable must provide __ge__", type(self).__name__)

    def __reduce__(self) -> tuple[Any, ...]:
        from theon.graph.pickling import reduce_variable

        return reduce_variable(self)

    def __copy__(self) -> Self:
        return self._shallow()

    def _shallow(self) -> Self:
        new = self.__class__.__new__(self.__class__)
        new.__dict__.update(self.__dict__)
        new.__dict__.pop("fgraph", None)
        return new


class Constant(Variable):
    """A variable with a known value. ``data`` is filtered by the type and must not be changed afterwards."""

    __module__ = "theano.gof.graph"

    owner: Apply | None = None  # constants in old pickles do not say so
    data: Any

    def __init__(self, type: Type, data: Any, name: str | None = None) -> None:
        super().__init__(type, None, None, name)
        self.data = type.filter(data)

    @property
    def value(self) -> Any:
        """The data."""
        return self.data

    def signature(self) -> Any:
        """Return a hashable stand-in for type and value: equal signatures, equal constants."""
        return (self.type, self.data)

    def equals(self, other: Any) -> bool:
        """Whether ``other`` is a constant of the same type and value."""
        return isinstance(other, Constant) and bool(self.signature() == other.signature())

    def merge_signature(self) -> Any:
        """Return the signature."""
        return self.signature()

    def clone(self) -> Self:
        """Return the constant itself: constants are values."""
        new = self.__class__(self.type, self.data, self.name)
        new.tag = copy(self.tag)
        return new

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        text = str(self.data)
        if len(text) > 20:
            text = text[:10].strip() + "..." + text[-10:].strip()
        return f"Constant{{{text}}}"


def is_iterable_of_variables(things: Iterable[Any]) -> bool:
    """Whether every element is a Variable."""
    return all(isinstance(thing, Variable) for thing in things)


def outputs_of(nodes: Iterable[Apply]) -> Iterator[Variable]:
    """Yield every output of every node."""
    for node in nodes:
        yield from node.outputs
