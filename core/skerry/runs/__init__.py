"""The runs of a workspace, all of them: their folders are the truth, and an index in a database finds them."""

from skerry.runs.records import RunRecords

__all__ = ["RunRecords"]
