"""Says whether a port computes what the original computes, and on what evidence."""

from cuport.judge.compare import Comparison, compare
from cuport.judge.judging import judge
from cuport.judge.settings import DEFAULT, VERSION, JudgeSettings
from cuport.judge.yardstick import Yardstick, yardstick

__all__ = ["DEFAULT", "VERSION", "Comparison", "JudgeSettings", "Yardstick", "compare", "judge", "yardstick"]
