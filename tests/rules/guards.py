"""The guards of DESIGN §5's rules."""

from rules import content, sending
from rules.guard import Guard

GUARDS: tuple[Guard, ...] = (*sending.GUARDS, *content.GUARDS)
