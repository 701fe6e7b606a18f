"""What the customer does itself: a sentence for each task, on the summary and in the letter of the next step."""

from collections.abc import Callable

from agreements.language import Language
from agreements.summary import CustomerTask
from renderers.templates import words


def task_sentence(task: CustomerTask, language: Language, shown: Callable[[str], str]) -> str:
    """The sentence, with its values as `shown` makes them fit; a value that nobody has read yet stands in the
    agreement.
    """
    unread = "" if all(task.params.values()) else "_unread"
    params = {name: shown(value) for name, value in task.params.items()}
    return words(language)(f"summary.tasks.{task.key.value}{unread}", **params)
