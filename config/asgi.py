"""The composition root: HTTP goes to Django, ``/ws/`` to the sockets."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Only after Django is set up can modules that use its models be imported.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from config.handler import Handler  # noqa: E402
from config.routing import websocket_urlpatterns  # noqa: E402

django_application = Handler()
application = ProtocolTypeRouter({"http": django_application, "websocket": URLRouter(websocket_urlpatterns)})
