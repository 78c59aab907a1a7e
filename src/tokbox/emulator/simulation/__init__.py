"""What happens in sessions: clients, archives and other jobs, over time."""
