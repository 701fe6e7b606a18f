"""`template import`: from the PDF that Digipost supplies, and a map, to a form that agreements are issued on.

1. read the map; every fault is kept, with its line
2. keep the PDF as it was given, and have the sandbox examine that copy: what it may not hold, what it offers, its pages
3. hold the map against it; told so far: everything that is wrong with either
4. have the sandbox look at the pages: do they look as they did, can all text be seen, are the map's places free
5. lay out a proof, which shows each value's name in its place
6. put the folder in its place, then write the event: the form is in force from here on

A crash leaves an unfinished folder that nobody reads, or a form whose event the same command writes. The same PDF with
the same map is not imported twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from agreements.canonical import JsonValue
from agreements.catalogue import Phase, load_catalogue
from agreements.errors import ConfigurationError, UsageError
from agreements.parties import Actor
from onboarding.files import write_file
from onboarding.forms import examining
from onboarding.forms.examining import examine_form, look_at_pages
from onboarding.forms.mapping import MapFile, locate, read_limited, read_map
from onboarding.forms.storage import (
    BASE,
    MAP,
    ORIGINAL,
    PROOF,
    FormRecord,
    find_record,
    proof_file,
    publish,
    unfinished_folder,
)
from onboarding.overrides import own_name
from onboarding.record import EventKind
from onboarding.rendering import private_fonts
from onboarding.settings import Settings
from onboarding.store.events import NewEvent, append_event, list_events
from onboarding.workspace import Workspace
from renderers.forms.formmap import is_form_name
from renderers.forms.model import MAX_FORM_BYTES, Form, FormLayout, Outline
from renderers.forms.placing import place


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A form that is in force now."""

    record: FormRecord
    created: bool
    """False if the same PDF and the same map are in force already."""
    proof: Path


def import_form(workspace: Workspace, pdf: Path, map_path: Path, *, name: str | None, actor: Actor) -> Imported:
    """Import a form. `name` wins over the map's own.

    Raises ConfigurationError: `form_file_unreadable`, or `form_refused` with every fault of the PDF and the map;
    UsageError: `form_name_form`, `form_name_missing`, `form_name_of_vendor`; TemporaryError `form_import_busy`.
    """
    data_dir = workspace.settings.data_dir
    map_file = read_map(map_path)
    named = _name(name, map_file)
    _refuse_vendors_name(named, workspace.settings)
    original = read_limited(pdf, MAX_FORM_BYTES)
    record = find_record(data_dir, named)
    created = record is None or not _is_same(record, original, map_file.content)
    if record is None or created:
        with unfinished_folder(data_dir) as folder:
            write_file(folder / ORIGINAL, original)
            write_file(folder / MAP, map_file.content)
            outline, layout = _checked(workspace, folder, map_file, pdf)
            _write_proof(folder, named, layout)
            record = FormRecord(
                name=named,
                version=1 if record is None else record.version + 1,
                imported_at=workspace.clock(),
                imported_by=actor.user,
                os_user=actor.os_user,
                hashes={path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())},
                fonts_missing=outline.fonts_missing,
                links=outline.links,
                layout=layout,
            )
            publish(folder, data_dir, record)
    _write_event(workspace, record, actor)
    return Imported(record=record, created=created, proof=proof_file(data_dir, record))


def not_printed(record: FormRecord) -> tuple[str, ...]:
    """Catalogue ids that every agreement has and this form has no place for: agreed, if at all, by its own words."""
    return tuple(
        field.id
        for field in load_catalogue().of_phase(Phase.AGREEMENT)
        if field.required and field.when is None and not field.id.startswith("agreement.")
        if field.id not in record.layout.printed
    )


def _name(name: str | None, map_file: MapFile) -> str:
    """The form's name; a map that can't be read is told of as such, not as a map without a name."""
    if name is not None and not is_form_name(name):
        raise UsageError("form_name_form", text=name)
    written = map_file.form_map.name if map_file.form_map else None
    if name is None and written is None and map_file.form_map is not None:
        raise UsageError("form_name_missing")
    return name or written or "-"


def _refuse_vendors_name(name: str, settings: Settings) -> None:
    """The standard template with a vendor's own files is named after the vendor: one name must not mean two."""
    vendor = next((vendor for vendor in settings.vendors if own_name(vendor.id) == name), None)
    if vendor is not None:
        raise UsageError("form_name_of_vendor", text=name, vendor=vendor.id)


def _is_same(record: FormRecord, original: bytes, map_content: bytes) -> bool:
    hashes = {ORIGINAL: sha256(original).hexdigest(), MAP: sha256(map_content).hexdigest()}
    return all(record.hashes.get(file) == found for file, found in hashes.items())


def _checked(workspace: Workspace, folder: Path, map_file: MapFile, pdf: Path) -> tuple[Outline, FormLayout]:
    """Steps 2 to 4; writes the normalised pages into the folder. Raises ConfigurationError `form_refused`."""
    limits = workspace.settings.limits
    examined = examine_form(workspace.sandbox, folder / ORIGINAL, limits)
    outline, layout = examined.outline, None
    faults: list[object] = [*examined.faults, *map_file.faults]
    if outline is not None and map_file.form_map is not None and map_file.document is not None:
        placed = place(map_file.form_map, outline, load_catalogue())
        layout = placed.layout
        faults += locate(placed.faults, map_file.document)
    if faults or outline is None or layout is None:
        raise _refused(pdf, faults)
    write_file(folder / BASE, examined.base)
    files = {examining.PDF: folder / BASE, examining.ORIGINAL: folder / ORIGINAL}
    if seen := look_at_pages(workspace.sandbox, files, outline, layout, limits):
        raise _refused(pdf, seen)
    return outline, layout


def _refused(pdf: Path, faults: Sequence[object]) -> ConfigurationError:
    return ConfigurationError("form_refused", path=str(pdf), count=len(faults), faults=tuple(faults))


def _write_proof(folder: Path, name: str, layout: FormLayout) -> None:
    private_fonts()
    from renderers.form_proof import render_proof

    base = (folder / BASE).read_bytes()
    write_file(folder / PROOF, render_proof(Form(name=name, base=base, layout=layout)))


def _write_event(workspace: Workspace, record: FormRecord, actor: Actor) -> None:
    """The event of this version, once: a crash after the folder was put in its place leaves it to the next call."""
    data: dict[str, JsonValue] = {"template": record.name, "version": record.version, "sha256": record.hashes[ORIGINAL]}
    event = NewEvent(kind=EventKind.TEMPLATE_IMPORTED, actor=actor, at=workspace.clock(), data=data)
    with workspace.store.begin() as connection:
        known = (json.loads(past.data) for past in list_events(connection) if past.kind == event.kind)
        if data not in known:
            append_event(connection, event)
