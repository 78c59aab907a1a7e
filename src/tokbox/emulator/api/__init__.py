"""Request handlers of the service's API, one module for each kind of resource."""
