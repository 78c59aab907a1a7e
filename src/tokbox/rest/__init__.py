"""Talk to the service: sessions and archives over HTTP.

Read :mod:`~tokbox.rest.client` first; a call goes from a resource
(:mod:`~tokbox.rest.sessions`, :mod:`~tokbox.rest.archives`) through
:mod:`~tokbox.rest.requester` (retries, deadline, errors) and the seam in
:mod:`~tokbox.rest.transport` into :mod:`~tokbox.rest.pool` (connections).
"""
