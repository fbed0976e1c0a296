"""``python -m prelabel``, and the console script."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from prelabel.cli.loading import start_quickly  # noqa: PLC0415 - importing the package must stay free

    start_quickly()
    from functools import partial  # noqa: PLC0415

    from prelabel.cli.app import app  # noqa: PLC0415
    from prelabel.cli.console import run  # noqa: PLC0415

    run(partial(app, prog_name="prelabel"))  # as shells complete it, also where it was called as a module


if __name__ == "__main__":
    main()
