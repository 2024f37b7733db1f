"""`python -m checks`: retired words in identifiers, and limits of size. Part of `make check`."""

import sys
from pathlib import Path

from checks.sizes import violations_of_size
from checks.sources import product_files, test_files
from checks.words import violations_of_words

REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> int:
    """Prints all violations; 1 if there are any."""
    product, tests = product_files(REPOSITORY), test_files(REPOSITORY)
    found = [*violations_of_words(product), *violations_of_size(product, tests)]
    for violation in found:
        print(violation.removeprefix(f"{REPOSITORY}/"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
