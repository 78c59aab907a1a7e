"""Talk to the service over HTTP.

Read :mod:`~tokbox.rest.client` first; a call goes from a resource
(:mod:`~tokbox.rest.archives` and the others that :mod:`~tokbox.rest.resources` names,
all of them a :class:`~tokbox.rest.resource.Resource`) through
:mod:`~tokbox.rest.requester` (retries, time limits, errors) and the seam in
:mod:`~tokbox.transport` into :mod:`~tokbox.transport.pool` (connections).
"""
