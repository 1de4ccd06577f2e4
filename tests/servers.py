"""The real programs that tests and benchmarks start: skipped with a reason where they are not installed, which in CI nothing is."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest


def absent(what: str, packages: str) -> NoReturn:
    """Skip the test: something that Debian's `packages` bring is not installed. In CI the test fails."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed; .ci/run installs it")
    pytest.skip(f"{what} is not installed (Debian: apt-get install {packages})")


def program(name: str, package: str) -> str:
    """The path of a program; skips where it is not installed."""
    return shutil.which(name) or absent(name, package)


@contextmanager
def chromium(*arguments: str) -> Iterator[Any]:
    """A headless Chromium driven by Selenium, whose console is kept."""
    found, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not found or not driver:
        absent("Chromium", "chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", *arguments):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def wait(browser: Any, what: Callable[[Any], Any], seconds: float = 15) -> Any:
    """What `what(browser)` gives once it is true; TimeoutException after `seconds`.

    An element may belong to the page that is just being left when its text is asked for: then it is looked for anew.
    """
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    waiting = WebDriverWait(browser, seconds, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException])
    return waiting.until(what)


def postgres_bin() -> Path | None:
    """The folder of PostgreSQL's own programs: on Debian not on PATH."""
    found = shutil.which("postgres")
    if found:
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return installed[-1].parent if installed else None


@contextmanager
def postgresql(*settings: str) -> Iterator[str]:
    """The address of a PostgreSQL of our own, on a socket in a temporary folder; `settings` are such as `fsync=off`."""
    programs = postgres_bin()
    if programs is None:
        absent("PostgreSQL's server", "postgresql")
    folder = Path(tempfile.mkdtemp(prefix="xy-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def run(name: str, *arguments: str | Path) -> None:
        command = [*as_user, programs / name, "-D", folder / "data", *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    run("initdb", "-U", "xiangyin", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    options = ("listen_addresses=''", f"unix_socket_directories={folder}", *settings)
    run("pg_ctl", "-w", "-l", folder / "log", "-o", " ".join(f"-c {option}" for option in options), "start")
    try:
        yield f"postgresql+psycopg://xiangyin@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
