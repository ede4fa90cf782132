"""What is wrong with a file, and what of it is not taken over, collected while it is read."""

from dataclasses import dataclass, field

from operations.transfer.plan import Note

# Enough to correct a file by; a file of nothing but mistakes must not make a page of megabytes.
MOST = 200


@dataclass(slots=True)
class Report:
    """errors: path -> sentences; one is enough to refuse the file."""

    errors: dict[str, list[str]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def error(self, path: str, sentence: str) -> None:
        if len(self.errors) < MOST or path in self.errors:
            self.errors.setdefault(path[:200], []).append(sentence)

    def note(self, path: str, sentence: str) -> None:
        if len(self.notes) < MOST:
            self.notes.append(Note(path[:200], sentence))
