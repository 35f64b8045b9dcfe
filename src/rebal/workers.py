"""Many questions of one kind, answered in this process, by several, or on a Dask cluster: the same answers in order.

One seam over ``concurrent.futures``. Questions are taken in pieces and only so many pieces are under way at a time,
whatever their number: memory is flat. A worker that is killed changes nothing: its pieces are asked again, of others.
What is asked stands in a module, takes what is shared and one item, and depends on nothing else.
"""

import contextlib
import gc
import os
import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar, cast

from rebal import __version__
from rebal.errors import Unavailable

MOST_JOBS = 256
"""More processes than this answer nothing sooner."""

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

_TRIES = 3
_PIECES_A_WORKER = 3
_CONNECT_S = 10
_LOOK_S = 10.0
_MISS_S = 1.0
_OBJECTS_A_COLLECTION = 20_000


class Crew(Generic[Shared]):
    """Who answers; this one is the process itself. ``shared``: what every question may look at."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def each(
        self, function: Callable[[Shared, Item], Result], items: Iterable[Item], *, at_once: int = 8
    ) -> Iterator[Result]:
        """What the function makes of each item, in their order; what it raises is raised in its turn.

        ``at_once``: items a piece. Items are taken as they are needed. Raises Unavailable where workers are lost again
        and again, or none is left.
        """
        for item in items:
            yield function(self._shared, item)


@contextlib.contextmanager
def hired(shared: Shared, *, jobs: int = 1, cluster: str | None = None) -> Iterator[Crew[Shared]]:
    """A crew for as long as the block lasts: ``jobs`` processes, or the Dask scheduler at ``cluster``.

    None of its processes outlives the block, nor this process. Raises Unavailable where there is no cluster to be had.
    """
    if cluster is not None:
        with _connected(cluster, shared) as crew:
            yield crew
    elif jobs > 1:
        with _collecting(), contextlib.closing(_Processes(shared, jobs)) as processes:
            yield processes
    else:
        with _collecting():
            yield Crew(shared)


@contextlib.contextmanager
def _collecting() -> Iterator[None]:
    # A run of one question leaves its garbage behind; among many it would pile up.
    idle = not gc.isenabled()
    if idle:
        _collect()
    try:
        yield
    finally:
        if idle:
            gc.disable()


def _collect() -> None:
    """Collect from now on, but seldom: nearly all that a question makes goes with the last reference to it."""
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    gc.enable()


class _Lost(Exception):
    """The worker that had a piece is gone."""


class _Piece:
    """Some items, the future of their answers, and how often they were asked."""

    __slots__ = ("future", "items", "tries")

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items
        self.tries = 0
        self.future: Future[list[Any]] = Future()


class _Hands(Crew[Shared], ABC):
    """A crew of others: pieces go out, and come back in the order in which they went."""

    most = _PIECES_A_WORKER

    def each(
        self, function: Callable[[Shared, Item], Result], items: Iterable[Item], *, at_once: int = 8
    ) -> Iterator[Result]:
        """See the crew."""
        under_way: deque[_Piece] = deque()
        left = iter(items)
        while taken := list(islice(left, at_once)):
            under_way.append(_Piece(taken))
            self._ask(function, under_way[-1])
            if len(under_way) >= self.most:
                yield from self._answers(function, under_way)
        while under_way:
            yield from self._answers(function, under_way)

    def _answers(self, function: Callable[..., Result], under_way: deque[_Piece]) -> list[Result]:
        """The answers of the first piece, which is no longer under way."""
        first = under_way[0]
        while True:
            try:
                answers = self._waited(first.future)
            except _Lost:
                self._replace()
                for piece in under_way:
                    if self._is_lost(piece.future):
                        self._ask(function, piece)
            else:
                under_way.popleft()
                return answers

    def _ask(self, function: Callable[..., Result], piece: _Piece) -> None:
        if piece.tries == _TRIES:
            raise Unavailable(f"workers were lost {_TRIES} times over the same questions; is there memory enough?")
        piece.tries += 1
        piece.future = self._submitted(function, piece.items)

    @abstractmethod
    def _submitted(self, function: Callable[..., Any], items: Sequence[Any]) -> "Future[list[Any]]":
        """Hand a piece to a worker."""

    @abstractmethod
    def _waited(self, future: "Future[list[Any]]") -> list[Any]:
        """Wait for a piece. Raises _Lost."""

    @abstractmethod
    def _is_lost(self, future: "Future[list[Any]]") -> bool:
        """Whether a piece will never come back."""

    def _replace(self) -> None:
        """Have workers again where some are gone."""


class _Processes(_Hands[Shared]):
    """Processes of this machine."""

    def __init__(self, shared: Shared, jobs: int) -> None:
        from multiprocessing import active_children

        super().__init__(shared)
        self._jobs = jobs
        self.most = _PIECES_A_WORKER * jobs
        self._pool: Executor | None = None
        self._others = frozenset(process.pid for process in active_children())
        self._seen: frozenset[int] = frozenset()

    def _submitted(self, function: Callable[..., Any], items: Sequence[Any]) -> "Future[list[Any]]":
        try:
            return self._start().submit(_of_processes, function, items)
        except BrokenExecutor as error:
            lost: Future[list[Any]] = Future()
            lost.set_exception(error)
            return lost

    def _start(self) -> Executor:
        if self._pool is not None:
            return self._pool
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        # A fork has the modules and what is shared already; elsewhere than on Linux it is not safe.
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
        self._pool = ProcessPoolExecutor(self._jobs, context, initializer=_begin, initargs=(self._shared,))
        with _no_interrupts():
            self._pool.submit(_nothing)
        self._seen = self._alive()
        return self._pool

    def _waited(self, future: "Future[list[Any]]") -> list[Any]:
        # One that dies with an answer half told is not missed by the pool, which waits for the other half for ever.
        while not wait([future], timeout=_MISS_S).done:
            if self._somebody_is_gone():
                raise _Lost
        try:
            return future.result()
        except BrokenExecutor:
            raise _Lost from None

    def _somebody_is_gone(self) -> bool:
        alive = self._alive()
        self._seen |= alive
        return alive != self._seen

    def _alive(self) -> frozenset[int]:
        return frozenset(process.pid for process in self._hired())

    def _is_lost(self, future: "Future[list[Any]]") -> bool:
        return future.cancelled() or (future.done() and isinstance(future.exception(), BrokenExecutor))

    def _replace(self) -> None:
        self.close()

    def close(self) -> None:
        """Send every process home, whatever it is at."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        from multiprocessing import connection

        hired = list(self._hired())
        for process in hired:
            process.terminate()
        left = [process.sentinel for process in hired]
        while left:
            left = [each for each in left if each not in connection.wait(left)]
        _end_of_answers(pool)
        pool.shutdown(wait=True, cancel_futures=True)

    def _hired(self) -> Iterator[Any]:
        from multiprocessing import active_children

        return (process for process in active_children() if process.pid not in self._others)


def _end_of_answers(pool: Executor) -> None:
    """Let nobody wait for the rest of an answer: with this, the last that could write it is gone.

    The pool keeps a writing end of its own, which it never uses; while that is open there is no end to read.
    """
    cast(Any, pool)._result_queue._writer.close()


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    # What is forked in here never sees Ctrl-C, which a terminal sends to all of us; this process sees it afterwards.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_begun: dict[str, Any] = {}


def _begin(shared: object) -> None:
    """Begin a process: it leaves with the one that hired it, and leaves Ctrl-C to that."""
    _begun["shared"] = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _collect()


def _leave_with_parent() -> None:
    from multiprocessing import connection, parent_process

    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _nothing() -> None:
    """Answer nothing; asked so that the processes start."""


def _of_processes(function: Callable[..., Any], items: Sequence[Any]) -> list[Any]:
    return [function(_begun["shared"], item) for item in items]


@contextlib.contextmanager
def _connected(address: str, shared: Shared) -> Iterator["_Cluster[Shared]"]:
    try:
        from distributed import Client
    except ImportError:
        raise Unavailable("a cluster needs Dask's distributed: pip install 'rebal[cluster]'") from None
    with _unlogged():
        yield from _crewed(address, shared, cast(Any, Client))


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    # What Dask would log of lost workers on stderr is none of our user's business, or told here in one line.
    import logging

    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def _crewed(address: str, shared: Shared, connect: Any) -> Iterator["_Cluster[Shared]"]:
    try:
        client = connect(address, timeout=_CONNECT_S, set_as_default=False, name="rebal")
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable(f"cluster {address}: no scheduler answers ({_reason(error)})") from None
    try:
        yield _Cluster(shared, client, address)
    finally:
        with contextlib.suppress(OSError, RuntimeError):
            client.close(timeout=_CONNECT_S)


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


class _Cluster(_Hands[Shared]):
    """The workers of a Dask scheduler, which asks again itself what a lost worker had."""

    def __init__(self, shared: Shared, client: Any, address: str) -> None:
        super().__init__(shared)
        self._client = client
        self._address = address
        try:
            client.wait_for_workers(1, timeout=_CONNECT_S)
        except TimeoutError:
            raise Unavailable(f"cluster {address}: the scheduler has no workers") from None
        self.most = max(_PIECES_A_WORKER * sum(self._threads().values()), 8)
        self._pool = client.get_executor(pure=False)
        # Made by a task, not scattered: what was scattered is gone with the worker that has it.
        self._given = client.submit(partial(_given, shared), pure=False)

    def _submitted(self, function: Callable[..., Any], items: Sequence[Any]) -> "Future[list[Any]]":
        future: Future[list[Any]] = self._pool.submit(partial(_of_cluster, function, items, __version__), self._given)
        return future

    def _waited(self, future: "Future[list[Any]]") -> list[Any]:
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        while not wait([future], timeout=_LOOK_S).done:
            if not self._threads():
                raise Unavailable(f"cluster {self._address}: its workers have all gone")
        try:
            return future.result()
        except KilledWorker:
            raise _Lost from None
        except (CancelledError, CommClosedError) as error:
            raise self._forsaken(error) from None
        except ModuleNotFoundError as error:
            raise Unavailable(f"cluster {self._address}: a worker has no {error.name}; install rebal there") from None

    def _threads(self) -> Mapping[str, int]:
        try:
            found: Mapping[str, int] = self._client.nthreads()
        except OSError as error:
            raise self._forsaken(error) from None
        return found

    def _forsaken(self, error: Exception) -> Unavailable:
        return Unavailable(f"cluster {self._address}: the scheduler has gone ({_reason(error)})")

    def _is_lost(self, future: "Future[list[Any]]") -> bool:
        from distributed import KilledWorker

        return future.done() and not future.cancelled() and isinstance(future.exception(), KilledWorker)


def _given(shared: Shared) -> Shared:
    return shared


def _of_cluster(function: Callable[..., Any], items: Sequence[Any], version: str, shared: object) -> list[Any]:
    if version != __version__:
        raise Unavailable(f"a worker of the cluster has rebal {__version__}, and this is {version}; install the same")
    return [function(shared, item) for item in items]
