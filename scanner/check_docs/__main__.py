"""`make docs`: writes the pages of all checks, the index that `pindai checks` reads, and the table in other documents.

    python -m scanner.check_docs docs/checks README.md README.id.md

Nothing is written that is as it should be already; pages of checks that are gone are removed.
"""

import sys
from pathlib import Path

from scanner.check_docs import index
from scanner.check_docs.markdown import files, with_table


def write(folder: Path, *documents: Path) -> list[Path]:
    """Bring the pages below `folder`, the index, and the table of checks in these documents up to date.

    What had to be written or removed is returned. A document named `*.id.md` is Indonesian. Raises ValueError for one without
    a place for the table.
    """
    pages = index.made()
    wanted = {folder / path: text.encode() for path, text in files(pages).items()}
    tables: dict[Path, bytes] = {}
    for document in documents:
        language = "id" if document.suffixes[:-1] == [".id"] else "en"
        place = folder.relative_to(document.parent).as_posix()
        tables[document] = with_table(document.read_text("utf-8"), pages, language, place).encode()
    changed = [path for path in folder.rglob("*.md") if path not in wanted]
    for path in changed:
        path.unlink()
    for path, content in {**wanted, **tables, index.FILE: index.encoded(pages)}.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            changed.append(path)
    return changed


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit("usage: python -m scanner.check_docs FOLDER [DOCUMENT ...]")
    sys.stdout.writelines(f"{path}\n" for path in write(*map(Path, sys.argv[1:])))
