"""``python -m rebal``: the same program as the console script."""

from rebal.cli import main

if __name__ == "__main__":
    main()
