"""Models are fetched from a hub: here one that a thread of this process serves."""

import json
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.models import downloads

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MANY = ("tf_model.h5", "README.md", "pytorch_model.bin")  # files that nobody should ask for


@pytest.fixture
def hub(tiny_bert, monkeypatch, tmp_path):
    """A hub with the model owner/net; gives the paths that it was asked for."""
    files = {path.name: path.read_bytes() for path in tiny_bert.iterdir() if path.is_file()}
    files |= dict.fromkeys(MANY, b"not needed")
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            asked.append(path)
            if path.startswith("/api/models/owner/net"):
                siblings = [{"rfilename": n, "size": len(c)} for n, c in files.items()]
                answer = {"id": "owner/net", "sha": COMMIT, "siblings": siblings}
                if "/tree/" in path:
                    answer = [
                        {"type": "file", "path": n, "size": len(c), "oid": "0" * 40}
                        for n, c in files.items()
                    ]
                self.give(json.dumps(answer).encode(), "application/json")
            elif path.startswith("/owner/net/resolve/"):
                self.give(files[path.rpartition("/")[2]], "application/octet-stream")
            elif "gated" in path:
                self.refuse(403, "GatedRepo")
            else:
                self.refuse(404, "RepoNotFound")

        do_HEAD = do_GET

        def give(self, content, kind):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def refuse(self, status, code):
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    use(monkeypatch, f"http://127.0.0.1:{server.server_port}", tmp_path)
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


def use(monkeypatch, endpoint, tmp_path):
    """Point huggingface_hub, which reads its variables when it is imported, at another place."""
    import huggingface_hub.constants as constants

    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE",
        endpoint + "/{repo_id}/resolve/{revision}/{filename}",
    )  # fmt: skip
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface" / "hub"))


def test_download_says_what_it_fetches_and_fetches_only_that(hub, capfd, tmp_path):
    assert main(["download", "owner/net"]) == 0
    out, err = capfd.readouterr()
    folder = tmp_path / "huggingface" / "hub" / "models--owner--net" / "snapshots" / COMMIT
    assert out == f"{folder}\n"
    assert "fetching owner/net from http://127.0.0.1:" in err
    assert "KiB" in err
    assert (folder / "model.safetensors").is_file()
    assert not [path for path in hub if path.endswith(MANY)]
    before = len(hub)
    assert main(["download", "owner/net"]) == 0
    assert len(hub) == before
    assert "on disk already (hub cache)" in capfd.readouterr()[1]


@pytest.mark.parametrize(
    ("name", "words"), [("owner/none", "has no model"), ("owner/gated", "accepted its terms")]
)
def test_what_the_hub_refuses_is_told(hub, name, words):
    with pytest.raises(ModelError, match=words):
        downloads.ask_hub(name, "a test")


def test_a_hub_that_cannot_be_reached_is_told(monkeypatch, tmp_path, capfd):
    use(monkeypatch, "http://127.0.0.1:9", tmp_path)
    assert main(["download", "owner/net"]) == 4
    assert "cannot be fetched from http://127.0.0.1:9" in capfd.readouterr()[1]
