"""`python -m featray` is the `featray` command."""

from featray.cli.app import main

if __name__ == "__main__":
    main()
