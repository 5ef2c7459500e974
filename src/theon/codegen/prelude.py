"""What stands at the head of every program's text: what it calls of CPython and NumPy, and small functions of its own."""

from theon.codegen import abi

__all__ = ["PRELUDE"]

PRELUDE = """\
@PyArray_Type = external global i8
@PyLong_Type = external global i8
@PyFloat_Type = external global i8
declare ptr @PyArray_New(ptr, i32, ptr, i32, ptr, ptr, i32, i32, ptr)
declare i32 @PyArray_SetBaseObject(ptr, ptr)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyObject_CallFunction(ptr, ptr, ...)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyList_New(i64)
declare i32 @PyList_SetItem(ptr, i64, ptr)
declare ptr @PyTuple_GetItem(ptr, i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyErr_NoMemory()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyMem_RawMalloc(i64)
declare void @PyMem_RawFree(ptr)
define internal i1 @theon_fits(ptr %item, i32 %wanted, i32 %ndim, i32 %type) {{
  %class.at = getelementptr i8, ptr %item, i64 8
  %class = load ptr, ptr %class.at
  %array = icmp eq ptr %class, @PyArray_Type
  br i1 %array, label %look, label %no
look:
  %flags.at = getelementptr i8, ptr %item, i64 {flags}
  %flags = load i32, ptr %flags.at
  %has = and i32 %flags, %wanted
  %good1 = icmp eq i32 %has, %wanted
  %nd.at = getelementptr i8, ptr %item, i64 {nd}
  %nd = load i32, ptr %nd.at
  %good2 = icmp eq i32 %nd, %ndim
  %descr.at = getelementptr i8, ptr %item, i64 {descr}
  %descr = load ptr, ptr %descr.at
  %num.at = getelementptr i8, ptr %descr, i64 {num}
  %num = load i32, ptr %num.at
  %good3 = icmp eq i32 %num, %type
  %order.at = getelementptr i8, ptr %descr, i64 {byteorder}
  %order = load i8, ptr %order.at
  %good4 = icmp ne i8 %order, 62
  %both = and i1 %good1, %good2
  %rest = and i1 %good3, %good4
  %all = and i1 %both, %rest
  ret i1 %all
no:
  ret i1 false
}}
define internal void @theon_release(ptr %thread, i1 %worth) {{
  br i1 %worth, label %leave, label %stay
leave:
  %state = call ptr @PyEval_SaveThread()
  store ptr %state, ptr %thread
  br label %stay
stay:
  ret void
}}
define internal void @theon_take_back(ptr %thread) {{
  %state = load ptr, ptr %thread
  %none = icmp eq ptr %state, null
  br i1 %none, label %done, label %wait
wait:
  store ptr null, ptr %thread
  call void @PyEval_RestoreThread(ptr %state)
  br label %done
done:
  ret void
}}
@theon_error_format = private constant [10 x i8] c"LLLLLLLLL\\00"
""".format(**abi.ARRAY, **abi.DESCR)
