"""Keys for an account: out of the environment, or a file that it names; never out of a portfolio or a command line.

No message here repeats a line of the file or a value: what is wrong is said by names alone.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping

from rebal.errors import UsageProblem

FILE = "REBAL_KEYS"
_LONGEST = 100_000
_NEED_PASSWORD = frozenset({"okx", "kucoin", "weex"})

Environment = Callable[[str], str | None]


class Keys:
    """What signs the questions about an account. Never printed: its text says only that it is there."""

    __slots__ = ("key", "password", "secret")

    def __init__(self, key: str, secret: str, password: str | None = None) -> None:
        self.key = key
        self.secret = secret
        self.password = password

    def __repr__(self) -> str:
        return "Keys(...)"


def keys(venue: str, environment: Environment, *, owner: str | None = None) -> Keys:
    """The keys of a venue: ``REBAL_<VENUE>_KEY``, ``_SECRET`` and, where there is one, ``_PASSWORD``.

    ``owner``: the account whose name stands in the place of the venue's, where several are there. What the environment
    does not have is looked up in the file that ``REBAL_KEYS`` names. Raises UsageProblem where something is missing,
    or others may read the file.
    """
    names, found = _names(owner or venue), _found(owner or venue, environment)
    needed = ("KEY", "SECRET", *(("PASSWORD",) if venue in _NEED_PASSWORD else ()))
    missing = [names[part] for part in needed if not found[part]]
    if missing:
        are = "are" if len(missing) > 1 else "is"
        raise UsageProblem(
            f"{owner or venue}: {' and '.join(missing)} {are} not set; put a key that can only read into the "
            f"environment, or into a file of your own alone that {FILE} names"
        )
    return Keys(found["KEY"] or "", found["SECRET"] or "", found["PASSWORD"] or None)


def keys_if_any(venue: str, environment: Environment) -> Keys | None:
    """The same, None where nothing is said of the venue. Raises UsageProblem where only a part is."""
    return keys(venue, environment) if any(_found(venue, environment).values()) else None


def spelled(owner: str) -> str:
    """A venue or an account as the names of its keys spell it, which hold capitals, digits and underscores alone.

    >>> spelled("bybit"), spelled("cold-2.main")
    ('BYBIT', 'COLD_2_MAIN')
    """
    return re.sub("[^A-Z0-9]", "_", owner.upper())


def _names(owner: str) -> dict[str, str]:
    return {part: f"REBAL_{spelled(owner)}_{part}" for part in ("KEY", "SECRET", "PASSWORD")}


def _found(owner: str, environment: Environment) -> dict[str, str | None]:
    names = _names(owner)
    found = {part: environment(name) for part, name in names.items()}
    path = environment(FILE)
    if path and not all(found.values()):
        kept = _kept(path)
        found = {part: found[part] or kept.get(name) for part, name in names.items()}
    return found


def _kept(path: str) -> Mapping[str, str]:
    """Names and values of a file, ``NAME=VALUE`` a line."""
    text = _text(path)
    pairs: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, sign, value = line.removeprefix("export ").partition("=")
        if not sign or not name.strip().startswith("REBAL_"):
            raise UsageProblem(f"{FILE}: line {number} of {path} is not NAME=VALUE with a name as REBAL_BYBIT_KEY")
        if name.strip() in pairs:
            raise UsageProblem(f"{FILE}: {name.strip()} stands twice in {path}")
        pairs[name.strip()] = value.strip().strip("\"'")
    return pairs


def _text(path: str) -> str:
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise UsageProblem(f"{FILE}: {path}: {error.strerror}") from None
    try:
        _refuse_others(path, os.fstat(file))
        return os.read(file, _LONGEST).decode()
    except UnicodeDecodeError:
        raise UsageProblem(f"{FILE}: {path} is no text") from None
    finally:
        os.close(file)


def _refuse_others(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST:
        raise UsageProblem(f"{FILE}: {path} is no file of keys")
    if not hasattr(os, "geteuid"):
        return  # on Windows modes do not say who may read: what others may is the folder's to say
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageProblem(f"{FILE}: others may read {path}, or write it; chmod 600 it, and make new keys")
    if found.st_uid not in (os.geteuid(), 0):
        raise UsageProblem(f"{FILE}: {path} is not yours")
