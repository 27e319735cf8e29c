"""What is in the files: fields, ids and task, recognised by rules that are a table of data."""

from vlmeval_cli.detection.recognition import detect
from vlmeval_cli.detection.rules import TASKS, WITHOUT_REFERENCES
from vlmeval_cli.detection.sides import Detected, Side
from vlmeval_cli.detection.tasks import TaskFound

__all__ = ["TASKS", "WITHOUT_REFERENCES", "Detected", "Side", "TaskFound", "detect"]
