"""Sign tokens on Ray, Spark and other engines that process tables in parallel.

`tokbox.integrations.job` defines a job and signs its batches. `ray` and `spark` run a job
on these engines.
"""

from __future__ import annotations

from tokbox.integrations.job import BatchSigner, ColumnName, SigningJob, col
from tokbox.integrations.keyref import KeyRef

__all__ = ["BatchSigner", "ColumnName", "KeyRef", "SigningJob", "col"]
