"""What is shipped for the SPICE program is made from the sources beside it, and works."""

import gzip
import itertools
import json
import os
import shutil
import subprocess
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.scenes.official import home, shipped
from vlmeval_cli.scenes.official.install import obtain

JAVA_8 = 52  # the class-file format of Java 8


def jar_files():
    with zipfile.ZipFile(shipped.json_engine()) as jar:
        assert {info.date_time for info in jar.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return {name: jar.read(name) for name in jar.namelist()}


def manifest():
    lines = jar_files()["META-INF/MANIFEST.MF"].decode().splitlines()
    return dict(line.split(": ", 1) for line in lines if line)


def test_the_jar_is_made_from_the_source_beside_it():
    assert manifest()["Source-SHA-256"] == shipped.source_digest()


def test_the_jar_holds_classes_for_java_8_and_nothing_else():
    files = jar_files()
    classes = {name: content for name, content in files.items() if name.endswith(".class")}
    assert sorted(classes) == [
        "vlmeval/JsonEngineFactory$JsonEngine.class",
        "vlmeval/JsonEngineFactory.class",
        "vlmeval/ScoreLoop.class",
    ]
    assert {int.from_bytes(content[6:8], "big") for content in classes.values()} == {JAVA_8}
    assert files["META-INF/services/javax.script.ScriptEngineFactory"] == (
        b"vlmeval.JsonEngineFactory\n"
    )
    assert len(files) == 5
    assert shipped.json_engine().stat().st_size < 8_000


@pytest.fixture(scope="session")
def javac():
    if shutil.which("javac") is None:
        pytest.skip("no javac on this machine; the sum of the source stands in the jar")
    told = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=True)
    return (told.stdout or told.stderr).split()[-1].partition(".")[0]


def test_the_compiler_that_made_the_jar_makes_the_same_bytes_again(javac, tmp_path):
    shipped.build_jar(tmp_path / "again.jar")
    if javac != manifest()["Build-Javac"]:
        pytest.skip(f"javac {javac} may lay out classes otherwise")
    assert (tmp_path / "again.jar").read_bytes() == shipped.json_engine().read_bytes()


TRYING = """
import javax.script.*;

public class Trying {
    public static void main(String[] given) throws Exception {
        ScriptEngine engine = new ScriptEngineManager().getEngineByName("JavaScript");
        engine.put("jsonString", given[0]);
        engine.eval("result = JSON.stringify(JSON.parse(jsonString), null, 2)");
        System.out.println(engine.get("result"));
        engine.put("jsonString", given[1]);
        System.out.println(engine.eval(new java.io.StringReader("anything")));
        System.out.println(engine.get("result"));
    }
}
"""


def test_the_engine_hands_back_what_it_is_given(javac, tmp_path):
    source = tmp_path / "Trying.java"
    source.write_text(TRYING)
    subprocess.run(["javac", "-d", str(tmp_path), str(source)], check=True)
    path = os.pathsep.join((str(tmp_path), str(shipped.json_engine())))
    command = ["java", "-cp", path, "Trying", '{"a": [1]}', "[]"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout.split("\n") == ['{"a": [1]}', "[]", "[]", ""]


@pytest.fixture(scope="session")
def oracle(shared, java):
    """The folder with the parts of SPICE, where a Java and the program are here too."""
    if find_spec("pycocoevalcap") is None:
        pytest.skip("pycocoevalcap, which has the program, is not installed")
    return shared / "spice" / "oracle"


def first(path, n=2):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in itertools.islice(lines, n)]


def spice(jars, folder, shared):
    """What the program says of the first captions of flickr8k."""
    program = Path(find_spec("pycocoevalcap").submodule_search_locations[0]) / "spice"
    path = os.pathsep.join(map(str, [program / "spice-1.0.jar", program / "lib" / "*", *jars]))
    asked, told = folder / "asked.json", folder / "told.json"
    preds, refs = (first(shared / "flickr8k" / f"{side}.jsonl") for side in ("preds", "refs"))
    items = [
        {"image_id": pred["id"], "test": pred["prediction"], "refs": ref["references"]}
        for pred, ref in zip(preds, refs, strict=True)
    ]
    asked.write_text(json.dumps(items))
    command = ["java", "-Dfile.encoding=UTF-8", "-Xmx2G", "-cp", path, "edu.anu.spice.SpiceScorer"]
    arguments = [str(asked), "-out", str(told), "-subset", "-detailed"]
    subprocess.run([*command, *arguments], check=True, capture_output=True)
    return json.loads(told.read_text("utf-8"))


def test_the_program_says_what_it_said_with_all_models_and_nashorn(
    oracle, shared, tmp_path, monkeypatch
):
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache"))
    obtain(str(oracle), NoProgress())
    ours = spice([*home.find_parts().jars, shipped.json_engine()], tmp_path, shared)
    recorded = first(shared / "spice" / "flickr8k_spice.jsonl.gz")
    assert [item["image_id"] for item in ours] == [item["id"] for item in recorded]
    for mine, theirs in zip(ours, recorded, strict=True):
        assert mine["scores"]["All"]["f"] == theirs["spice"]
        tuples = [[one["tuple"], one["truth_value"]] for one in mine["test_tuples"]]
        assert sorted(tuples) == sorted(theirs["prediction_tuples"])


def test_the_stand_in_is_trained_on_the_sentences_beside_it(oracle, tmp_path, monkeypatch):
    monkeypatch.setenv("VLMEVAL_SPICE_HOME", str(oracle))
    shipped.build_stand_in(tmp_path / "again.ser.gz")
    again = gzip.decompress((tmp_path / "again.ser.gz").read_bytes())
    assert again == gzip.decompress(shipped.stand_in().read_bytes())


def test_the_stand_in_names_no_folder_of_the_machine_that_made_it():
    model = gzip.decompress(shipped.stand_in().read_bytes())
    assert b"trainFile=stand-in.tsv" in model
    assert b"serializeTo=stand-in.ser.gz" in model
