"""The check of sizes."""

from pathlib import Path

from checks.sizes import violations_of_functions, violations_of_size


def function(name: str, lines: int) -> str:
    return f"@decorated\ndef {name}():\n" + "    call()\n" * (lines - 1)


def test_functions_and_constructors_have_limits() -> None:
    path = Path("module.py")
    for name, limit in (("call", 45), ("__init__", 20)):
        assert list(violations_of_functions(path, function(name, limit))) == []
        [violation] = violations_of_functions(path, function(name, limit + 1))
        assert violation == f"module.py:2: {name}: {limit + 1} lines, at most {limit}"


def test_files_and_folders_have_limits_and_tests_may_have_long_functions(tmp_path: Path) -> None:
    modules = [tmp_path / f"module_{number}.py" for number in range(13)]
    for module in modules:
        module.write_text("")
    modules[0].write_text("x = 1\n" * 301)
    modules[1].write_text(function("call", 100))
    assert list(violations_of_size([], modules)) == [
        f"{modules[0]}: 301 lines, at most 300",
        f"{tmp_path}: 13 modules, at most 12",
    ]
    modules[0].rename(tmp_path / "__init__.py")
    modules[0] = tmp_path / "__init__.py"
    modules[0].write_text("")
    assert list(violations_of_size([], modules)) == []
