"""The issue in the browser before it leaves: what each client will show, what preflight says, what it weighs.

`app(source)` is the Starlette application, `serve.until_stopped` runs it until Ctrl-C. What is shown comes from a
`PreviewSource`, so that the pages know neither feeds nor database. Nothing here sends anything by itself.
"""

from digest.web.preview.app import app
from digest.web.preview.shown import Act, Choice, ChoiceKind, Desk, Look, Looks, PreviewSource, Reader, Shown, Trouble

__all__ = ["Act", "Choice", "ChoiceKind", "Desk", "Look", "Looks", "PreviewSource", "Reader", "Shown", "Trouble", "app"]
