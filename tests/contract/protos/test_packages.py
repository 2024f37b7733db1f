"""What holds for the contracts of every package: names in other languages, and who imports whom."""

from pathlib import Path

import pytest

from api_reference.contract import parse_files

PROTOS = Path(__file__).parents[3] / "protos"
FILES = {file.name: file for file in parse_files(PROTOS, "maskline", [PROTOS / "third_party"])}
# Besides itself and packages of Google. Client programs get the first without the others.
IMPORTS = {
    "maskline.conversation.v1": set[str](),
    "maskline.admin.v1": {"maskline.conversation.v1"},
    "maskline.ingest.v1": {"maskline.conversation.v1"},
    "maskline.messaging.v1": set[str](),
}


def test_every_package_is_one_of_these() -> None:
    assert {file.package for file in FILES.values()} == set(IMPORTS)


@pytest.mark.parametrize("name", FILES)
def test_every_file_names_its_package_in_other_languages(name: str) -> None:
    """Adding such an option later breaks clients."""
    file = FILES[name]
    product, audience, version = file.package.split(".")
    expected = {
        "go_package": f"{product}/{audience}/{version};{audience}{version}",
        "java_package": file.package,
        "java_multiple_files": True,
        "csharp_namespace": f"{product.title()}.{audience.title()}.{version.title()}",
    }
    assert {option.name: value for option, value in file.options.ListFields()} == expected


@pytest.mark.parametrize("name", FILES)
def test_every_file_imports_only_what_its_package_may(name: str) -> None:
    file = FILES[name]
    imported = {FILES[path].package for path in file.dependency if path in FILES}
    assert imported <= {file.package, *IMPORTS[file.package]}
    others = [path for path in file.dependency if path not in FILES]
    assert all(path.startswith("google/") for path in others)
