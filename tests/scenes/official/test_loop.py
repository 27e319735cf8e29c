"""The loop that runs a program again and again in one Java, tried with a program of our own."""

import shutil
import subprocess

import pytest

from vlmeval_cli.scenes.official import shipped

TRIED = """
public class Tried {
    public static void main(String[] given) throws Exception {
        System.out.println(String.join("|", given));
        if (given[0].equals("fail")) throw new IllegalStateException("no");
        if (given[0].equals("exit")) System.exit(5);
        if (given[0].equals("sleep")) Thread.sleep(600_000);
    }
}
"""


@pytest.fixture(scope="module")
def loop(java, tmp_path_factory):
    if shutil.which("javac") is None:
        pytest.skip("no javac on this machine")
    folder = tmp_path_factory.mktemp("tried")
    (folder / "Tried.java").write_text(TRIED)
    subprocess.run(["javac", "Tried.java"], cwd=folder, check=True)
    path = f"{folder}:{shipped.json_engine()}"
    return [java, "-Xmx64m", "-cp", path, "vlmeval.ScoreLoop", "Tried"]


@pytest.fixture
def running(loop):
    pipe = subprocess.PIPE
    with subprocess.Popen(loop, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        yield process
        process.kill()


def ask(process, line):
    process.stdin.write(line)
    process.stdin.flush()


def test_every_line_is_answered_and_what_the_program_says_is_no_answer(running):
    for line in ("a\t\tb\n", "c\n"):
        ask(running, line)
        assert running.stdout.readline() == "done\n"
    running.stdin.close()
    assert running.wait(60) == 0
    assert running.stderr.read() == "a||b\nc\n"


def test_it_ends_in_the_middle_of_its_work_when_nobody_asks_any_more(running):
    ask(running, "sleep\n")
    assert running.stderr.readline() == "sleep\n"
    running.stdin.close()
    assert running.wait(60) == 0


@pytest.mark.parametrize(("what", "code"), [("fail", 70), ("exit", 5)])
def test_a_program_that_ends_is_not_answered_for(running, what, code):
    ask(running, f"{what}\n")
    assert running.stdout.readline() == ""
    assert running.wait(60) == code
