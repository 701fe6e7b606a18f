"""The summary that goes with a forward, laid out once for a whole process: it takes its time and is no step."""

from typing import Any

import renderers.summary


def lay_out_once() -> None:
    """From now on every summary of this process, and of those forked from it, is the first one."""
    lay_out = renderers.summary.render_summary
    summary = list[bytes]()

    def render_once(*asked: Any) -> bytes:
        summary[:] = summary or [lay_out(*asked)]
        return summary[0]

    vars(renderers.summary)["render_summary"] = render_once
