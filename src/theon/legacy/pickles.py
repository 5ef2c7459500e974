"""Saving and loading: objects as a zip file whose arrays can be read one by one, pickles without traces, arguments of functions.

:func:`dump` writes every array and the value of every shared variable as a ``.npy`` member of a zip file, which
``numpy.load`` opens too; the rest is its member ``pkl``. As with every pickle, load only what you trust.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from theon.graph.variable import Scratchpad
from theon.tensor.shared import SharedVariable

__all__ = [
    "DEFAULT_PROTOCOL",
    "HIGHEST_PROTOCOL",
    "CompatUnpickler",
    "PersistentNdarrayID",
    "PersistentNdarrayLoad",
    "PersistentSharedVariableID",
    "StripPickler",
    "dump",
    "function_dump",
    "load",
    "zipadd",
]

DEFAULT_PROTOCOL = pickle.DEFAULT_PROTOCOL
HIGHEST_PROTOCOL = pickle.HIGHEST_PROTOCOL


class StripPickler(pickle.Pickler):
    """A pickler that leaves out of each variable's ``tag`` where it was made, and the tags of ``extra_tag_to_remove``.

    >>> import io, theano.tensor as T
    >>> file = io.BytesIO()
    >>> StripPickler(file, protocol=-1).dump(T.exp(T.dscalar("x")))
    """

    __module__ = "theano.misc.pkl_utils"

    def __init__(self, file: Any, protocol: int = 0, extra_tag_to_remove: Any = None) -> None:
        super().__init__(file, protocol)
        self.tag_to_remove = {"origin", "_trace", "trace", "replacement_of", *(extra_tag_to_remove or ())}

    def reducer_override(self, obj: Any) -> Any:
        """Pickle a tag without what is to be removed."""
        if type(obj) is Scratchpad:
            kept = {name: value for name, value in vars(obj).items() if name not in self.tag_to_remove}
            return Scratchpad, (), kept
        return NotImplemented


class CompatUnpickler(pickle.Unpickler):
    """The unpickler that :func:`load` uses; reads what Python 2 wrote with ``encoding="latin1"``."""

    __module__ = "theano.misc.pkl_utils"


def zipadd(func: Callable[[Any], Any], zip_file: zipfile.ZipFile, name: str) -> None:
    """Add a member ``name`` to a zip file, of what ``func`` writes into the file that it is given."""
    content = io.BytesIO()
    func(content)
    zip_file.writestr(name, content.getvalue())


class PersistentNdarrayID:
    """Writes arrays that a pickler meets into a zip file, as ``array_0``, ``array_1`` and so on; each array once."""

    __module__ = "theano.misc.pkl_utils"

    def __init__(self, zip_file: zipfile.ZipFile) -> None:
        self.zip_file = zip_file
        self.count = 0
        self.seen: dict[int, tuple[str, Any]] = {}  # the array is kept, so that its id is not given to another

    def _resolve_name(self, obj: Any) -> str:
        name = f"array_{self.count}"
        self.count += 1
        return name

    def __call__(self, obj: Any) -> str | None:
        if type(obj) is not np.ndarray or obj.dtype.hasobject:
            return None
        if id(obj) not in self.seen:
            name = self._resolve_name(obj)
            zipadd(lambda file: np.lib.format.write_array(file, obj), self.zip_file, name)
            self.seen[id(obj)] = (f"ndarray.{name}", obj)
        return self.seen[id(obj)][0]


class PersistentSharedVariableID(PersistentNdarrayID):
    """As :class:`PersistentNdarrayID`, but the value of a shared variable goes under the variable's name.

    A second variable of the same name is ``name_2`` (ValueError where ``allow_duplicates`` is False), one without a name is
    an array like others (ValueError where ``allow_unnamed`` is False). No variable may be called ``pkl``.
    """

    __module__ = "theano.misc.pkl_utils"

    def __init__(self, zip_file: zipfile.ZipFile, allow_unnamed: bool = True, allow_duplicates: bool = True) -> None:
        super().__init__(zip_file)
        self.allow_unnamed, self.allow_duplicates = allow_unnamed, allow_duplicates
        self.name_counter: Counter[str] = Counter()
        self.ndarray_names: dict[int, str] = {}

    def _resolve_name(self, obj: Any) -> str:
        name = self.ndarray_names.get(id(obj))
        if name is None:
            return super()._resolve_name(obj)
        count = self.name_counter[name]
        self.name_counter[name] += 1
        if not count:
            return name
        if not self.allow_duplicates:
            raise ValueError(f"multiple shared variables with the name `{name}` found")
        return f"{name}_{count + 1}"

    def __call__(self, obj: Any) -> str | None:
        if isinstance(obj, SharedVariable):
            if obj.name:
                if obj.name == "pkl":
                    raise ValueError("can't pickle shared variable with name `pkl`")
                self.ndarray_names[id(obj.container.storage[0])] = obj.name
            elif not self.allow_unnamed:
                raise ValueError(f"unnamed shared variable, {obj}")
        return super().__call__(obj)


class PersistentNdarrayLoad:
    """Reads the arrays that :class:`PersistentNdarrayID` wrote."""

    __module__ = "theano.misc.pkl_utils"

    def __init__(self, zip_file: zipfile.ZipFile) -> None:
        self.zip_file = zip_file
        self.cache: dict[str, Any] = {}

    def __call__(self, persid: Any) -> Any:
        kind, _, name = str(persid).partition(".")
        if kind != "ndarray":
            raise pickle.UnpicklingError(f"the file holds a {kind}, which only Theano's GPU code could read")
        if name not in self.cache:
            with self.zip_file.open(name) as member:
                self.cache[name] = np.lib.format.read_array(member, allow_pickle=False)
        return self.cache[name]


class _PersistentPickler(pickle.Pickler):
    """A pickler that asks ``name_of`` for the names of what is kept elsewhere; instances of C's class take no such method."""

    def __init__(self, file: Any, protocol: int, name_of: Callable[[Any], Any]) -> None:
        super().__init__(file, protocol=protocol)
        self.name_of = name_of

    def persistent_id(self, obj: Any) -> Any:
        return self.name_of(obj)


def dump(
    obj: Any,
    file_handler: Any,
    protocol: int = DEFAULT_PROTOCOL,
    persistent_id: Callable[[zipfile.ZipFile], Any] = PersistentSharedVariableID,
) -> None:
    """Write ``obj`` to an open binary file, as a zip file: see the module's text.

    >>> import io, numpy as np, theano
    >>> file = io.BytesIO()
    >>> dump([theano.shared(np.zeros(2), name="b")], file)
    >>> np.load(file)["b"]
    array([0., 0.])
    """
    with zipfile.ZipFile(file_handler, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as zip_file:

        def write(file: Any) -> None:
            _PersistentPickler(file, protocol, persistent_id(zip_file)).dump(obj)

        zipadd(write, zip_file, "pkl")


def load(f: Any, persistent_load: Callable[[zipfile.ZipFile], Any] = PersistentNdarrayLoad) -> Any:
    """Return what :func:`dump` wrote to the open binary file ``f``."""
    with zipfile.ZipFile(f, "r") as zip_file:
        unpickler: Any = CompatUnpickler(io.BytesIO(zip_file.read("pkl")))
        unpickler.persistent_load = persistent_load(zip_file)
        return unpickler.load()


def function_dump(
    filename: str,
    inputs: Any,
    outputs: Any = None,
    mode: Any = None,
    updates: Any = None,
    givens: Any = None,
    no_default_updates: Any = False,
    accept_inplace: bool = False,
    name: str | None = None,
    rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None,
    profile: Any = None,
    on_unused_input: str | None = None,
    extra_tag_to_remove: Any = None,
) -> None:
    """Pickle the arguments of ``theano.function`` to a file, to compile them elsewhere or to show a problem.

    Read it with ``theano.function(**pickle.load(file))``. Where variables were made is left out, and tags named in
    ``extra_tag_to_remove`` too.
    """
    arguments = {
        "inputs": inputs,
        "outputs": outputs,
        "mode": mode,
        "updates": updates,
        "givens": givens,
        "no_default_updates": no_default_updates,
        "accept_inplace": accept_inplace,
        "name": name,
        "rebuild_strict": rebuild_strict,
        "allow_input_downcast": allow_input_downcast,
        "profile": profile,
        "on_unused_input": on_unused_input,
    }
    with open(filename, "wb") as file:
        StripPickler(file, protocol=-1, extra_tag_to_remove=extra_tag_to_remove).dump(arguments)
