"""Debian's Chromium, headless, with a profile of its own, as tests of pages start it.

Where it is not installed, or Playwright is not, the tests of pages are skipped, and the last lines of the run say so:
``apt-get install chromium`` brings it, ``.ci/run`` does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
NO_BROWSER = "no browser to open pages in"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing() -> str | None:
    """What there is not, None where pages can be opened."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return f"{NO_BROWSER}: Playwright is not installed"
    return None if CHROMIUM.exists() else f"{NO_BROWSER}: {CHROMIUM} is not installed"


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser for many pages; each context of it is a fresh one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
