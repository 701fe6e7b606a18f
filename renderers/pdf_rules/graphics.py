"""Colour, transparency, images and drawn forms."""

from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Stream

from renderers.pdf_rules.subject import Rule, Subject, is_set, rule, words

RULES: list[Rule] = []
_BLEND_MODES = words(
    "/Normal /Compatible /Multiply /Screen /Overlay /Darken /Lighten /ColorDodge /ColorBurn /HardLight /SoftLight",
    "/Difference /Exclusion /Hue /Saturation /Color /Luminosity",
)
_INTENTS = frozenset({"/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation"})
_PROFILE_CLASS, _PROFILE_SPACE = slice(12, 16), slice(16, 20)  # ICC.1:2004-10 table 12


@rule(RULES, "ISO 19005-3 6.2.3-1")
def output_profile_is_fit(file: Subject) -> Iterator[str]:
    """The output intent's profile is a printer's or a monitor's, in grey, RGB or CMYK, before version 5."""
    for intent in file.root.get("/OutputIntents", Array()):
        header = _profile(intent)
        fit = header[_PROFILE_CLASS] in {b"prtr", b"mntr"} and header[_PROFILE_SPACE] in {b"RGB ", b"GRAY", b"CMYK"}
        if not fit or header[8] >= 5:
            yield str(intent.get("/OutputConditionIdentifier", "?"))


@rule(RULES, "ISO 19005-3 6.2.3-2")
def output_profiles_are_one(file: Subject) -> Iterator[str]:
    """All output intents share one profile."""
    profiles = {item.DestOutputProfile.objgen for item in file.root.get("/OutputIntents", Array())}
    if len(profiles) > 1:
        yield "/OutputIntents"


@rule(RULES, "ISO 19005-3 6.2.4.3-2")
def rgb_has_an_output_intent(file: Subject) -> Iterator[str]:
    """DeviceRGB is used only with an RGB output intent for PDF/A."""
    if _output_space(file) != b"RGB ":
        yield from _first_use(file, {"rg", "RG"})


@rule(RULES, "ISO 19005-3 6.2.4.3-3")
def cmyk_has_an_output_intent(file: Subject) -> Iterator[str]:
    """DeviceCMYK is used only with a CMYK output intent for PDF/A."""
    if _output_space(file) != b"CMYK":
        yield from _first_use(file, {"k", "K"})


@rule(RULES, "ISO 19005-3 6.2.4.3-4")
def grey_has_an_output_intent(file: Subject) -> Iterator[str]:
    """DeviceGray is used only with an output intent for PDF/A."""
    if not _output_space(file):
        yield from _first_use(file, {"g", "G"})


@rule(RULES, "ISO 19005-3 6.2.5-1")
def no_transfer_functions(file: Subject) -> Iterator[str]:
    """No graphics state has a transfer function (TR)."""
    yield from (name for name, state in _states(file) if "/TR" in state)


@rule(RULES, "ISO 19005-3 6.2.5-2")
def no_other_transfer_functions(file: Subject) -> Iterator[str]:
    """No graphics state has a transfer function (TR2) but the default."""
    yield from (name for name, state in _states(file) if state.get("/TR2", Name.Default) != Name.Default)


@rule(RULES, "ISO 19005-3 6.2.6-1")
def rendering_intents_are_known(file: Subject) -> Iterator[str]:
    """Every rendering intent is one of the four."""
    for operation in file.operations:
        if operation.operator == "ri" and str(operation.operands[0]) not in _INTENTS:
            yield f"{operation.place}: {operation.operands[0]}"


@rule(RULES, "ISO 19005-3 6.2.8-1")
def images_have_no_alternates(file: Subject) -> Iterator[str]:
    """No image has alternates."""
    yield from (f"object {image.objgen}" for image in _drawn(file, Name.Image) if "/Alternates" in image)


@rule(RULES, "ISO 19005-3 6.2.8-2")
def images_have_no_opi(file: Subject) -> Iterator[str]:
    """No image stands for another one (OPI)."""
    yield from (f"object {image.objgen}" for image in _drawn(file, Name.Image) if "/OPI" in image)


@rule(RULES, "ISO 19005-3 6.2.8-3")
def images_are_not_interpolated(file: Subject) -> Iterator[str]:
    """No image is smoothed by the viewer."""
    yield from (f"object {image.objgen}" for image in _drawn(file, Name.Image) if is_set(image, "/Interpolate"))


@rule(RULES, "ISO 19005-3 6.2.9-1")
def drawn_forms_are_plain(file: Subject) -> Iterator[str]:
    """No drawn form holds PostScript or stands for another one."""
    for form in _drawn(file, Name.Form):
        if "/OPI" in form or "/PS" in form or form.get("/Subtype2") == Name.PS:
            yield f"object {form.objgen}"


@rule(RULES, "ISO 19005-3 6.2.9-2")
def drawn_forms_refer_to_no_other_file(file: Subject) -> Iterator[str]:
    """No drawn form refers to another file."""
    yield from (f"object {form.objgen}" for form in _drawn(file, Name.Form) if "/Ref" in form)


@rule(RULES, "ISO 19005-3 6.2.9-3")
def nothing_drawn_is_postscript(file: Subject) -> Iterator[str]:
    """No PostScript is drawn."""
    yield from (f"object {item.objgen}" for item in _drawn(file, Name.PS))


@rule(RULES, "ISO 19005-3 6.2.10-1")
def blend_modes_are_known(file: Subject) -> Iterator[str]:
    """Every blend mode is one of the standard's."""
    for name, state in _states(file):
        modes = state.get("/BM", Array())
        if {str(mode) for mode in (modes if isinstance(modes, Array) else [modes])} - _BLEND_MODES:
            yield name


@rule(RULES, "ISO 19005-3 6.2.10-2")
def transparency_has_a_colour_space(file: Subject) -> Iterator[str]:
    """A page with transparency has a space to blend in: its own, or the output intent's."""
    if _output_space(file):
        return
    transparent = any(_is_transparent(state) for _, state in _states(file))
    for number, page in enumerate(file.pdf.pages, start=1):
        if transparent and "/CS" not in page.obj.get("/Group", Dictionary()):
            yield f"page {number}"


def _profile(intent: Object) -> bytes:
    profile = intent.get("/DestOutputProfile")
    return profile.read_bytes()[:128].ljust(128, b"\0") if isinstance(profile, Stream) else bytes(128)


def _output_space(file: Subject) -> bytes:
    """The colour space of the output intent for PDF/A; empty if there is none."""
    for intent in file.root.get("/OutputIntents", Array()):
        if intent.get("/S") == Name.GTS_PDFA1:
            return _profile(intent)[_PROFILE_SPACE]
    return b""


def _first_use(file: Subject, operators: set[str]) -> Iterator[str]:
    found = next((operation for operation in file.operations if operation.operator in operators), None)
    if found is not None:
        yield f"{found.place}: {found.operator}"


def _states(file: Subject) -> list[tuple[str, Object]]:
    return [
        (name, state)
        for item in file.dictionaries
        for name, state in item.get("/ExtGState", Dictionary()).items()
        if isinstance(state, Dictionary)
    ]


def _is_transparent(state: Object) -> bool:
    opaque = all(float(state.get(key, 1)) == 1 for key in ("/CA", "/ca"))
    return not opaque or str(state.get("/SMask", "/None")) != "/None" or state.get("/BM", Name.Normal) != Name.Normal


def _drawn(file: Subject, kind: Name) -> list[Object]:
    return [item for item in file.dictionaries if isinstance(item, Stream) and item.get("/Subtype") == kind]
