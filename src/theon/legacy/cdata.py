"""Classes of ops and types that were made of C code; programs subclass them, and Theon runs what they have in Python."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from typing import Any, NoReturn

from theon.errors import MethodNotDefined
from theon.graph.op import Op
from theon.graph.type import Type
from theon.graph.variable import Constant
from theon.options import config

__all__ = ["CDataType", "CDataTypeConstant", "COp", "CachedConstantError", "OpenMPOp"]


class CachedConstantError(Exception):
    """A constant that Theano had cached was put into a graph by itself."""

    __module__ = "theano.gof.fg"


class COp(Op):
    """An op whose C code stands in files. Theon runs no C: a subclass has to define ``perform``.

    ``func_files``: paths, relative to the file that defines the subclass. Their text is in ``func_codes``, divided by
    ``#section name`` lines into ``code_sections``. ValueError for a section whose name is none of ``SECTIONS``.
    """

    __module__ = "theano.gof.op"

    SECTIONS = {
        "init_code", "init_code_apply", "init_code_struct", "support_code", "support_code_apply", "support_code_struct",
        "cleanup_code_struct", "code", "code_cleanup",
    }  # fmt: skip
    section_re = re.compile(r"^#section ([a-zA-Z0-9_]+)$", re.MULTILINE)

    def __init__(self, func_files: Any, func_name: str | None = None) -> None:
        files = func_files if isinstance(func_files, list) else [func_files]
        self.func_name = func_name
        self.func_files = [self.get_path(f) for f in files]
        self.load_c_code(files)
        if not self.code_sections:
            raise ValueError("No sections where defined in C files")

    @classmethod
    def get_path(cls, f: str) -> str:
        """Return the path of a file given relative to the class's own file."""
        if os.path.isabs(f):
            return f
        module = sys.modules.get(cls.__module__)
        return os.path.realpath(os.path.join(os.path.dirname(getattr(module, "__file__", None) or ""), f))

    def load_c_code(self, func_files: Any) -> None:
        """Read the files into ``func_codes`` and ``code_sections``."""
        self.func_codes = []
        for f in func_files:
            with open(self.get_path(f)) as file:
                self.func_codes.append(file.read())
        self.code_sections: dict[str, str] = {}
        for path, text in zip(func_files, self.func_codes):
            parts = self.section_re.split(text)
            if parts[0].strip():
                raise ValueError(f"Stray code before first #section statement (in {path}): {parts[0].strip()[:60]}")
            for name, code in zip(parts[1::2], parts[2::2]):
                if name not in self.SECTIONS:
                    raise ValueError(f"Unknown section type (in file {path}): {name}")
                self.code_sections[name] = self.code_sections.get(name, "") + code

    def perform(self, node: Any, inputs: Any, output_storage: Any, params: Any = None) -> NoReturn:
        """MethodNotDefined: a subclass has to define it."""
        raise MethodNotDefined(
            "perform",
            type(self),
            f"{type(self).__name__} has only C code, which Theon does not run: give it a perform method",
        )


class OpenMPOp(Op):
    """An op whose C code could use threads: ``openmp`` says whether it was to (by default, ``config.openmp``)."""

    __module__ = "theano.gof.op"

    gxx_support_openmp: bool | None = None

    def __init__(self, openmp: bool | None = None) -> None:
        self.openmp = config.openmp if openmp is None else openmp

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("openmp", False)

    @staticmethod
    def test_gxx_support() -> bool:
        """False: no C compiler is asked."""
        return False

    def update_self_openmp(self) -> None:
        """Nothing: threads are the scheduler's business, not the op's."""


class CDataType(Type):
    """Pointers of C code in capsules; None is a value too. The arguments after the name of the C type are kept as attributes."""

    __module__ = "theano.gof.type"

    __props__ = (
        "ctype",
        "freefunc",
        "headers",
        "header_dirs",
        "libraries",
        "lib_dirs",
        "compile_args",
        "extra_support_code",
        "version",
    )

    def __init__(
        self,
        ctype: str,
        freefunc: str | None = None,
        headers: tuple[str, ...] = (),
        header_dirs: tuple[str, ...] = (),
        libraries: tuple[str, ...] = (),
        lib_dirs: tuple[str, ...] = (),
        compile_args: tuple[str, ...] = (),
        extra_support_code: str = "",
        version: Any = None,
    ) -> None:
        if not isinstance(ctype, str):
            raise TypeError(f"ctype has to be the name of a C type, not {ctype!r}")
        self.ctype, self.freefunc = ctype, freefunc
        self.headers, self.header_dirs, self.libraries = tuple(headers), tuple(header_dirs), tuple(libraries)
        self.lib_dirs, self.compile_args = tuple(lib_dirs), tuple(compile_args)
        self.extra_support_code, self.version = extra_support_code, version

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return a capsule or None; TypeError for anything else."""
        if data is not None and type(data).__name__ != "PyCapsule":
            raise TypeError(f"expected None or a PyCapsule, not {type(data).__name__}")
        return data

    def make_value(self, ptr: int) -> Any:
        """Return a capsule of an address."""
        make = ctypes.pythonapi.PyCapsule_New
        make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return make(ctypes.c_void_p(ptr), None, None)

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.ctype}}}"


class CDataTypeConstant(Constant):
    """A capsule as a constant; equal to another only if it is the same."""

    __module__ = "theano.gof.type"

    def signature(self) -> Any:
        """Return the identity: the content of capsules cannot be compared."""
        return (self.type, id(self.data))

    def merge_signature(self) -> Any:
        """Return the signature."""
        return self.signature()


CDataType.Constant = CDataTypeConstant
