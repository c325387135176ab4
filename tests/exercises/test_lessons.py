"""Every exercise of every lesson: its answers, its mistakes, and its place in the notebook."""

import json
import re

import numpy as np
import pytest

from medtutor import exercises, paths
from medtutor.exercises.engine import judge, results, same

ALL = [exercises.find(key) for key in exercises.keys()]  # noqa: SIM118


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.key)
class TestExercise:
    def test_both_right_answers_pass(self, exercise):
        assert judge(exercise, exercise.reference).ok
        assert judge(exercise, exercise.second).ok

    def test_each_mistake_fails_with_its_own_hint(self, exercise):
        assert exercise.mistakes
        for mistake in exercise.mistakes:
            report = judge(exercise, mistake.answer)
            assert report.state == "failed"
            assert report.details[-1] == "Hint: " + mistake.hint
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
        assert len(exercises.solution(exercise.key)) > 0
        assert exercise.task

    def test_the_cases_are_the_same_each_time(self, exercise):
        if exercise.cases is not None:
            one = results(exercise.reference, exercise.cases(), True)
            two = results(exercise.reference, exercise.cases(), True)
            assert all(same(a, b, exercise) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(
    "lesson", sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb")), ids=lambda p: p.name[:2]
)
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
