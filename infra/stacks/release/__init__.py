"""The release pipeline, a module for each step."""

from stacks.release.release_of import ReleaseOf
from stacks.release.pipeline import ReleasePipeline

__all__ = ["ReleaseOf", "ReleasePipeline"]
