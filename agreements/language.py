"""The three languages of everything people read."""

from enum import StrEnum


class Language(StrEnum):
    """bokmål, nynorsk, English."""

    NB = "nb"
    NN = "nn"
    EN = "en"
