"""A web service for video rooms, with Django, in one file.

Install the packages, start the emulator in one terminal and the service in another::

    pip install 'tokbox[cli,emulator]' django
    tokbox emulator
    export TOKBOX_API_URL=http://127.0.0.1:10865 TOKBOX_API_KEY=12345678
    export TOKBOX_SECRET=0123456789abcdef0123456789abcdef01234567
    python examples/django_app.py runserver

Then create a room: ``curl -X POST http://127.0.0.1:8000/rooms``. Without
``TOKBOX_API_URL`` it uses the service itself.

In a project of your own, the views below are in ``views.py`` and the paths in ``urls.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cache, wraps

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

import tokbox

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        DEBUG=False,
        ROOT_URLCONF=__name__,
    )

View = Callable[..., HttpResponse]


@cache
def client() -> tokbox.Tokbox:
    """Return the client of this process. It is safe to share between threads."""
    return tokbox.Tokbox.from_env()


def api(view: View) -> View:
    """Respond to errors of tokbox with the status that fits."""

    @csrf_exempt
    @wraps(view)
    def respond(request: HttpRequest, **names: str) -> HttpResponse:
        try:
            return view(request, **names)
        except tokbox.InvalidInputError as error:
            return JsonResponse({"detail": str(error)}, status=422)
        except (tokbox.NotFoundError, tokbox.ConflictError) as error:
            return JsonResponse({"detail": str(error)}, status=error.status)
        except tokbox.TokboxError as error:
            return JsonResponse({"detail": str(error)}, status=502)

    return respond


@api
@require_POST
def create_room(request: HttpRequest) -> HttpResponse:
    """Create a room; its ID is the ID of a routed session."""
    return JsonResponse({"id": client().new_session().session_id}, status=201)


@api
@require_POST
def join_room(request: HttpRequest, room: str) -> HttpResponse:
    """Sign the token with which a page joins the room, valid for two hours."""
    try:
        name = json.loads(request.body)["name"]
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"detail": "the body must be JSON with a name"}, status=422)
    session = client().session(room)
    token = session.token(connection_data=name, expiration=tokbox.HOURS_2)
    answer = {"project": client().project_id, "session": room, "token": token}
    return JsonResponse(answer, status=201)


@api
@require_http_methods(["GET", "POST"])
def archives(request: HttpRequest, room: str) -> HttpResponse:
    """List the recordings of a room; with POST, start one in a room that someone joined."""
    if request.method == "GET":
        return JsonResponse(client().archives.list(room).to_dict(secrets=False))
    archive = client().archives.start(room)
    return JsonResponse(archive.to_dict(secrets=False), status=201)


@api
@require_POST
def stop_archive(request: HttpRequest, archive_id: str) -> HttpResponse:
    """Stop a recording."""
    return JsonResponse(client().archives.stop(archive_id).to_dict(secrets=False))


@api
@require_GET
def get_archive(request: HttpRequest, archive_id: str) -> HttpResponse:
    """Return a recording."""
    return JsonResponse(client().archives.get(archive_id).to_dict(secrets=False))


urlpatterns = [
    path("rooms", create_room),
    path("rooms/<room>/tokens", join_room),
    path("rooms/<room>/archives", archives),
    path("archives/<archive_id>", get_archive),
    path("archives/<archive_id>/stop", stop_archive),
]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
