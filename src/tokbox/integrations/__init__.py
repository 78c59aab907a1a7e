"""Sign where the data are: on engines that spread their rows over many processes.

`tokbox.integrations.job` says what is to be signed and signs a batch; `ray` and `spark`
hand it to their engines.
"""

from __future__ import annotations

from tokbox.integrations.job import BatchSigner, ColumnName, SigningJob, col
from tokbox.integrations.keyref import KeyRef

__all__ = ["BatchSigner", "ColumnName", "KeyRef", "SigningJob", "col"]
