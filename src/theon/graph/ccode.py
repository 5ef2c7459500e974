"""The methods by which ops and types of Theano gave C code.

Theon compiles no C and calls none of them. They stand here so that classes which define them can call the ones above, and
so that asking for C code where there is none is the error that Theano raised.
"""

from __future__ import annotations

from typing import Any, NoReturn

from theon.errors import MethodNotDefined

__all__ = ["CLinkerObject", "CLinkerOp", "CLinkerType"]


class CLinkerObject:
    """What ops and types could say of their C code."""

    __module__ = "theano.gof.op"

    def _none(self, name: str) -> NoReturn:
        raise MethodNotDefined(name, type(self), type(self).__name__)

    def c_headers(self) -> list[str]:
        """MethodNotDefined, as are all below that a class does not define."""
        self._none("c_headers")

    def c_header_dirs(self) -> list[str]:
        """Folders of headers."""
        self._none("c_header_dirs")

    def c_libraries(self) -> list[str]:
        """Libraries to link."""
        self._none("c_libraries")

    def c_lib_dirs(self) -> list[str]:
        """Folders of libraries."""
        self._none("c_lib_dirs")

    def c_support_code(self) -> str:
        """Code at the top of the file."""
        self._none("c_support_code")

    def c_code_cache_version(self) -> tuple[Any, ...]:
        """The version of the code: none."""
        return ()

    def c_compile_args(self) -> list[str]:
        """Arguments of the compiler."""
        self._none("c_compile_args")

    def c_no_compile_args(self) -> list[str]:
        """Arguments not to give to the compiler."""
        self._none("c_no_compile_args")

    def c_init_code(self) -> list[str]:
        """Code run when the module is loaded."""
        self._none("c_init_code")


class CLinkerOp(CLinkerObject):
    """What ops could say of their C code."""

    __module__ = "theano.gof.op"

    def c_code(self, node: Any, name: str, inputs: Any, outputs: Any, sub: Any) -> str:
        """The code of a node."""
        self._none("c_code")

    def c_code_cache_version_apply(self, node: Any) -> tuple[Any, ...]:
        """The version of a node's code."""
        return self.c_code_cache_version()

    def c_code_cleanup(self, node: Any, name: str, inputs: Any, outputs: Any, sub: Any) -> str:
        """Code after a node."""
        self._none("c_code_cleanup")

    def c_support_code_apply(self, node: Any, name: str) -> str:
        """Code at the top of the file for one node."""
        self._none("c_support_code_apply")

    def c_support_code_struct(self, node: Any, name: str) -> str:
        """Code in the structure of a node."""
        self._none("c_support_code_struct")

    def c_init_code_apply(self, node: Any, name: str) -> str:
        """Code run when the module of a node is loaded."""
        self._none("c_init_code_apply")

    def c_init_code_struct(self, node: Any, name: str, sub: Any) -> str:
        """Code that sets the structure of a node up."""
        self._none("c_init_code_struct")

    def c_cleanup_code_struct(self, node: Any, name: str) -> str:
        """Code that takes the structure of a node down."""
        self._none("c_cleanup_code_struct")


class CLinkerType(CLinkerObject):
    """What types could say of their C code."""

    __module__ = "theano.gof.type"

    def c_element_type(self) -> Any:
        """The C type of elements."""
        self._none("c_element_type")

    def c_is_simple(self) -> bool:
        """Whether values are plain C numbers."""
        return False

    def c_literal(self, data: Any) -> str:
        """A value as C text."""
        self._none("c_literal")

    def c_declare(self, name: str, sub: Any, check_input: bool = True) -> str:
        """The declaration of a value."""
        self._none("c_declare")

    def c_init(self, name: str, sub: Any) -> str:
        """The first value."""
        self._none("c_init")

    def c_extract(self, name: str, sub: Any, check_input: bool = True) -> str:
        """From a Python object."""
        self._none("c_extract")

    def c_extract_out(self, name: str, sub: Any, check_input: bool = True) -> str:
        """From the Python object of a former output."""
        self._none("c_extract_out")

    def c_cleanup(self, name: str, sub: Any) -> str:
        """After use."""
        self._none("c_cleanup")

    def c_sync(self, name: str, sub: Any) -> str:
        """To a Python object."""
        self._none("c_sync")
