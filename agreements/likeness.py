"""How the pages of a document that was written anew compare with those that were issued.

Defined here because two rooms must agree on it: `intake/reading` sees the pages, `signatures` knows which areas of them
belong to a signing service. Nothing here is a judgement. Rectangles are left, bottom, right, top, in points from the
lower left corner of the returned page's visible area; pages count from 1.
"""

from pydantic import BaseModel, ConfigDict

Rectangle = tuple[float, float, float, float]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Added(_Value):
    """Something that is seen on a returned page and not on the issued one."""

    page: int
    """Of the returned document."""
    rectangle: Rectangle
    text: str = ""
    """One line of text; empty where it is a picture, a line or another drawing."""


class Lost(_Value):
    """Something that was issued and is not seen, or not in its place."""

    page: int
    """Of the issued document."""
    text: str = ""
    """The line of text it belongs to; empty where it is a drawing, or text that was covered."""


class OtherPage(_Value):
    """A returned page that is none of the issued ones."""

    page: int
    text: str


class PagePair(_Value):
    """An issued page, and the returned page that it became."""

    issued: int
    returned: int


class Likeness(_Value):
    """Everything by which a document differs, to be seen, from the one that was issued."""

    pairs: tuple[PagePair, ...] = ()
    """The issued pages that were found, in the order of the issued document."""
    others: tuple[OtherPage, ...] = ()
    lost: tuple[Lost, ...] = ()
    """A page that was not found is one entry with its first line."""
    added: tuple[Added, ...] = ()

    @property
    def in_order(self) -> bool:
        """The issued pages stand in their order."""
        returned = [pair.returned for pair in self.pairs]
        return returned == sorted(set(returned))
