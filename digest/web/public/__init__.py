"""The public pages: subscribe, confirm, leave, choose, read. Any ASGI server carries them.

app = public.app(config)                                          # for uvicorn, hypercorn, a Mount
app = public.app(config, database, now=clock, confirm=send)       # inside a program that has these
"""

from digest.web.public.app import app

__all__ = ["app"]
