"""A vendor's own export format: the worked example of the documentation, installed; and plug-ins that misbehave."""

import configparser
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agreements.errors import ConfigurationError, UsageError
from agreements.language import Language
from agreements.texts import text
from onboarding.exports import MAX_EXPORT_BYTES, OWN_FORMATS, known_formats, render_export
from onboarding.steps.configuration import export_summary
from tests.onboarding.installation import Installation
from tests.renderers.samples import summary

HOUSE = Path(__file__).parents[2]
EXAMPLE = HOUSE / "docs/examples/fjord-export"
COMPLETE = summary(setup={"setup.sender_id": 1234567, "setup.environment": "https://api.test.digipost.no"})
Plant = Callable[..., None]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Puts an installed package into a folder of its own: a module, and the metadata that `pip` leaves."""

    def put(source: str, *, name: str = "own", attribute: str = "render", package: str = "own_export") -> None:
        site = tmp_path / f"site-{package}"
        info = site / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{package}.py").write_text(source, encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        entry = f"[avtalemottak.exports]\n{name} = {package}:{attribute}\n"
        (info / "entry_points.txt").write_text(entry, encoding="utf-8")
        monkeypatch.syspath_prepend(site)
        monkeypatch.delitem(sys.modules, package, raising=False)

    return put


def plug_in(body: str, ending: str = '"txt"') -> str:
    return f"def render(document, language):\n    {body}\n\n\nrender.ending = {ending}\n"


@pytest.fixture(scope="module")
def fjord_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as `pip` installs it, without a network."""
    folder = tmp_path_factory.mktemp("fjord")
    shutil.copytree(EXAMPLE, folder / "source")
    options = ("--no-build-isolation", "--no-deps", "--no-index", "--quiet", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", *options, "--target"]
    subprocess.run([*command, str(folder / "site"), str(folder / "source")], check=True, timeout=60)
    return folder / "site"


def avtale(installation: Installation, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "onboarding.cli", "--config", str(installation.config), *arguments, "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(HOUSE)])}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_documented_example_is_installed_and_its_format_is_there(
    installation: Installation, fjord_site: Path, tmp_path: Path
) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    arguments = ("config", "export", number, "--out", str(tmp_path / "ut"), "--format", "json", "--format", "fjord")
    done = avtale(installation, fjord_site, *arguments)
    [error] = json.loads(done.stdout)["errors"]
    assert (done.returncode, error["code"]) == (3, "export_plugin_failed")
    assert "not ready to be read by a program" in error["message"]  # Digipost has given no sender id yet
    assert not (tmp_path / "ut").exists()
    unknown = avtale(installation, fjord_site, *arguments[:-1], "fjrd")
    assert unknown.returncode == 2
    assert "json, yaml, pdf, html, csv, fjord" in json.loads(unknown.stdout)["errors"][0]["hint"]


def test_the_documented_example_writes_what_the_system_reads(fjord_site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(fjord_site)
    made = render_export(COMPLETE, Language.NB, "fjord")
    assert made.ending == "-fjord.ini"
    file = configparser.ConfigParser(interpolation=None)
    file.read_string(made.data.decode())
    sender = file["avsender"]
    assert (sender["avsender-id"], sender["behandler-id"]) == ("1234567", "8541208")
    assert json.loads(sender["navn"]) == "Blåbær & Sønn AS"
    assert sender["adresse"] == "https://api.test.digipost.no"


def test_a_plug_in_gets_the_canonical_document_and_the_language(plant: Plant) -> None:
    plant(plug_in("import json; return json.dumps([document['schema'], language, list(document)[:2]]).encode()"))
    made = render_export(COMPLETE, Language.NN, "own")
    assert (made.ending, json.loads(made.data)) == (
        "-own.txt",
        ["avtale/config/v1", "nn", ["schema", "deviations"]],
    )
    assert known_formats() == (*OWN_FORMATS, "own")


def test_what_a_plug_in_does_to_its_document_reaches_nobody_else(plant: Plant) -> None:
    plant(plug_in("document['set_up']['vendor'].clear(); return b'x'"))
    before = render_export(COMPLETE, Language.NB, "json")
    render_export(COMPLETE, Language.NB, "own")
    assert render_export(COMPLETE, Language.NB, "json") == before


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (plug_in("raise RuntimeError('no luck')"), "raised"),
        (plug_in("import sys; sys.exit(0)"), "raised"),
        (plug_in("return 'text'"), "not_bytes"),
        (plug_in("return b''"), "not_bytes"),
        (plug_in("return None"), "not_bytes"),
        (plug_in(f"return bytes({MAX_EXPORT_BYTES + 1})"), "too_large"),
        (plug_in("return b'x'", ending="None"), "ending"),
        (plug_in("return b'x'", ending='"../../etc"'), "ending"),
        ("raise SystemExit(0)", "load"),
        ("import no_such_library_of_anybodys", "load"),
        ("render = 5", "not_callable"),
    ],
)
def test_a_plug_in_that_makes_no_file_is_named_and_nothing_is_written(
    plant: Plant, installation: Installation, tmp_path: Path, source: str, fault: str
) -> None:
    plant(source)
    number = str(installation.template.by_one.agreement.number.case)
    with pytest.raises(ConfigurationError) as failed:
        export_summary(installation.workspace, number, tmp_path / "ut", ("json", "own"), Language.NB)
    assert failed.value.code == "export_plugin_failed"
    assert (failed.value.params["format"], failed.value.params["export_fault"]) == ("own", fault)
    assert not (tmp_path / "ut").exists()
    said = text("errors.export_plugin_failed.message", Language.NB, **failed.value.params)
    assert "«own»" in said
    assert fault not in said.split()


def test_two_packages_with_the_same_format_are_refused(plant: Plant) -> None:
    plant(plug_in("return b'first'"), package="first_export")
    plant(plug_in("return b'second'"), package="second_export")
    with pytest.raises(ConfigurationError) as failed:
        render_export(COMPLETE, Language.NB, "own")
    assert failed.value.params["export_fault"] == "two"


@pytest.mark.parametrize("name", ["json", "../up", "Own", "a" * 41, "a.b"])
def test_a_name_that_is_ours_or_fits_no_file_is_nobodys(plant: Plant, name: str) -> None:
    plant(plug_in("return b'not ours'"), name=name)
    assert known_formats() == OWN_FORMATS
    if name == "json":
        assert render_export(COMPLETE, Language.NB, name).data != b"not ours"
    else:
        with pytest.raises(UsageError) as refused:
            render_export(COMPLETE, Language.NB, name)
        assert refused.value.code == "export_format_unknown"


def test_a_plug_ins_file_takes_no_other_files_place(plant: Plant, installation: Installation, tmp_path: Path) -> None:
    plant(plug_in("return b'{}'", ending='"json"'))
    number = str(installation.template.by_one.agreement.number.case)
    paths = export_summary(installation.workspace, number, tmp_path, ("json", "own", "own"), Language.NB)
    assert [path.name for path in paths] == [
        f"Konfigurasjonsoversikt-{number}.json",
        f"Konfigurasjonsoversikt-{number}-own.json",
    ]
    assert paths[1].read_bytes() == b"{}"
