"""``vlmeval download spice`` and what ``vlmeval doctor`` says of its parts and of Java."""

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.scenes.official.recipe import official_recipe


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine without the parts and without Java."""
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("VLMEVAL_SPICE_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)


def facts(capfd):
    capfd.readouterr()
    assert main(["doctor"]) == 0
    lines = capfd.readouterr()[0].splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def test_parts_that_are_missing_are_told_with_the_command(capfd):
    assert "vlmeval download spice" in facts(capfd)["SPICE parts"]


def test_a_machine_without_java_is_told(capfd):
    assert "no java in the PATH" in facts(capfd)["java"]


def test_a_named_folder_without_the_parts_is_told(capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("VLMEVAL_SPICE_HOME", str(tmp_path))
    told = facts(capfd)["SPICE parts"]
    assert str(tmp_path) in told
    assert "VLMEVAL_SPICE_HOME" in told
    assert main(["download", "spice"]) == 4


def test_a_folder_is_copied_and_found(shared, capfd, tmp_path):
    given = str(shared / "spice" / "oracle")
    assert main(["download", "spice", "--from", given, "--offline"]) == 0
    out, err = capfd.readouterr()
    assert out == f"{tmp_path / 'cache' / official_recipe().folder}\n"
    assert "GNU General Public License" in err
    assert "present" in facts(capfd)["SPICE parts"]
    assert main(["download", "spice", "--quiet"]) == 0
    assert capfd.readouterr() == (out, "")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["spice", "--offline"], 4),
        (["spice", "--from", "no such folder"], 2),
        (["spice", "--from", "http://127.0.0.1:9/maven"], 4),
        (["owner/net", "--from", "folder"], 2),
    ],
)
def test_what_cannot_be_had_ends_with_its_status(arguments, status, capfd):
    assert main(["download", *arguments]) == status
    out, err = capfd.readouterr()
    assert out == ""
    assert "error: " in err
