"""The release, for the scripts in Python: as CMakeLists.txt has it."""

import pathlib
import re


def version():
    """Returns the release, such as "0.1.0"."""
    lists = pathlib.Path(__file__).resolve().parent.parent / "CMakeLists.txt"
    return re.search(r"^project\(sogoc VERSION ([0-9.]+)", lists.read_text(),
                     re.MULTILINE).group(1)
