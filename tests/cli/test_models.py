"""What the commands say about models."""

import pytest

from vlmeval_cli.cli.main import main


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


def test_doctor_shows_models_device_and_cache(tmp_path, capfd):
    root = tmp_path / "hub" / "models--owner--net"
    (root / "snapshots" / "abc").mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("abc")
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        (root / "snapshots" / "abc" / name).write_text("{}")
    (tmp_path / "hub" / "models--half--net").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "encodings-1.sqlite").write_bytes(b"x" * 2048)
    assert main(["doctor"]) == 0
    out = capfd.readouterr()[0]
    facts = dict(line.split(":", 1) for line in out.splitlines() if ":" in line)
    assert facts["models on disk"].split(", ")[-1].strip() == "owner/net"
    assert "encodings-1.sqlite (2.0 KiB)" in facts["cache of encodings"]
    assert str(tmp_path / "hub") in facts["models are kept in"]
    assert "torch" in facts["device of networks"]


def test_doctor_names_missing_networks_that_an_older_installation_does_not_state(
    monkeypatch, capfd
):
    from vlmeval_cli.cli import doctor
    from vlmeval_cli.core import optional

    monkeypatch.setattr(doctor, "_requirements", list)
    monkeypatch.setattr(optional, "has_extra", lambda _: False)
    assert main(["doctor"]) == 0
    out = capfd.readouterr()[0]
    assert "nothing is missing" not in out
    assert 'pip install "vlmeval-cli[neural]"' in out.partition("To add what is missing")[2]


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", None])
def test_download_refuses_offline(variable, monkeypatch, capfd):
    if variable:
        monkeypatch.setenv(variable, "1")
    assert main(["download", "owner/net", *([] if variable else ["--offline"])]) == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert "config.json" in err
    assert "models--owner--net" in err
    assert f"Run it again without {variable or '--offline'}" in err
    assert "vlmeval download owner/net" not in err  # which is what was run


def test_options_of_models_reach_the_choices(root, tmp_path):
    from vlmeval_cli.cli.choices import choices
    from vlmeval_cli.cli.score_options import ScoreOptions

    path = tmp_path / "choices.yaml"
    path.write_text("models: {device: cpu, dtype: bf16, cache: false, images: pictures}\n")
    options = ScoreOptions(
        predictions="p", config=str(path), dtype="fp16", batch_size=8, offline=True
    )
    config, _ = choices(options)
    policy = config.models
    assert (policy.device, policy.dtype, policy.batch_size) == ("cpu", "fp16", 8)
    assert (policy.cache, policy.offline, policy.images) == (False, True, "pictures")


@pytest.mark.parametrize("arguments", [["metrics"], ["metrics", "--task", "text"]])
def test_metrics_whose_extra_is_missing_are_listed_with_the_command(arguments, monkeypatch, capfd):
    from vlmeval_cli.cli import metric_pages
    from vlmeval_cli.registry import metrics

    missing = [one.info.name for one in metrics().values() if one.info.extra == "neural"]
    monkeypatch.setattr(metric_pages, "has_extra", lambda extra: extra != "neural")
    assert main(arguments) == 0
    out = capfd.readouterr()[0]
    assert ("Not available here" in out) == bool(missing)
    assert ('pip install "vlmeval-cli[neural]"' in out) == bool(missing)
    monkeypatch.setattr(metric_pages, "has_extra", lambda _: True)
    assert main(arguments) == 0
    assert "Not available here" not in capfd.readouterr()[0]
