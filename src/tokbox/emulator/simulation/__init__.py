"""The simulation of sessions: clients, archives and other jobs, over time."""
