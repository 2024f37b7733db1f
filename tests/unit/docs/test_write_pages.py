"""`make docs` writes the generated pages, and `--check` notices every difference."""

import re
import sys
from pathlib import Path

import pytest
import write_pages
from unit.docs.pages import DOCS, anchors_of


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all pages as they should be."""
    monkeypatch.setattr(write_pages, "HERE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["write_pages.py"])
    write_pages.main()
    monkeypatch.setattr(sys, "argv", ["write_pages.py", "--check"])
    write_pages.main()
    return tmp_path


def pages(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*.md")]


def test_a_changed_a_missing_and_a_stray_page_fail_the_check(written: Path) -> None:
    assert {"settings.md", "pools.md", "api/conversation.md"} <= {*pages(written)}
    (written / "settings.md").write_text("changed")
    (written / "api/conversation.md").unlink()
    (written / "api/stray.md").write_text("of a package that is gone")
    with pytest.raises(SystemExit) as ended:
        write_pages.main()
    message = (
        "out of date in docs/: api/conversation.md, api/stray.md, settings.md; run `make docs`"
    )
    assert ended.value.code == message


def test_a_page_of_a_package_that_is_gone_is_removed(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (written / "api/stray.md").write_text("of a package that is gone")
    monkeypatch.setattr(sys, "argv", ["write_pages.py"])
    write_pages.main()
    assert "api/stray.md" not in pages(written)


def test_packages_of_our_own_services_have_no_page(written: Path) -> None:
    assert {"api/ingest.md", "api/messaging.md"}.isdisjoint(pages(written))


def test_every_link_of_the_reference_leads_to_one_place(written: Path) -> None:
    texts = {path.name: path.read_text() for path in (written / "api").iterdir()}
    anchors = {name: anchors_of(text) for name, text in texts.items()}
    for name, text in texts.items():
        for page, anchor in re.findall(r"\]\((\w+\.md)?#([^)]+)\)", text):
            assert anchors[page or name].count(anchor) == 1, anchor


def test_the_introduction_names_every_service_of_the_reference_and_links_to_it(
    written: Path,
) -> None:
    introduction = (DOCS / "api.md").read_text()
    links = set(re.findall(r"\]\((api/\w+\.md#\w+)\)", introduction))
    services = {
        f"api/{path.name}#{service.lower()}"
        for path in (written / "api").iterdir()
        for service in re.findall(r"^## (\w+Service)$", path.read_text(), re.MULTILINE)
    }
    assert services <= links
    for link in links:
        page, _, anchor = link.partition("#")
        assert anchor in anchors_of((written / page).read_text()), link
