"""Exercises of lesson 14, heart rate with an LSTM."""

import numpy as np

from medtutor.exercises._lesson_14_network import NETWORK
from medtutor.exercises._lesson_14_trust import TRUST
from medtutor.exercises.engine import Exercise, Mistake


def to_bpm(z, rate_mean, rate_std, change_std):
    rate = z[:, 0] * rate_std + rate_mean
    change = z[:, 1] * change_std
    return np.stack([rate, change], axis=1)


def to_bpm_in_one_line(z, rate_mean, rate_std, change_std):
    return z * np.array([rate_std, change_std]) + np.array([rate_mean, 0.0])


def _normalises_again(z, rate_mean, rate_std, change_std):
    return np.stack([(z[:, 0] - rate_mean) / rate_std, z[:, 1] / change_std], axis=1)


def _mean_for_both(z, rate_mean, rate_std, change_std):
    return z * [rate_std, change_std] + rate_mean


def _one_spread(z, rate_mean, rate_std, change_std):
    return z * rate_std + [rate_mean, 0.0]


def _mean_forgotten(z, rate_mean, rate_std, change_std):
    return z * [rate_std, change_std]


def _order_turned(z, rate_mean, rate_std, change_std):
    return np.stack([(z[:, 0] + rate_mean) * rate_std, z[:, 1] * change_std], axis=1)


def _columns_apart(z, rate_mean, rate_std, change_std):
    return to_bpm(z, rate_mean, rate_std, change_std).T


def _target_cases():
    z = np.array([[0.0, 0.0], [1.0, -1.0], [-0.5, 2.0]])
    return [(z, 80.0, 20.0, 5.0), (z[1:], 71.5, 12.0, 3.5)]


def mae_two_ways(error, subject):
    wrong = np.abs(error)
    per_subject = [wrong[subject == s].mean() for s in np.unique(subject)]
    return wrong.mean(), np.mean(per_subject)


def mae_with_bincount(error, subject):
    wrong = np.abs(error)
    _, who = np.unique(subject, return_inverse=True)
    means = np.bincount(who, wrong) / np.bincount(who)
    return float(wrong.mean()), float(means.mean())


def _sign_kept(error, subject):
    means = [error[subject == s].mean() for s in np.unique(subject)]
    return error.mean(), np.mean(means)


def _abs_too_late(error, subject):
    means = [error[subject == s].mean() for s in np.unique(subject)]
    return abs(error.mean()), np.mean(np.abs(means))


def _swapped(error, subject):
    return mae_two_ways(error, subject)[::-1]


def _pooled_twice(error, subject):
    return np.abs(error).mean(), np.abs(error).mean()


def _sum_over_subjects(error, subject):
    wrong = np.abs(error)
    return wrong.mean(), sum(wrong[subject == s].mean() for s in np.unique(subject))


def _root_mean_square(error, subject):
    means = [np.sqrt((error[subject == s] ** 2).mean()) for s in np.unique(subject)]
    return np.sqrt((error**2).mean()), np.mean(means)


def _median(error, subject):
    wrong = np.abs(error)
    return np.median(wrong), np.mean([np.median(wrong[subject == s]) for s in np.unique(subject)])


def _list_of_subjects(error, subject):
    wrong = np.abs(error)
    return wrong.mean(), np.array([wrong[subject == s].mean() for s in np.unique(subject)])


def _error_cases():
    error = np.array([0.5, -0.5, 1.0, -8.0, 9.5, 0.2])
    return [
        (error, np.array(["A", "A", "A", "B", "B", "C"])),
        (np.array([1.0, -3.0, 2.0, 2.0]), np.array(["S2", "S1", "S2", "S2"])),
    ]


def to_sequences(windows, width):
    n, samples = windows.shape
    return windows.reshape(n, samples // width, width)


def sequences_by_slicing(windows, width):
    steps = [windows[:, start : start + width] for start in range(0, windows.shape[1], width)]
    return np.stack(steps, axis=1)


def _one_step_with_all_samples(windows, width):
    return windows[:, None, :]


def _steps_last(windows, width):
    return windows.reshape(len(windows), -1, width).transpose(0, 2, 1)


def _wrong_way_round(windows, width):
    return windows.reshape(len(windows), width, -1)


def _samples_apart(windows, width):
    return windows.reshape(len(windows), width, -1).transpose(0, 2, 1)


def _time_first(windows, width):
    return to_sequences(windows, width).transpose(1, 0, 2)


def _axis_for_one_sample(windows, width):
    return windows[:, :, None]


def _one_window_of_many(windows, width):
    return windows.reshape(1, -1, width)


def _sequence_cases():
    rng = np.random.default_rng(141)
    return [
        (np.arange(24.0).reshape(2, 12), 1),
        (np.arange(24.0).reshape(2, 12), 4),
        (rng.normal(size=(3, 20)), 2),
    ]


EXERCISES = (
    Exercise(
        key="14.1",
        task="normalised targets back to beats a minute",
        reference=to_bpm,
        second=to_bpm_in_one_line,
        mistakes=(
            Mistake(
                _normalises_again, "That normalises once more. Solve the formula for the rate."
            ),
            Mistake(_mean_for_both, "A change of 0 must stay 0: nothing was taken off."),
            Mistake(_one_spread, "Rate and change have each a spread of their own."),
            Mistake(_mean_forgotten, "What is the rate for z = 0? The training mean."),
            Mistake(_order_turned, "Undo the last step first: multiply, then add."),
            Mistake(_columns_apart, "The columns should stay columns: shape (n, 2)."),
        ),
        hints=(
            "Solve both formulas above for rate and for change.",
            "First column: z * rate_std + rate_mean. Second column: z * change_std.",
        ),
        cases=_target_cases,
    ),
    Exercise(
        key="14.2",
        task="mean absolute error over windows, and over subjects",
        reference=mae_two_ways,
        second=mae_with_bincount,
        mistakes=(
            Mistake(_sign_kept, "An error of +5 and one of -5 must not cancel."),
            Mistake(
                _abs_too_late,
                "Take the absolute value of each error before you average; after it, errors have "
                "already cancelled.",
            ),
            Mistake(_swapped, "Right numbers, other order: all windows first."),
            Mistake(_pooled_twice, "In the second number each subject counts once."),
            Mistake(_sum_over_subjects, "With more subjects your second number grows: average."),
            Mistake(
                _root_mean_square,
                "That is the root mean square error; it weighs large errors more.",
            ),
            Mistake(_median, "Asked for is the mean. The median does not see the worst windows."),
            Mistake(_list_of_subjects, "One step is left: the mean over the subjects."),
        ),
        hints=(
            "For the second number make a list with one value for each subject, then average it.",
            "np.unique(subject) names the subjects; np.abs(error)[subject == s].mean() is the "
            "value of one.",
        ),
        cases=_error_cases,
    ),
    Exercise(
        key="14.3",
        task="windows to sequences of steps that an LSTM reads",
        reference=to_sequences,
        second=sequences_by_slicing,
        mistakes=(
            Mistake(
                _one_step_with_all_samples,
                "Your LSTM gets a single time step with all samples as features. It runs, and it "
                "has nothing to remember. Time is the second axis.",
            ),
            Mistake(_steps_last, "Steps and features are exchanged: time is the second axis."),
            Mistake(
                _wrong_way_round,
                "You made `width` steps. `width` is the number of samples in each step.",
            ),
            Mistake(
                _samples_apart,
                "The shape is right, but the samples of a step come from distant places. Look at "
                "your first step: it should hold the first `width` samples.",
            ),
            Mistake(_time_first, "Keras wants the windows on the first axis, then time."),
            Mistake(
                _axis_for_one_sample,
                "That is right for a width of 1. How many steps are there with a width of 4?",
            ),
            Mistake(_one_window_of_many, "You joined all windows into one long sequence."),
        ),
        hints=(
            "Three axes: windows, steps, samples in a step. What is the length of the second?",
            "Neighbouring samples are neighbours in memory, so one reshape is enough: "
            "(n, samples // width, width).",
        ),
        cases=_sequence_cases,
    ),
    *NETWORK,
    *TRUST,
)
