"""What `make bench` has the sandbox's children do."""

from collections.abc import Mapping

from agreements.canonical import JsonValue
from agreements.times import parse_utc
from onboarding.inspection import DOCUMENT
from signatures.judge import judge
from signatures.trust import Trust


def judge_alone(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Judge without the text of the pages, as it is measured in process. `arguments`: as `inspect` takes them."""
    assert isinstance(arguments, dict)
    trust, at = Trust.from_json(arguments["trust"]), parse_utc(str(arguments["at"]))
    return judge(files[DOCUMENT], trust=trust, at=at).model_dump(mode="json")
