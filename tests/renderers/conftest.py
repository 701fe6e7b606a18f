"""The fonts of the package, before anything lays out a page."""

import os

import renderers

os.environ["FONTCONFIG_FILE"] = str(renderers.fontconfig_file())
