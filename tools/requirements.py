"""Print the requirements named in pyproject.toml, one a line: `requirements.py build dependencies test ...`.

The list has one home, pyproject.toml; pip alone cannot install a project's requirements without the project.
"""

import sys
from pathlib import Path


def read_pyproject():
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        from pip._vendor import tomli as tomllib
    return tomllib.loads(text)


def requirements(group, project):
    if group == "build":
        return project["build-system"]["requires"]
    if group == "dependencies":
        return project["project"]["dependencies"]
    return project["project"]["optional-dependencies"][group]


if __name__ == "__main__":
    pyproject = read_pyproject()
    for name in sys.argv[1:]:
        print("\n".join(requirements(name, pyproject)))
