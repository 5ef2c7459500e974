"""What stands at the head of every program's text: what it calls of CPython and NumPy, and small functions of its own."""

from __future__ import annotations

from theon.codegen import abi

__all__ = ["HELPERS", "PRELUDE"]

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
define internal void @theon_release(ptr %thread, i1 %worth) {
  br i1 %worth, label %leave, label %stay
leave:
  %state = call ptr @PyEval_SaveThread()
  store ptr %state, ptr %thread
  br label %stay
stay:
  ret void
}
define internal void @theon_take_back(ptr %thread) {
  %state = load ptr, ptr %thread
  %none = icmp eq ptr %state, null
  br i1 %none, label %done, label %wait
wait:
  store ptr null, ptr %thread
  call void @PyEval_RestoreThread(ptr %state)
  br label %done
done:
  ret void
}
@theon_error_format = private constant [10 x i8] c"LLLLLLLLL\\00"
"""

# Each of the functions below stands in the text of a program that calls it.
_FITS = """\
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
"""

_SHARED = """\
define internal ptr @theon_shared(ptr %words, i64 %place) {{
  %list.at = getelementptr ptr, ptr %words, i64 %place
  %list = load ptr, ptr %list.at
  %items.at = getelementptr i8, ptr %list, i64 {list_items}
  %items = load ptr, ptr %items.at
  %item = load ptr, ptr %items
  ret ptr %item
}}
"""

_FLOORDIV = """\
define internal i64 @theon_floordiv(i64 %x, i64 %y) {{
  %zero = icmp eq i64 %y, 0
  %minus = icmp eq i64 %y, -1
  %special = or i1 %zero, %minus
  %safe = select i1 %special, i64 1, i64 %y
  %rest = srem i64 %x, %safe
  %signs = xor i64 %rest, %safe
  %apart = icmp slt i64 %signs, 0
  %some = icmp ne i64 %rest, 0
  %wrong = and i1 %some, %apart
  %plain = sdiv i64 %x, %safe
  %one = zext i1 %wrong to i64
  %lower = sub i64 %plain, %one
  %negative = sub i64 0, %x
  %either = select i1 %minus, i64 %negative, i64 %lower
  %found = select i1 %zero, i64 0, i64 %either
  ret i64 %found
}}
"""

_MALLOC = """\
define internal i1 @theon_malloc(ptr %data, i64 %nbytes) {{
  %there = load ptr, ptr %data
  %missing = icmp eq ptr %there, null
  br i1 %missing, label %make, label %yes
make:
  %more = add i64 %nbytes, 1
  %fresh = call ptr @PyMem_RawMalloc(i64 %more)
  store ptr %fresh, ptr %data
  %good = icmp ne ptr %fresh, null
  ret i1 %good
yes:
  ret i1 true
}}
"""

# Memory of a size that changes each time: twice as much as is needed where there was less, so that a loop soon asks no more.
_ROOM = """\
define internal i1 @theon_room(ptr %data, ptr %room, i64 %nbytes) {{
  %have = load i64, ptr %room
  %enough = icmp sle i64 %nbytes, %have
  br i1 %enough, label %yes, label %make
make:
  %there = load ptr, ptr %data
  call void @PyMem_RawFree(ptr %there)
  store ptr null, ptr %data
  store i64 -1, ptr %room
  %twice = shl i64 %nbytes, 1
  %more = add i64 %twice, 64
  %fresh = call ptr @PyMem_RawMalloc(i64 %more)
  store ptr %fresh, ptr %data
  %good = icmp ne ptr %fresh, null
  br i1 %good, label %made, label %no
made:
  store i64 %twice, ptr %room
  ret i1 true
yes:
  ret i1 true
no:
  ret i1 false
}}
"""

# A NumPy array of a shape, where there is none yet. Where others may run Python meanwhile, they may not while it is made.
_NEW = """\
define internal i1 @theon_new(ptr %data, ptr %object, ptr %thread, i1 %worth, i32 %type, i64 %itemsize, i32 %ndim, ptr %strides, ptr %sizes) {{
  %there = load ptr, ptr %data
  %missing = icmp eq ptr %there, null
  br i1 %missing, label %begin, label %yes
begin:
  %alone = icmp eq ptr %thread, null
  br i1 %alone, label %make, label %wait
wait:
  call void @theon_take_back(ptr %thread)
  br label %make
make:
  %array = call ptr @PyArray_New(ptr @PyArray_Type, i32 %ndim, ptr %sizes, i32 %type, ptr %strides, ptr null, i32 0, i32 0, ptr null)
  store ptr %array, ptr %object
  %bad = icmp eq ptr %array, null
  br i1 %bad, label %no, label %good
good:
  %memory.at = getelementptr i8, ptr %array, i64 {data}
  %memory = load ptr, ptr %memory.at
  store ptr %memory, ptr %data
  br i1 %worth, label %go, label %yes
go:
  call void @theon_release(ptr %thread, i1 true)
  br label %yes
yes:
  ret i1 true
no:
  ret i1 false
}}
"""

# The same for any strides: of bytes, where the elements do not fill the memory or some strides are not positive.
_NEW_STRIDED = """\
define internal i1 @theon_new_strided(ptr %data, ptr %object, ptr %thread, i1 %worth, i64 %nbytes, i32 %type, i64 %itemsize,
    i32 %ndim, ptr %sizes, ptr %strides) {{
  %room = alloca i64
  store i64 %nbytes, ptr %room
  %n = zext i32 %ndim to i64
  br label %head
head:
  %d = phi i64 [ 0, %0 ], [ %next, %dim ]
  %total = phi i64 [ %itemsize, %0 ], [ %product, %dim ]
  %onward = phi i1 [ true, %0 ], [ %still, %dim ]
  %again = icmp slt i64 %d, %n
  br i1 %again, label %dim, label %looked
dim:
  %size.at = getelementptr i64, ptr %sizes, i64 %d
  %size = load i64, ptr %size.at
  %stride.at = getelementptr i64, ptr %strides, i64 %d
  %stride = load i64, ptr %stride.at
  %product = mul i64 %total, %size
  %small = icmp sle i64 %size, 1
  %positive = icmp sgt i64 %stride, 0
  %fine = or i1 %small, %positive
  %still = and i1 %onward, %fine
  %next = add i64 %d, 1
  br label %head
looked:
  %whole = icmp eq i64 %total, %nbytes
  %typed = and i1 %whole, %onward
  br i1 %typed, label %shaped, label %raw
shaped:
  %flat = icmp eq i32 %ndim, 0
  %steps = select i1 %flat, ptr null, ptr %strides
  %first = call i1 @theon_new(ptr %data, ptr %object, ptr %thread, i1 %worth, i32 %type, i64 %itemsize, i32 %ndim, ptr %steps, ptr %sizes)
  ret i1 %first
raw:
  %second = call i1 @theon_new(ptr %data, ptr %object, ptr %thread, i1 %worth, i32 {bytes}, i64 1, i32 1, ptr null, ptr %room)
  ret i1 %second
}}
"""

# Whether an array has this dtype and number of dimensions, and the size of its first one where that is not -1.
_SAME = """\
define internal i1 @theon_same(ptr %array, i32 %type, i32 %ndim, i64 %size) {{
  %descr.at = getelementptr i8, ptr %array, i64 {descr}
  %descr = load ptr, ptr %descr.at
  %num.at = getelementptr i8, ptr %descr, i64 {num}
  %num = load i32, ptr %num.at
  %typed = icmp eq i32 %num, %type
  %nd.at = getelementptr i8, ptr %array, i64 {nd}
  %nd = load i32, ptr %nd.at
  %ranked = icmp eq i32 %nd, %ndim
  %both = and i1 %typed, %ranked
  %asked = icmp ne i64 %size, -1
  %look = and i1 %both, %asked
  br i1 %look, label %sized, label %done
sized:
  %dims.at = getelementptr i8, ptr %array, i64 {dims}
  %dims = load ptr, ptr %dims.at
  %first = load i64, ptr %dims
  %equal = icmp eq i64 %first, %size
  br label %done
done:
  %found = phi i1 [ %both, %0 ], [ %equal, %sized ]
  ret i1 %found
}}
"""

# A new reference to an array on memory: its owner itself, where that is the same, or a view of it. What has no owner, a
# number given as an argument or a part of one, is copied.
_VIEW = """\
declare ptr @memcpy(ptr, ptr, i64)
define internal ptr @theon_view(i1 %same, ptr %data, ptr %owner, i32 %type, i64 %itemsize, i32 %ndim, ptr %sizes, ptr %strides) {{
  br i1 %same, label %direct, label %other
direct:
  call void @Py_IncRef(ptr %owner)
  ret ptr %owner
other:
  %flat = icmp eq i32 %ndim, 0
  %steps = select i1 %flat, ptr null, ptr %strides
  %free = icmp eq ptr %owner, null
  br i1 %free, label %copy, label %based
based:
  %view = call ptr @PyArray_New(ptr @PyArray_Type, i32 %ndim, ptr %sizes, i32 %type, ptr %steps, ptr %data, i32 0, i32 {usable}, ptr null)
  %failed = icmp eq ptr %view, null
  br i1 %failed, label %no, label %keep
keep:
  call void @Py_IncRef(ptr %owner)
  %status = call i32 @PyArray_SetBaseObject(ptr %view, ptr %owner)
  %kept = icmp eq i32 %status, 0
  br i1 %kept, label %give, label %drop
give:
  ret ptr %view
drop:
  call void @Py_DecRef(ptr %view)
  ret ptr null
copy:
  %made = call ptr @PyArray_New(ptr @PyArray_Type, i32 %ndim, ptr %sizes, i32 %type, ptr %steps, ptr null, i32 0, i32 0, ptr null)
  %none = icmp eq ptr %made, null
  br i1 %none, label %no, label %fill
fill:
  %n = zext i32 %ndim to i64
  br label %head
head:
  %d = phi i64 [ 0, %fill ], [ %next, %dim ]
  %total = phi i64 [ %itemsize, %fill ], [ %left, %dim ]
  %again = icmp slt i64 %d, %n
  br i1 %again, label %dim, label %looked
dim:
  %size.at = getelementptr i64, ptr %sizes, i64 %d
  %size = load i64, ptr %size.at
  %empty = icmp eq i64 %size, 0
  %left = select i1 %empty, i64 0, i64 %total
  %next = add i64 %d, 1
  br label %head
looked:
  %memory.at = getelementptr i8, ptr %made, i64 {data}
  %memory = load ptr, ptr %memory.at
  call ptr @memcpy(ptr %memory, ptr %data, i64 %total)
  ret ptr %made
no:
  ret ptr null
}}
"""

_NUMBERS = {
    **abi.ARRAY,
    **abi.DESCR,
    "list_items": abi.LIST_ITEMS,
    "bytes": abi.TYPE_NUMBER["uint8"],
    "usable": abi.WRITEABLE | abi.ALIGNED,
}
HELPERS = {
    f"theon_{name}": text.format(**_NUMBERS)
    for name, text in {
        "fits": _FITS, "shared": _SHARED, "floordiv": _FLOORDIV, "malloc": _MALLOC, "room": _ROOM, "new": _NEW,
        "new_strided": _NEW_STRIDED, "same": _SAME, "view": _VIEW,
    }.items()
}  # fmt: skip
