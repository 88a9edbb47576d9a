"""The numpy test target under the filter of a build, which leaves starting processes to the port."""

from numpy_worker import build, call, load, prepare

STARTS_PROCESSES = ("execute", "build")
__all__ = ["STARTS_PROCESSES", "build", "call", "load", "prepare"]
