"""`python -m featray` is the `featray` command."""

from featray.cli.app import run

if __name__ == "__main__":
    run()
