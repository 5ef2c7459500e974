"""Worker threads that share the loops of one large kernel with the calling thread.

The pool is native code: a caller publishes a task (a function, its frame, a number of chunks) and deals the chunks out
as runs, one to each thread; a thread takes its own from the front, then those that others have left from the back, and the
caller returns when no worker is inside the task. So the same thread takes the same part of the work in every call, while
its caches still hold the numbers: between cores that share no cache, numbers travel slower than they are computed.
Workers are daemon threads started from Python that stay in native code without the GIL; idle ones spin briefly, then sleep
on a condition variable. Chunks write separate elements, so that results do not depend on the number of threads. A second
caller at the same time runs its task alone.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import platform
import sys
import threading
from collections.abc import Callable
from typing import Any

from theon.codegen import target

__all__ = ["DECLARATIONS", "budget", "symbols"]

DECLARATIONS = "@theon_threads = external global i64\ndeclare i64 @theon_parallel(ptr, ptr, i64)\n"

_SPINS = 4000  # pauses before a worker sleeps, 20 to 200 µs
_PATIENCE = 200  # pauses after which one that waits lets others have its CPU, which may be the one it waits for


def budget() -> int:
    """Return how many threads a kernel may use: ``OMP_NUM_THREADS`` if it is set, else the CPUs this process may run on."""
    given = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if given.isdigit() and int(given) > 0:
        return int(given)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _system() -> str:
    """The text of lock, wait, wake and rest on this system."""
    if sys.platform == "win32":
        return """
declare void @AcquireSRWLockExclusive(ptr)
declare void @ReleaseSRWLockExclusive(ptr)
declare i32 @SleepConditionVariableSRW(ptr, ptr, i32, i32)
declare void @WakeAllConditionVariable(ptr)
declare i32 @SwitchToThread()
define void @theon_pool_start() {
  ret void
}
define internal void @take() {
  call void @AcquireSRWLockExclusive(ptr @mutex)
  ret void
}
define internal void @give() {
  call void @ReleaseSRWLockExclusive(ptr @mutex)
  ret void
}
define internal void @sleep() {
  call i32 @SleepConditionVariableSRW(ptr @condition, ptr @mutex, i32 -1, i32 0)
  ret void
}
define internal void @wake() {
  call void @WakeAllConditionVariable(ptr @condition)
  ret void
}
define internal void @rest() {
  call i32 @SwitchToThread()
  ret void
}
"""
    return """
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @sched_yield()
define void @theon_pool_start() {
  call i32 @pthread_mutex_init(ptr @mutex, ptr null)
  call i32 @pthread_cond_init(ptr @condition, ptr null)
  store i64 0, ptr @busy
  store i64 0, ptr @active
  store i64 0, ptr @sleepers
  ret void
}
define internal void @take() {
  call i32 @pthread_mutex_lock(ptr @mutex)
  ret void
}
define internal void @give() {
  call i32 @pthread_mutex_unlock(ptr @mutex)
  ret void
}
define internal void @sleep() {
  call i32 @pthread_cond_wait(ptr @condition, ptr @mutex)
  ret void
}
define internal void @wake() {
  call i32 @pthread_cond_broadcast(ptr @condition)
  ret void
}
define internal void @rest() {
  call i32 @sched_yield()
  ret void
}
"""


def _pause() -> tuple[str, str]:
    """The declaration and call that tell the CPU that this thread only waits."""
    kind = platform.machine().lower()
    if kind in ("x86_64", "amd64"):
        return "declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"
    if kind in ("aarch64", "arm64"):
        return "declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"
    return "", "call void @rest()"


def _text(threads: int) -> str:
    declaration, pause = _pause()
    values = {
        "threads": threads, "last": threads - 1, "spins": _SPINS, "patience": _PATIENCE, "pause": pause, "declaration": declaration
    }  # fmt: skip
    return (
        """
@theon_threads = global i64 1
@mutex = internal global [16 x i64] zeroinitializer, align 64
@condition = internal global [16 x i64] zeroinitializer, align 64
@work = internal global ptr null
@frame = internal global ptr null
@chunks = internal global i64 0
@workers = internal global i64 0
@ranges = internal global [%(threads)d x [16 x i64]] zeroinitializer, align 128
@active = internal global i64 0, align 64
@generation = internal global i64 0, align 64
@busy = internal global i64 0, align 64
@sleepers = internal global i64 0
@stop = internal global i64 0
%(declaration)s
"""
        + _system()
        + """
define internal ptr @range(i64 %%who) {
  %%at = getelementptr [16 x i64], ptr @ranges, i64 %%who
  ret ptr %%at
}
define internal void @share(i64 %%own) {
  br label %%owner
owner:
  %%turn = phi i64 [ 0, %%0 ], [ %%after, %%empty ]
  %%sum = add i64 %%own, %%turn
  %%who = urem i64 %%sum, %(threads)d
  %%at = call ptr @range(i64 %%who)
  %%mine = icmp eq i64 %%turn, 0
  br label %%look
look:
  %%held = load atomic i64, ptr %%at seq_cst, align 8
  %%low = and i64 %%held, 4294967295
  %%high = lshr i64 %%held, 32
  %%some = icmp ult i64 %%low, %%high
  br i1 %%some, label %%take, label %%empty
take:
  %%last = sub i64 %%high, 1
  %%chunk = select i1 %%mine, i64 %%low, i64 %%last
  %%shorter = sub i64 %%held, 4294967296
  %%later = add i64 %%held, 1
  %%left = select i1 %%mine, i64 %%later, i64 %%shorter
  %%pair = cmpxchg ptr %%at, i64 %%held, i64 %%left seq_cst seq_cst
  %%got = extractvalue { i64, i1 } %%pair, 1
  br i1 %%got, label %%run, label %%look
run:
  %%work = load ptr, ptr @work
  %%frame = load ptr, ptr @frame
  %%chunks = load i64, ptr @chunks
  %%code = call i64 %%work(ptr %%frame, i64 %%chunk, i64 %%chunks)
  br label %%look
empty:
  %%after = add i64 %%turn, 1
  %%more = icmp ult i64 %%after, %(threads)d
  br i1 %%more, label %%owner, label %%end
end:
  ret void
}
define i64 @theon_parallel(ptr %%work, ptr %%frame, i64 %%chunks) {
  %%countable = icmp ult i64 %%chunks, 2147483648
  br i1 %%countable, label %%try, label %%alone
try:
  %%pair = cmpxchg ptr @busy, i64 0, i64 1 seq_cst seq_cst
  %%mine = extractvalue { i64, i1 } %%pair, 1
  br i1 %%mine, label %%publish, label %%alone
alone:
  %%place = phi i64 [ 0, %%0 ], [ 0, %%try ], [ %%after, %%alone ]
  %%code = call i64 %%work(ptr %%frame, i64 %%place, i64 %%chunks)
  %%after = add i64 %%place, 1
  %%more = icmp slt i64 %%after, %%chunks
  br i1 %%more, label %%alone, label %%end
publish:
  store ptr %%work, ptr @work
  store ptr %%frame, ptr @frame
  store i64 %%chunks, ptr @chunks
  br label %%deal
deal:
  %%who = phi i64 [ 0, %%publish ], [ %%whose, %%deal ]
  %%low = phi i64 [ 0, %%publish ], [ %%high, %%deal ]
  %%whose = add i64 %%who, 1
  %%product = mul i64 %%chunks, %%whose
  %%above = add i64 %%product, %(last)d
  %%high = udiv i64 %%above, %(threads)d
  %%shifted = shl i64 %%high, 32
  %%both = or i64 %%shifted, %%low
  %%at = call ptr @range(i64 %%who)
  store atomic i64 %%both, ptr %%at release, align 8
  %%others = icmp ult i64 %%whose, %(threads)d
  br i1 %%others, label %%deal, label %%dealt
dealt:
  %%old = atomicrmw add ptr @generation, i64 1 seq_cst
  %%asleep = load atomic i64, ptr @sleepers seq_cst, align 8
  %%any = icmp sgt i64 %%asleep, 0
  br i1 %%any, label %%call, label %%join
call:
  call void @take()
  call void @wake()
  call void @give()
  br label %%join
join:
  call void @share(i64 0)
  br label %%wait
wait:
  %%turn = phi i64 [ 0, %%join ], [ %%turns, %%again ]
  %%inside = load atomic i64, ptr @active seq_cst, align 8
  %%none = icmp eq i64 %%inside, 0
  br i1 %%none, label %%done, label %%idle
idle:
  %%turns = add i64 %%turn, 1
  %%long = icmp sgt i64 %%turn, %(patience)d
  br i1 %%long, label %%yield, label %%spin
yield:
  call void @rest()
  br label %%again
spin:
  %(pause)s
  br label %%again
again:
  br label %%wait
done:
  store atomic i64 0, ptr @busy seq_cst, align 8
  br label %%end
end:
  ret i64 0
}
define void @theon_worker() {
  %%before = atomicrmw add ptr @workers, i64 1 seq_cst
  %%own = add i64 %%before, 1
  %%begin = load atomic i64, ptr @generation seq_cst, align 8
  br label %%loop
loop:
  %%seen = phi i64 [ %%begin, %%0 ], [ %%now, %%work ], [ %%seen, %%pause ], [ %%seen, %%woken ]
  %%spins = phi i64 [ 0, %%0 ], [ 0, %%work ], [ %%more, %%pause ], [ 0, %%woken ]
  %%stopped = load atomic i64, ptr @stop seq_cst, align 8
  %%stopping = icmp ne i64 %%stopped, 0
  br i1 %%stopping, label %%end, label %%look
look:
  %%now = load atomic i64, ptr @generation seq_cst, align 8
  %%new = icmp ne i64 %%now, %%seen
  br i1 %%new, label %%work, label %%idle
work:
  %%in = atomicrmw add ptr @active, i64 1 seq_cst
  call void @share(i64 %%own)
  %%out = atomicrmw sub ptr @active, i64 1 seq_cst
  br label %%loop
idle:
  %%more = add i64 %%spins, 1
  %%long = icmp sgt i64 %%spins, %(spins)d
  br i1 %%long, label %%bed, label %%stay
stay:
  %%turn = urem i64 %%more, %(patience)d
  %%share = icmp eq i64 %%turn, 0
  br i1 %%share, label %%let, label %%pause
let:
  call void @rest()
  br label %%pause
pause:
  %(pause)s
  br label %%loop
bed:
  call void @take()
  %%lying = atomicrmw add ptr @sleepers, i64 1 seq_cst
  br label %%check
check:
  %%fresh = load atomic i64, ptr @generation seq_cst, align 8
  %%same = icmp eq i64 %%fresh, %%seen
  %%halt = load atomic i64, ptr @stop seq_cst, align 8
  %%go = icmp eq i64 %%halt, 0
  %%both = and i1 %%same, %%go
  br i1 %%both, label %%sleep, label %%woken
sleep:
  call void @sleep()
  br label %%check
woken:
  %%up = atomicrmw sub ptr @sleepers, i64 1 seq_cst
  call void @give()
  br label %%loop
end:
  ret void
}
define void @theon_pool_stop() {
  store atomic i64 1, ptr @stop seq_cst, align 8
  call void @take()
  call void @wake()
  call void @give()
  ret void
}
"""
    ) % values


class _Pool:
    """The one pool of this process."""

    def __init__(self) -> None:
        from theon.codegen import jit

        names = ("theon_parallel", "theon_threads", "theon_worker", "theon_pool_start", "theon_pool_stop")
        # Quick code does: what a share of work costs is spent in the work, and every program of several threads waits for this.
        self.count = budget()
        self.module = jit.compile_module(_text(self.count), _windows_symbols(), names, effort="quick")
        self.threads = ctypes.c_int64.from_address(self.module.address("theon_threads"))
        self.workers: list[threading.Thread] = []
        self.begin()
        atexit.register(self.stop)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forked)

    def native(self, name: str) -> Callable[[], None]:
        """A function of the pool, called without the GIL."""
        made: Callable[[], None] = ctypes.CFUNCTYPE(None)(self.module.address(name))
        return made

    def begin(self) -> None:
        """Start the workers."""
        self.native("theon_pool_start")()
        for number in range(1, self.count):
            worker = threading.Thread(target=self.native("theon_worker"), name=f"theon-{number}", daemon=True)
            worker.start()
            self.workers.append(worker)
        self.threads.value = self.count

    def forked(self) -> None:
        """A child process has none of its parent's workers: it begins anew at its first use."""
        global _pool
        self.threads.value = 1
        self.workers.clear()
        atexit.unregister(self.stop)
        _kept.append(self)
        _pool = None

    def stop(self) -> None:
        """Let the workers return before the interpreter goes."""
        self.threads.value = 1
        self.native("theon_pool_stop")()
        for worker in self.workers:
            worker.join(1.0)


_pool: _Pool | None = None
_kept: list[_Pool] = []  # pools of parent processes, whose code may still be referred to


def _windows_symbols() -> dict[str, int]:
    if sys.platform != "win32":
        return {}
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    names = (
        "AcquireSRWLockExclusive",
        "ReleaseSRWLockExclusive",
        "SleepConditionVariableSRW",
        "WakeAllConditionVariable",
        "SwitchToThread",
    )
    return {name: int(ctypes.cast(getattr(kernel, name), ctypes.c_void_p).value or 0) for name in names}


def symbols() -> dict[str, int]:
    """Return the addresses that code with parallel kernels refers to, starting the pool at first use."""
    global _pool
    with target.LOCK:
        if _pool is None:
            _pool = _Pool()
        found: Any = _pool
    return {name: found.module.address(name) for name in ("theon_parallel", "theon_threads")}
