"""What was changed and is not saved yet: in this process alone, by choice."""

from dataclasses import dataclass, replace

from digest.errors import UsageError
from digest.model import Edit
from digest.web.preview import acts
from digest.web.preview.acts import Material
from digest.web.preview.shown import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staged:
    """An edit and what it was made from."""

    edit: Edit
    name: str  # of the issue
    number: int | None  # of the edit that was saved then; None: whatever it is when it is looked at next


class Editor:
    """The editor's changes until they are saved or discarded."""

    def __init__(self) -> None:
        self._staged: dict[str, _Staged] = {}

    def edit(self, key: str, found: Material) -> Edit:
        """The edit to show: the one on the desk, else the one that was saved.

        Changes of a next issue that was made meanwhile go with it: they lie on the desk of the frozen one.
        """
        staged = self._staged.get(key)
        if staged and staged.name != found.name:
            del self._staged[key]
            self._staged.setdefault(staged.name, replace(staged, number=None))
            staged = None
        if staged and staged.number is None:
            self._staged[key] = replace(staged, number=found.saved.number)
        return staged.edit if staged else found.saved.edit

    def act(self, key: str, found: Material, act: Act) -> str:
        """Does that on the desk; what to say. UsageError where it cannot be done."""
        if act.do == "discard":
            self.forget(key)
            return "Your changes are discarded."
        before = self.edit(key, found)
        edit, said = acts.done(act, found, before)
        staged = self._staged.get(key)
        number = staged.number if staged else found.saved.number
        if edit == found.saved.edit and number == found.saved.number:
            self.forget(key)
        else:
            self._staged[key] = _Staged(edit=edit, name=found.name, number=number)
        return said

    def check(self, key: str, found: Material) -> None:
        """UsageError where somebody else has saved since these changes were begun."""
        staged = self._staged.get(key)
        if staged and staged.number != found.saved.number:
            raise UsageError("Somebody else has saved an edit meanwhile: discard yours to see it.")

    def lying(self, key: str) -> Edit:
        """What lies on the desk of that choice; an edit that changes nothing where it is clear."""
        staged = self._staged.get(key)
        return staged.edit if staged else Edit()

    def names(self) -> tuple[str, ...]:
        """The issues whose changes are not saved."""
        return tuple(staged.name for staged in self._staged.values())

    def forget(self, key: str) -> None:
        """Clears the desk of that choice."""
        self._staged.pop(key, None)
