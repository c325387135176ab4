"""Every exercise of every lesson: its answers, its mistakes, and its place in the notebook."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from medtutor import exercises, paths
from medtutor.exercises.engine import Exercise, difference, judge, results

ALL = [exercises.find(key) for key in exercises.keys()]  # noqa: SIM118
SECOND = Path(__file__).parent / "second_answers"  # NN.py beside a lesson's exercises, by name
LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_a_solution_can_be_pasted_over_what_the_lesson_checks(lesson):
    """It has the same name: under another, the check would still see the empty function."""
    for cell in json.loads(lesson.read_text(encoding="utf-8"))["cells"]:
        for key, name in re.findall(r'^check\("([\d.]+)", (\w+)\)', "".join(cell["source"]), re.M):
            reference = exercises.find(key).reference
            if callable(reference) and cell["cell_type"] == "code":
                assert reference.__name__ == name


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.key)
class TestExercise:
    def test_both_right_answers_pass(self, exercise):
        assert judge(exercise, exercise.reference).ok
        assert judge(exercise, second_answer(exercise)).ok

    def test_each_mistake_fails_with_its_own_hint(self, exercise):
        assert exercise.mistakes
        for mistake in exercise.mistakes:
            with np.errstate(all="ignore"):
                report = judge(exercise, mistake.answer)
            assert report.state == "failed"
            assert report.details[-1] == "Hint: " + mistake.hint
            assert "np." not in "".join(report.details[:-1])
        assert len({m.hint for m in exercise.mistakes}) == len(exercise.mistakes)

    def test_constants_do_not_pass(self, exercise):
        """A checker that accepts zeros teaches nobody."""
        if exercise.cases is None:
            for wrong in (object(), "no such answer", np.full(3, -12345.6)):
                assert not judge(exercise, wrong).ok
            return
        expected = results(exercise.reference, exercise.cases(), True)
        for fill in (0.0, 1.0):

            def constant(*_, fill=fill):
                first = expected[0]
                return np.full(np.shape(first), fill) if np.shape(first) else fill

            assert not judge(exercise, constant).ok

    def test_hints_exist_and_the_solution_can_be_read(self, exercise):
        assert len(exercise.hints) >= 2
        assert all(len(h) > 10 for h in exercise.hints)
        shown = exercises.solution(exercise.key)
        if exercise.cases is None:
            assert shown == repr(exercise.reference)
        else:
            assert shown.startswith(f"def {exercise.reference.__name__}(")
        assert exercise.task

    def test_the_cases_are_the_same_each_time(self, exercise):
        if exercise.cases is not None:
            one = results(exercise.reference, exercise.cases(), True)
            two = results(exercise.reference, exercise.cases(), True)
            assert not any(difference(a, b, exercise) for a, b in zip(one, two, strict=True))


def names(number):
    """Names of a lesson's exercises, in the order of its file."""
    module = paths.load(paths.notebooks() / "exercises" / f"{number}.py")
    return [name for name, value in vars(module).items() if isinstance(value, Exercise)]


def second_answer(exercise):
    """Another right answer, written in another way: it keeps the checker open."""
    number, place = exercise.key.split(".")
    answers = paths.load(SECOND / f"{number}.py").SECOND
    assert list(answers) == names(number)
    return answers[names(number)[int(place) - 1]]


def test_every_lesson_has_its_file_and_no_file_names_its_lesson():
    numbers = [lesson.name[:2] for lesson in LESSONS]
    assert sorted({key[:2] for key in exercises.keys()}) == numbers  # noqa: SIM118
    assert sorted(path.stem for path in SECOND.glob("*.py")) == numbers
    for number in numbers:
        text = (paths.notebooks() / "exercises" / f"{number}.py").read_text(encoding="utf-8")
        assert not re.search(rf'"{number}\.\d|lesson_?{number}', text)


def test_a_lesson_is_renumbered_by_renaming_its_file(tmp_path, monkeypatch):
    (tmp_path / "exercises").mkdir()
    text = (paths.notebooks() / "exercises" / "00.py").read_text(encoding="utf-8")
    (tmp_path / "exercises" / "47.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(paths, "notebooks", lambda: tmp_path)
    assert exercises.keys() == ["47.1", "47.2", "47.3"]
    assert exercises.check("47.1", lambda beats, seconds: 60 * beats / seconds).ok
    assert exercises.solution("47.1").startswith("def heart_rate(")
    assert exercises.find("00.1") is None


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.name[:2])
def test_a_lesson_asks_every_exercise_it_has(lesson):
    number = lesson.name[:2]
    book = json.loads(lesson.read_text(encoding="utf-8"))
    code = "\n".join("".join(c["source"]) for c in book["cells"] if c["cell_type"] == "code")
    asked = re.findall(r'^check\("([\d.]+)"', code, re.MULTILINE)
    assert asked == exercises.keys(number)
    assert len(asked) >= 3
    for cell in book["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and re.search(r'^check\("', source, re.MULTILINE):
            shown = json.dumps(cell["outputs"])
            assert "not yet" in shown, f"{source}: the stored stub is not untouched"
            stub, answer, key = source.rpartition("check(")[0], {}, re.search(r'"([\d.]+)"', source)
            exec(stub, answer)
            name = re.search(r'^check\("[\d.]+", (\w+)\)', source, re.MULTILINE)[1]
            assert exercises.check(key[1], answer[name]).state == "not yet"
