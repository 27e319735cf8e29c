"""A tenth of a percent of the parts of SPICE, and a server on this machine that has them."""

import hashlib
import io
import random
import threading
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zlib import crc32

from vlmeval_cli.scenes.official.recipe import Entry, Recipe

MODELS = "edu/models/"
CODE = "nlp-1.0.jar"
WHOLE = "nlp-1.0-models.jar"
CUT = "nlp-1.0-models-cut.jar"
LAYOUT = "edu/nlp/1.0"
INSIDE = "nlp-full"
LOOK = "bytes=0-0"
STAND_INS = (f"{MODELS}ner/a.ser.gz", f"{MODELS}ner/b.ser.gz")


def noise(seed, size):
    return random.Random(seed).randbytes(size)


# What the program reads, between models that it does not; the last two are neighbours.
NEEDED = {
    f"{MODELS}words/animals.txt": b"cat\ndog\n" * 5_000,
    f"{MODELS}parser.ser.gz": noise(1, 200_000),
    f"{MODELS}dates.txt": b"today\n",
}
NOT_NEEDED = {
    f"{MODELS}ner/a.ser.gz": noise(2, 400_000),
    f"{MODELS}ner/b.ser.gz": noise(3, 300_000),
    f"{MODELS}tagger": noise(4, 300_000),
}
ORDER = (
    "ner/a.ser.gz",
    "words/animals.txt",
    "ner/b.ser.gz",
    "tagger",
    "parser.ser.gz",
    "dates.txt",
)
CLASSES = {f"edu/nlp/C{i}.class": noise(10 + i, 20_000) for i in range(3)}


def zipped(files, packing=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as jar:
        for name, content in files.items():
            jar.writestr(zipfile.ZipInfo(name), content, packing)
    return stream.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def whole_models(changes=None):
    files = {**NEEDED, **NOT_NEEDED, **(changes or {})}
    return zipped({f"{MODELS}{name}": files[f"{MODELS}{name}"] for name in ORDER})


def code_jar():
    return zipped({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\r\n", **CLASSES})


def archive(packing=zipfile.ZIP_DEFLATED, **changes):
    jars = {CODE: code_jar(), WHOLE: whole_models(), **changes}
    files = {"README.txt": noise(5, 100_000), **jars, "sources.jar": noise(6, 100_000)}
    return zipped({f"{INSIDE}/{name}": content for name, content in files.items()}, packing)


def small_recipe(address="http://127.0.0.1:9/none.zip"):
    contents = "".join(f"{sha256(CLASSES[name])} {name}\n" for name in sorted(CLASSES))
    return Recipe(
        folder="spice-small",
        code=CODE,
        code_sha256=sha256(code_jar()),
        contents_sha256=sha256(contents.encode()),
        models=WHOLE,
        models_sha256=sha256(whole_models()),
        cut=CUT,
        entries=tuple(Entry(n, len(c), crc32(c), sha256(c)) for n, c in NEEDED.items()),
        stand_ins=STAND_INS,
        maven=LAYOUT,
        archive=address,
        archive_folder=INSIDE,
        license="a licence",
    )


@dataclass
class Server:
    """What a server has, how it behaves, and what it was asked.

    Attributes:
        files: content by path.
        has_ranges: whether it gives parts of files.
        tells_length: whether answers say how long they are.
        cuts: after how many bytes the next answers end, one after the other; None for a whole one.
        refusals: statuses of the next answers, one after the other.
        password: the Authorization header it wants.
        moved: where a path has moved to.
        asked: path and range of every request.
        sent: bytes of all answers but those to a look.
    """

    files: dict = field(default_factory=dict)
    has_ranges: bool = True
    tells_length: bool = True
    cuts: list = field(default_factory=list)
    refusals: list = field(default_factory=list)
    password: str | None = None
    moved: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    sent: int = 0
    address: str = ""


class Handler(BaseHTTPRequestHandler):
    """Answers as its server says."""

    has: Server

    def do_GET(self):
        path = "/" + self.path.partition("://")[2].partition("/")[2]  # as a proxy is asked
        path = path if "://" in self.path else self.path
        wanted = self.headers.get("Range")
        self.has.asked.append((self.path, wanted))
        content = self.has.files.get(path)
        if self.has.refusals:
            self.refuse(self.has.refusals.pop(0))
        elif path in self.has.moved:
            self.refuse(302, Location=self.has.moved[path])
        elif self.has.password and self.headers.get("Authorization") != self.has.password:
            self.refuse(401)
        elif content is None:
            self.refuse(404)
        elif wanted and self.has.has_ranges:
            self.give_part(content, wanted)
        else:
            self.give(200, content, wanted == LOOK)

    def give_part(self, content, wanted):
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last or len(content)) + 1, len(content))
        told = {"Content-Range": f"bytes {start}-{stop - 1}/{len(content)}"}
        self.give(206, content[start:stop], wanted == LOOK, **told)

    def give(self, status, content, is_look, **headers):
        self.send_response(status)
        if self.has.tells_length:
            headers["Content-Length"] = str(len(content))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not is_look:
            content = content[: self.has.cuts.pop(0)] if self.has.cuts else content
            self.has.sent += len(content)
        with suppress(ConnectionError):  # who looks leaves after the headers
            self.wfile.write(content)

    def refuse(self, status, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


def served(server):
    """The server listens; gives what ends it."""
    answering = type("Answering", (Handler,), {"has": server})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), answering)
    server.address = f"http://127.0.0.1:{listening.server_port}"
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def end():
        listening.shutdown()
        listening.server_close()

    return end
