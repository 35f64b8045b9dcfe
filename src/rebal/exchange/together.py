"""Several questions at once, and one deadline for all of them."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from rebal.errors import Unavailable
from rebal.exchange.deadline import Deadline

_Answer = TypeVar("_Answer")


def together(
    questions: Sequence[Callable[[], _Answer]],
    deadline: Deadline,
    *,
    failed: Callable[[Unavailable], _Answer] | None = None,
) -> list[_Answer]:
    """The answers in the order of the questions, each asked in a thread of its own.

    ``failed``: the answer that stands for one that could not be had; without it the first failure is raised. Nothing is
    waited for past the deadline, which a question may begin anew: a thread that hangs in a name server or a trickle is
    left, and ends with the run.
    """
    done: queue.SimpleQueue[tuple[int, _Answer | BaseException]] = queue.SimpleQueue()
    for n, question in enumerate(questions):
        threading.Thread(target=_answer, args=(n, question, done), daemon=True).start()
    answers: dict[int, _Answer] = {}
    while len(answers) < len(questions):
        try:
            n, answer = done.get(timeout=deadline.left() + _GRACE)
        except queue.Empty:
            if deadline.left():
                continue
            late = Unavailable(f"no answer within {deadline.allowed:g} s")
            if failed is None:
                raise late from None
            return [answers[n] if n in answers else failed(late) for n in range(len(questions))]
        answers[n] = _settled(answer, failed)
    return [answers[n] for n in range(len(questions))]


_GRACE = 0.5
"""Seconds past the deadline in which a thread may still say why it failed."""


def _answer(
    n: int, question: Callable[[], _Answer], done: "queue.SimpleQueue[tuple[int, _Answer | BaseException]]"
) -> None:
    try:
        done.put((n, question()))
    except BaseException as error:
        done.put((n, error))


def _settled(answer: "_Answer | BaseException", failed: Callable[[Unavailable], _Answer] | None) -> _Answer:
    if isinstance(answer, Unavailable) and failed is not None:
        return failed(answer)
    if isinstance(answer, BaseException):
        raise answer
    return answer
