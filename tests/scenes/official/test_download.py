"""``vlmeval download spice``: the parts from a server or a folder, all of them or none."""

import errno
import io
import shutil
import zipfile
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from small_parts import (
    CODE,
    CUT,
    INSIDE,
    LAYOUT,
    MODELS,
    NEEDED,
    STAND_INS,
    WHOLE,
    Server,
    archive,
    code_jar,
    served,
    sha256,
    small_recipe,
    whole_models,
    zipped,
)

from vlmeval_cli.core.errors import ModelError, OutputError, UsageError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.scenes.official import home, install, remote
from vlmeval_cli.scenes.official.recipe import official_recipe
from vlmeval_cli.scenes.official.remote import Patience
from vlmeval_cli.scenes.official.shipped import stand_in

CODE_PATH = f"/maven/{LAYOUT}/{CODE}"
MODELS_PATH = f"/maven/{LAYOUT}/{WHOLE}"
ARCHIVE_PATH = "/software/nlp-full.zip"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache"))
    for name in ("VLMEVAL_SPICE_HOME", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server():
    has = Server({CODE_PATH: code_jar(), MODELS_PATH: whole_models(), ARCHIVE_PATH: archive()})
    end = served(has)
    yield has
    end()


class Listener(NoProgress):
    """Remembers what it was told."""

    def __init__(self):
        self.lines, self.phases, self.waits = [], [], []
        self.is_on = False

    def start(self, label, total):
        self.phases.append([label, total, 0])
        self.is_on = True

    def advance(self, n):
        if self.is_on:
            self.phases[-1][2] += n

    def done(self):
        self.is_on = False

    def tell(self, line):
        self.lines.append(line)

    @property
    def patience(self):
        return Patience(attempts=3, timeout_s=10, pause=self.waits.append)


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def get(server, listener):
    """Obtain the parts from a place, "repository" and "archive" being those of the server."""

    def obtain(origin="repository", recipe=None, **choices):
        places = {"repository": f"{server.address}/maven", "archive": None}
        recipe = recipe or small_recipe(server.address + ARCHIVE_PATH)
        patience = listener.patience
        return install.obtain(
            places.get(origin, origin), listener, recipe=recipe, patience=patience, **choices
        )

    return obtain


def assert_whole(folder, cache):
    """Everything that is needed is there, nothing else is, and nothing half lies about."""
    assert folder == cache / "spice-small"
    assert {path.name for path in folder.iterdir()} == {CODE, CUT, "ORIGIN.txt"}
    with zipfile.ZipFile(folder / CUT) as jar:
        held = {name: jar.read(name) for name in jar.namelist()}
    assert held == {**NEEDED, **dict.fromkeys(STAND_INS, stand_in().read_bytes())}
    assert home.contents_sha256(folder / CODE) == small_recipe().contents_sha256
    assert leftovers(cache) == {"spice-small"}


def leftovers(cache):
    names = {path.name for path in cache.iterdir()} if cache.is_dir() else set()
    return names - {"spice-small.lock"}


ORIGINS = ["repository", "archive"]


@pytest.mark.parametrize("has_ranges", [True, False])
@pytest.mark.parametrize("origin", ORIGINS)
def test_the_parts_come_with_ranges_and_without(origin, has_ranges, server, get, cache):
    server.has_ranges = has_ranges
    assert_whole(get(origin), cache)


def test_of_the_models_only_the_needed_bytes_are_fetched(server, get, listener):
    get()
    needed = len(zipped(NEEDED))
    tail = 2**17  # in which the list of contents is looked for
    assert server.sent <= len(code_jar()) + needed + tail + 2_000
    assert server.sent < len(code_jar()) + len(whole_models()) / 3


def test_neighbours_come_in_one_request(server, get):
    get()
    spans = [wanted for path, wanted in server.asked if path == MODELS_PATH]
    assert len(spans) == 4  # the look, the list of contents, the words, parser and dates together


def test_a_stored_jar_inside_the_archive_is_read_in_parts(server, get, cache):
    server.files[ARCHIVE_PATH] = archive(zipfile.ZIP_STORED)
    assert_whole(get("archive"), cache)
    assert server.sent < len(code_jar()) + len(whole_models()) / 2


def test_an_archive_can_be_named(server, get, cache):
    assert_whole(get(server.address + ARCHIVE_PATH), cache)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_cut_connection_is_gone_on_with_where_it_was_cut(origin, server, get, cache, listener):
    server.cuts = [70_000, 1, 3_000, 10_000, 50]
    assert_whole(get(origin), cache)
    assert server.cuts == []
    starts = [int(wanted[6:].partition("-")[0]) for _, wanted in server.asked if wanted]
    assert starts[1:7] != [starts[1]] * 6
    assert listener.waits == []  # each answer brought something


def test_no_byte_is_fetched_twice_after_a_cut(server, get):
    get()
    whole = server.sent
    for path in home.installed_folder(small_recipe()).iterdir():
        path.unlink()
    server.sent, server.cuts = 0, [20_000, 30_000]
    get()
    assert server.sent == whole


def test_without_ranges_a_cut_download_starts_again(server, get, cache, listener):
    server.has_ranges, server.cuts = False, [20_000, 30_000]
    assert_whole(get(), cache)
    assert listener.waits == [1.0, 2.0]
    assert [(label, done == total) for label, total, done in listener.phases] == [
        (f"Fetching {CODE}", True),
        (f"Fetching {WHOLE}", True),
    ]


def test_a_later_run_goes_on_where_an_earlier_one_gave_up(server, get, cache):
    server.cuts = [40_000, 0, 0, 0]
    with pytest.raises(ModelError, match="cannot be fetched") as caught:
        get()
    assert "goes on from there" in caught.value.hint
    assert leftovers(cache) == {"spice-small.fetching"}
    before = server.sent
    server.asked.clear()
    assert_whole(get(), cache)
    assert (CODE_PATH, f"bytes=40000-{len(code_jar()) - 1}") in server.asked
    assert before == 40_000


def test_a_server_that_stops_giving_ranges_gives_the_whole(server, get, cache, monkeypatch):
    real = remote.Fetcher.look

    def look(self, address):
        found = real(self, address)
        server.has_ranges = False
        return replace(found, has_ranges=True)

    monkeypatch.setattr(remote.Fetcher, "look", look)
    assert_whole(get(), cache)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_busy_server_is_asked_again(status, server, get, cache, listener):
    server.refusals = [status, status]
    assert_whole(get(), cache)
    assert listener.waits == [1.0, 2.0]


def test_a_server_that_stays_busy_ends_it(server, get, cache):
    server.refusals = [503] * 3
    with pytest.raises(ModelError, match="503"):
        get()
    assert leftovers(cache) == set()


@pytest.mark.parametrize("path", [CODE_PATH, MODELS_PATH, ARCHIVE_PATH])
def test_what_is_not_there_is_named_at_once(path, server, get, cache, listener):
    del server.files[path]
    origin = "archive" if path == ARCHIVE_PATH else "repository"
    with pytest.raises(ModelError, match="no such file") as caught:
        get(origin)
    assert path in caught.value.message
    assert listener.waits == []
    assert leftovers(cache) == set()


def test_a_server_that_is_not_there_is_not_waited_for(get, listener, cache):
    with pytest.raises(ModelError, match="refused"):
        get("http://127.0.0.1:9/maven")
    assert listener.waits == []
    assert leftovers(cache) == set()


@pytest.mark.parametrize("has_ranges", [True, False])
@pytest.mark.parametrize("name", list(NEEDED))
def test_another_model_is_refused_and_forgotten(name, has_ranges, server, get, cache):
    server.has_ranges = has_ranges
    server.files[MODELS_PATH] = whole_models({name: NEEDED[name][::-1]})
    with pytest.raises(ModelError, match="expected"):
        get()
    assert leftovers(cache) == set()
    server.files[MODELS_PATH] = whole_models()
    assert_whole(get(), cache)


def test_another_model_with_the_same_crc_is_refused(server, get):
    recipe = small_recipe()
    entry = replace(recipe.entries[0], sha256="0" * 64)
    with pytest.raises(ModelError, match="sha256"):
        get(recipe=replace(recipe, entries=(entry, *recipe.entries[1:])))


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_flipped_bit_is_noticed(origin, server, get, cache):
    path = MODELS_PATH if origin == "repository" else ARCHIVE_PATH
    content = server.files[path]
    place = content.index(NEEDED[f"{MODELS}parser.ser.gz"][:50]) if origin == "repository" else 0
    place = place or len(content) // 2
    server.files[path] = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    with pytest.raises(ModelError):
        get(origin)
    assert leftovers(cache) == set()


@pytest.mark.parametrize("origin", ORIGINS)
def test_another_program_is_refused(origin, server, get, cache):
    other = zipped({"edu/nlp/C0.class": b"other"})
    server.files |= {CODE_PATH: other, ARCHIVE_PATH: archive(**{CODE: other})}
    with pytest.raises(ModelError, match=sha256(other)):
        get(origin)
    assert leftovers(cache) == set()


def test_the_same_program_packed_otherwise_is_taken(server, get, cache):
    with zipfile.ZipFile(io.BytesIO(code_jar())) as jar:
        files = {name: jar.read(name) for name in reversed(jar.namelist())}
    server.files[CODE_PATH] = zipped(files, zipfile.ZIP_STORED)
    assert_whole(get(), cache)


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("content", [b"", b"<html>Please log in</html>" * 99, b"PK\5\6"])
def test_an_answer_that_is_no_jar_is_refused(content, origin, server, get, cache):
    server.files |= {CODE_PATH: content, ARCHIVE_PATH: content}
    with pytest.raises(ModelError):
        get(origin)
    assert leftovers(cache) == set()


@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_missing_entry_is_named(has_ranges, server, get, cache):
    server.has_ranges = has_ranges
    files = {name: content for name, content in NEEDED.items() if "dates" not in name}
    recipe = replace(small_recipe(), models_sha256=sha256(zipped(files)))
    server.files[MODELS_PATH] = zipped(files)
    with pytest.raises(ModelError, match=r"dates\.txt is missing"):
        get(recipe=recipe)
    assert leftovers(cache) == set()


@pytest.mark.parametrize("name", [CODE, WHOLE])
def test_an_archive_without_a_jar_is_refused(name, server, get):
    jars = {one: b"" for one in (CODE, WHOLE) if one != name}
    server.files[ARCHIVE_PATH] = zipped({f"{INSIDE}/{one}": b"" for one in jars})
    with pytest.raises(ModelError, match=name):
        get("archive")


def test_a_full_disk_says_so_and_leaves_no_half_install(server, get, cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(remote.Fetcher, "_go_on", full)
        with pytest.raises(OutputError, match="No space left") as caught:
            get()
    assert caught.value.exit_code == 74
    assert "VLMEVAL_CACHE" in caught.value.hint
    assert leftovers(cache) == set()
    assert_whole(get(), cache)


def test_an_interrupted_run_leaves_no_half_install(server, get, cache, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("vlmeval_cli.scenes.official.origins._checked", stop)
        with pytest.raises(KeyboardInterrupt):
            get()
    assert leftovers(cache) == {"spice-small.fetching"}
    server.sent = 0
    assert_whole(get(), cache)
    assert server.sent == 0  # everything had come


def test_a_broken_install_is_replaced(get, cache, server):
    folder = get()
    (folder / CUT).write_bytes(b"cut")
    assert_whole(get(), cache)


def test_parts_that_are_there_are_not_fetched(server, get, listener):
    folder = get()
    server.asked.clear()
    assert get() == folder
    assert server.asked == []
    assert "on disk already" in listener.lines[-1]


def test_the_licence_and_the_sizes_are_told(get, listener):
    get()
    assert listener.lines[0] == "a licence"
    assert any(
        line.startswith("fetching 3 files out of the 6 in http://127") for line in listener.lines
    )
    assert (
        (home.installed_folder(small_recipe()) / "ORIGIN.txt").read_text().endswith("a licence\n")
    )


def test_progress_counts_every_byte(server, get, listener):
    server.cuts = [30_000, 20_000]
    get()
    assert listener.phases
    assert all(total == done for _, total, done in listener.phases)


@pytest.mark.parametrize("layout", ["", LAYOUT])
@pytest.mark.parametrize("models", [WHOLE, CUT])
def test_a_folder_is_copied(models, layout, get, cache, tmp_path, server):
    folder = tmp_path / "given" / layout
    folder.mkdir(parents=True)
    (folder / CODE).write_bytes(code_jar())
    content = zipped({**NEEDED, **dict.fromkeys(STAND_INS, b"x")})
    (folder / models).write_bytes(content if models == CUT else whole_models())
    assert_whole(get(str(tmp_path / "given"), offline=True), cache)
    assert server.asked == []


def test_a_folder_without_the_jars_is_named(get, tmp_path):
    with pytest.raises(ModelError, match=CODE) as caught:
        get(str(tmp_path))
    assert WHOLE in caught.value.hint


@pytest.mark.parametrize("origin", ["no/such/folder", "ftp://127.0.0.1/maven", "file:///tmp"])
def test_an_origin_that_is_neither_folder_nor_url_is_wrong_usage(origin, get):
    with pytest.raises(UsageError, match="--from"):
        get(origin)


def test_offline_nothing_is_fetched(server, get, cache):
    with pytest.raises(ModelError, match=CODE) as caught:
        get(offline=True)
    assert "--offline" in caught.value.hint
    assert server.asked == []
    assert not cache.exists()


def test_a_folder_that_the_user_names_is_not_filled(server, get, tmp_path, monkeypatch):
    monkeypatch.setenv("VLMEVAL_SPICE_HOME", str(tmp_path))
    with pytest.raises(ModelError) as caught:
        get()
    assert "VLMEVAL_SPICE_HOME" in caught.value.hint
    assert server.asked == []


def test_a_password_is_sent_and_never_shown(server, get, cache, listener):
    server.password = f"Basic {b64encode(b'me:se:cret').decode()}"
    address = server.address.replace("http://", "http://me:se%3Acret@")
    assert_whole(get(f"{address}/maven"), cache)
    del server.files[CODE_PATH]
    (cache / "spice-small" / CUT).unlink()
    with pytest.raises(ModelError) as caught:
        get(f"{address}/maven")
    told = [*listener.lines, (str(caught.value))]
    assert not any("cret" in line for line in told)


def test_a_password_does_not_follow_to_another_server(server, get, cache):
    told = f"Basic {b64encode(b'me:secret').decode()}"
    other = Server(dict(server.files), password=told)  # which would take it
    end = served(other)
    address = server.address.replace("http://", "http://me:secret@")
    try:
        server.moved = {path: other.address + path for path in (CODE_PATH, MODELS_PATH)}
        with pytest.raises(ModelError, match="401"):
            get(f"{address}/maven")
        other.password = None
        assert_whole(get(f"{address}/maven"), cache)
    finally:
        end()


def test_the_proxy_of_the_environment_is_used(server, get, cache, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    assert_whole(get("http://repository.invalid/maven"), cache)
    assert server.asked[0][0] == f"http://repository.invalid{CODE_PATH}"


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_server_that_tells_no_length_serves(origin, server, get, cache):
    server.has_ranges = server.tells_length = False
    assert_whole(get(origin), cache)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_cut_that_only_the_sum_can_tell_is_noticed(origin, server, get, cache):
    server.has_ranges = server.tells_length = False
    server.cuts = [50_000]
    with pytest.raises(ModelError, match=r"sha256|no jar"):
        get(origin)
    assert leftovers(cache) == set()


def test_processes_that_start_together_fetch_once(server, get, cache, listener):
    get()
    once = server.sent
    shutil.rmtree(cache)
    server.sent = 0
    with ThreadPoolExecutor(3) as pool:  # a lock holds between threads as between processes
        folders = list(pool.map(lambda _: get(), range(3)))
    assert len(set(folders)) == 1
    assert_whole(folders[0], cache)
    assert server.sent == once


def test_the_published_parts_come_from_a_folder_and_from_a_repository(shared, cache, listener):
    oracle = shared / "spice" / "oracle"
    recipe = official_recipe()
    folder = install.obtain(str(oracle), listener)
    digests = {path.name: sha256(path.read_bytes()) for path in folder.glob("*.jar")}
    assert digests[recipe.code] == recipe.code_sha256
    shutil.rmtree(folder)
    jars = {
        recipe.code: recipe.code,
        recipe.models: recipe.cut,
    }  # its entries are those of the whole
    has = Server({f"/{recipe.maven}/{n}": (oracle / jar).read_bytes() for n, jar in jars.items()})
    end = served(has)
    try:
        assert install.obtain(has.address, listener) == folder
    finally:
        end()
    assert {path.name: sha256(path.read_bytes()) for path in folder.glob("*.jar")} == digests
    assert home.find_parts().digest == recipe.digest
