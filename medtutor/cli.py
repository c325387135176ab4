"""The command line: ``medtutor lab | run | course | data | check | progress | class | …``."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from medtutor import __version__
from medtutor.errors import DataError, MedtutorError, SplitError
from medtutor.language import SUPPORTED, VARIABLE, say

Action = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 all well, 1 something failed, 2 a mistake in the call or the data."""
    parser = _parser()
    _in_words(parser)
    chosen = parser.parse_args(arguments)
    if chosen.language:
        os.environ[VARIABLE] = chosen.language  # what this command starts inherits it
    try:
        status = int(chosen.action(chosen))
        sys.stdout.flush()
        return status
    except MedtutorError as error:
        print(f"medtutor: {error}", file=sys.stderr)
        return 2 if isinstance(error, (DataError, SplitError)) else 1
    except BrokenPipeError:  # the reader has seen enough, as in `medtutor progress | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("medtutor:", say("stopped"), file=sys.stderr)
        return 130


def _whole(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """Make the reader of an argument that must be a whole number within bounds."""
    wanted = f"from {lowest} to {highest}" if highest else f"of at least {lowest}"

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = lowest - 1
        if number < lowest or (highest is not None and number > highest):
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number {wanted}")
        return number

    return read


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="medtutor", description="A course on deep learning for medical images and signals."
    )
    parser.add_argument("--version", action="version", version=f"medtutor {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, action: Action, about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about)
        made.set_defaults(action=action)
        made.add_argument(
            "--language", choices=list(SUPPORTED), help="the course in English or 中文"
        )
        return made

    lab = command("lab", _lab, "open your copy of the lessons in JupyterLab")
    lab.add_argument("--workspace", type=Path, help="folder of your copies (default: my-lessons)")
    lab.add_argument("lesson", nargs="?", default="00", help="number of the lesson to open")
    lab.add_argument("--no-browser", action="store_true", help="print the address only")
    lab.add_argument(
        "--port", type=_whole(1, 65535), default=8888, help="first port to try (default: 8888)"
    )

    run = command("run", _run, "execute one lesson, on your data if you like")
    run.add_argument("lesson", help="number of the lesson, such as 08, or its words")
    run.add_argument("--data", help="data source by name, or a folder of yours")
    run.add_argument("--out", type=Path, help="folder for notebook and results.json")
    run.add_argument(
        "--task",
        choices=("classes", "outlines", "rate", "beats"),
        help="what lesson 23 asks of images (classes, outlines) or ECG records (rate, beats)",
    )

    course = command("course", _course, "execute every lesson, several at a time")
    course.add_argument("lessons", nargs="*", help="numbers of the lessons (default: all)")
    course.add_argument("--jobs", type=_whole(1), help="lessons at a time")
    course.add_argument("--out", type=Path, default=Path("results/course"))

    data = command("data", _data, "list, download or verify data")
    verbs = data.add_subparsers(metavar="VERB", dest="verb", required=True)
    verbs.add_parser("list", help="every data source, and where it stands")
    get = verbs.add_parser("get", help="download a public data set")
    get.add_argument("name")
    get.add_argument("--mirror", help="fetch the files from this address instead")
    verify = verbs.add_parser("verify", help="compare every file with its checksum")
    verify.add_argument("name", nargs="?")

    check = command("check", _check, "run your copy of a lesson and judge its exercises")
    check.add_argument("lesson")
    check.add_argument("--workspace", type=Path)

    progress = command("progress", _progress, "show which exercises you have solved")
    progress.add_argument("--workspace", type=Path)

    command("doctor", _doctor, "find out what is wrong with this machine")

    about = "train in four hospitals as separate processes, with TLS and keys"
    federate = command("federate", _federate, about)
    federate.add_argument(
        "--rounds", type=_whole(1), default=3, help="rounds of training (default: 3)"
    )
    federate.add_argument("--mu", type=float, default=0.0, help="FedProx's spring (default: 0)")
    federate.add_argument("--data", help="data source by name, or a folder of yours")
    federate.add_argument("--stranger", action="store_true", help="let an unknown key knock first")
    federate.add_argument("--lose", choices=list("ABCD"), help="kill a hospital in the first round")
    federate.add_argument("--out", type=Path, help="folder for results.json and weights.npz")

    reset = command("reset", _reset, "begin a lesson anew; your version stays beside it")
    reset.add_argument("lesson")
    reset.add_argument("--workspace", type=Path)

    group = command("class", _class, "join the progress of many learners")
    group.add_argument("folder", type=Path, help="one folder or progress file for each learner")
    group.add_argument("--out", type=Path, help="also write a table of all states, as CSV")
    group.add_argument("--picture", type=Path, help="also draw who is stuck where (.png or .svg)")

    complete = command("completion", _completion, "print the script that completes in a shell")
    complete.add_argument("shell", choices=("bash", "zsh"))
    return parser


def _in_words(parser: argparse.ArgumentParser) -> None:
    """Put what a parser says of itself and of its commands into the reader's language."""
    parser.description = say(parser.description or "")
    for action in parser._actions:
        action.help = action.help and say(action.help)
        if isinstance(action, argparse._SubParsersAction):
            for listed in action._choices_actions:
                listed.help = say(listed.help or "")
            for each in action.choices.values():
                _in_words(each)


def _lab(chosen: argparse.Namespace) -> int:
    from medtutor import paths, runner, workspace
    from medtutor.exercises.registry import PROGRESS

    first = runner.lesson_path(chosen.lesson).name
    # Kernels run in other folders than this command: what they inherit must be absolute.
    home = (chosen.workspace or paths.workspace()).expanduser().resolve()
    folder, messages = workspace.refresh(home)
    for message in messages:
        print(say(message))
    print(say(f"Your copies of the lessons are in {folder}. Start with {first[:2]}."), flush=True)
    command = [
        *(sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"),
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.allow_remote_access=False",
        f"--ServerApp.port={chosen.port}",
        "--LabApp.news_url=None",  # without these two, JupyterLab asks the network at every start
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    if chosen.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # containers; the server still listens on loopback only
    command.append(f"--LabApp.default_url=/lab/tree/{first}")
    os.environ.update(
        {PROGRESS: str(workspace.progress_file(home)), "MEDTUTOR_WORKSPACE": str(home)}
    )
    if os.name == "nt":  # no exec on Windows: the console would come back at once
        import subprocess

        return subprocess.call(command)
    os.execv(command[0], command)


def _run(chosen: argparse.Namespace) -> int:
    from medtutor import runner

    if chosen.task:
        if not runner.lesson_path(chosen.lesson).stem.endswith("own_data"):
            raise DataError("only lesson 23 takes a task", remedy="Leave --task out, or run 23.")
        os.environ["MEDTUTOR_TASK"] = chosen.task  # the kernel of the lesson inherits it
    notebook = runner.run(chosen.lesson, chosen.data, chosen.out)
    print(say(f"Executed notebook: {notebook}"))
    for card in runner.cards(notebook)[:1]:
        print(say(f"Model card: {card}"))
    return 0


def _course(chosen: argparse.Namespace) -> int:
    from medtutor import runner

    jobs = chosen.jobs or max(1, min(4, os.cpu_count() or 1))
    outcomes = runner.course(jobs, chosen.out, chosen.lessons)
    print(say("lesson    seconds  peak MB  result"))
    for o in outcomes:
        result = say(o.error) if o.error else say("complete")
        print(f"{o.lesson:<8}{o.seconds:>9.0f}{o.peak_mb:>9.0f}  {result}")
    failed = [o.lesson for o in outcomes if o.error]
    print(say(f"Executed notebooks: {chosen.out.resolve()}"))
    if failed:
        print(say(f"Failed: {', '.join(failed)}"), file=sys.stderr)
    return 1 if failed else 0


def _data(chosen: argparse.Namespace) -> int:
    from medtutor import datasets

    if chosen.verb == "get":
        rows: Sequence[object] = datasets.get(chosen.name, mirror=chosen.mirror)
    else:
        rows = datasets.list_sources() if chosen.verb == "list" else datasets.verify(chosen.name)
    for row in rows:
        print(say(str(row)))
    return 0 if all(getattr(row, "ok", True) for row in rows) else 1


def _check(chosen: argparse.Namespace) -> int:
    from medtutor import workspace

    return workspace.check_copy(chosen.lesson, chosen.workspace)


def _progress(chosen: argparse.Namespace) -> int:
    from medtutor import workspace

    return workspace.show_progress(chosen.workspace)


def _reset(chosen: argparse.Namespace) -> int:
    from medtutor import workspace

    print(workspace.reset(chosen.lesson, chosen.workspace))
    return 0


def _class(chosen: argparse.Namespace) -> int:
    from medtutor import classroom

    return classroom.show(chosen.folder, chosen.out, chosen.picture)


def _completion(chosen: argparse.Namespace) -> int:
    import shtab

    from medtutor import runner

    parser = _parser()
    commands: Any = next(each for each in parser._actions if isinstance(each.choices, dict))
    for word in (each for command in commands.choices.values() for each in command._actions):
        if word.type is Path or word.dest == "data":
            word.complete = shtab.FILE
        elif word.dest in ("lesson", "lessons"):
            word.choices = [lesson.name[:2] for lesson in runner.all_lessons()]
    print(shtab.complete(parser, chosen.shell))
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from medtutor import doctor

    return doctor.main()


def _federate(chosen: argparse.Namespace) -> int:
    from medtutor import paths, runner

    runner.data_setting(chosen.data)  # a wrong name is told before anything starts
    # The app, and what starts it, stand beside the package: Flower takes an app as a folder.
    return int(paths.load(paths.root() / "federation" / "deploy.py").main(chosen))
