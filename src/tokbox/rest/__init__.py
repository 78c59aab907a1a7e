"""The HTTP client of the service.

Read :mod:`~tokbox.rest.client` first. A call starts in a resource, such as
:mod:`~tokbox.rest.resources.archives` (a subclass of
:class:`~tokbox.rest.resources.base.Resource`). :mod:`~tokbox.rest.http.requester` applies
retries, time limits and errors. It uses the protocol in :mod:`~tokbox.transport`, which
:mod:`~tokbox.transport.urllib3_transport` implements with pooled connections.
"""
