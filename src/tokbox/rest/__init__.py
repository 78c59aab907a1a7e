"""Talk to the service over HTTP.

Read :mod:`~tokbox.rest.client` first. A call goes from a resource
(:mod:`~tokbox.rest.resources.archives` and its siblings, all of them a
:class:`~tokbox.rest.resources.base.Resource`) through :mod:`~tokbox.rest.http.requester`
(retries, time limits, errors) and the protocol in :mod:`~tokbox.transport` to
:mod:`~tokbox.transport.urllib3_transport` (connections).
"""
