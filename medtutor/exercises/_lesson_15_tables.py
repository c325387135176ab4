"""Exercises of lesson 15 about tables: mechanisms, mean filling, the missing indicator."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def mean_fill(x, train):
    means = np.nanmean(x[train], axis=0)
    return np.where(np.isnan(x), means, x)


def mean_fill_column_by_column(x, train):
    filled = x.copy()
    for k in range(x.shape[1]):
        known = [v for v in x[train, k] if v == v]
        filled[np.isnan(x[:, k]), k] = sum(known) / len(known)
    return filled


def _of_all_rows(x, train):
    return np.where(np.isnan(x), np.nanmean(x, axis=0), x)


def _one_mean_for_all(x, train):
    return np.where(np.isnan(x), np.nanmean(x[train]), x)


def _along_the_row(x, train):
    return np.where(np.isnan(x), np.nanmean(x, axis=1, keepdims=True), x)


def _zeros(x, train):
    return np.nan_to_num(x)


def _of_the_others(x, train):
    rest = np.setdiff1d(np.arange(len(x)), train)
    return np.where(np.isnan(x), np.nanmean(x[rest], axis=0), x)


def _each_part_its_own(x, train):
    filled = _of_the_others(x, train)
    filled[train] = mean_fill(x, train)[train]
    return filled


def _gaps_count_as_zero(x, train):
    means = np.nan_to_num(x[train]).mean(axis=0)
    return np.where(np.isnan(x), means, x)


def _only_train_rows(x, train):
    return mean_fill(x, train)[train]


def _nan_remains(x, train):
    return np.where(np.isnan(x), x[train].mean(axis=0), x)


def _everything(x, train):
    return np.tile(np.nanmean(x[train], axis=0), (len(x), 1))


def _fill_cases():
    nan = np.nan
    x = np.array([[1.0, 10.0], [nan, 20.0], [4.0, nan], [9.0, 70.0], [7.0, nan], [8.0, 60.0]])
    y = np.array([[2.0, 5.0, 1.0], [nan, 7.0, 2.0], [6.0, nan, 3.0], [3.0, 1.0, nan]])
    return [(x, np.array([0, 1, 2])), (y, np.array([0, 2])), (x, np.array([5, 3, 0, 2]))]


def with_indicator(x, means):
    missing = np.isnan(x)
    return np.hstack([np.where(missing, means, x), missing])


def with_indicator_in_place(x, means):
    n, columns = x.shape
    out = np.zeros((n, 2 * columns))
    for i in range(n):
        for k in range(columns):
            known = x[i, k] == x[i, k]
            out[i, k] = x[i, k] if known else means[k]
            out[i, columns + k] = 0 if known else 1
    return out


def _asked_after_filling(x, means):
    filled = np.where(np.isnan(x), means, x)
    return np.hstack([filled, np.isnan(filled)])


def _one_where_known(x, means):
    return np.hstack([np.where(np.isnan(x), means, x), ~np.isnan(x)])


def _without_indicator(x, means):
    return np.where(np.isnan(x), means, x)


def _one_for_the_row(x, means):
    return np.column_stack([np.where(np.isnan(x), means, x), np.isnan(x).any(axis=1)])


def _in_front(x, means):
    return np.hstack([np.isnan(x), np.where(np.isnan(x), means, x)])


def _interleaved(x, means):
    filled = np.where(np.isnan(x), means, x)
    return np.stack([filled, np.isnan(x)], axis=2).reshape(len(x), -1)


def _not_filled(x, means):
    return np.hstack([x, np.isnan(x)])


def _below(x, means):
    return np.vstack([np.where(np.isnan(x), means, x), np.isnan(x)])


def _indicator_cases():
    nan = np.nan
    x = np.array([[1.0, nan], [nan, nan], [3.0, 8.0]])
    y = np.array([[nan, 2.0, 5.0], [4.0, nan, 6.0]])
    return [(x, np.array([2.0, 7.0])), (y, np.array([9.0, 3.0, 5.5]))]


STORIES = ["mcar", "mar", "mnar", "mnar"]  # chance, a known pressure, own pain, own height


def _told(*words):
    return list(words)


TABLES = (
    Exercise(
        key="15.4",
        task="name the mechanism of four stories",
        reference=STORIES,
        second=("MCAR", "MAR", "MNAR", "MNAR"),
        mistakes=(
            Mistake(
                _told("mcar", "mnar", "mnar", "mnar"),
                "In the second story the blood pressure decides, and everybody's is written down.",
            ),
            Mistake(
                _told("mcar", "mar", "mar", "mnar"),
                "In the third story, who decides? The pain, which is the very thing not known.",
            ),
            Mistake(
                _told("mcar", "mar", "mnar", "mar"),
                "In the fourth story the height of the beat decides, and the height is what is "
                "lost.",
            ),
            Mistake(
                _told("mar", "mar", "mnar", "mnar"),
                "Flat batteries ask for nobody's values. Which word has 'completely' in it?",
            ),
            Mistake(
                _told("mcar", "mar", "mar", "mar"),
                "In the last two stories the value itself decides, and it is not known.",
            ),
            Mistake(
                _told("mcar", "mcar", "mnar", "mnar"),
                "In the second story lactate is missing more often at a normal pressure: that is "
                "not chance alone.",
            ),
        ),
        hints=(
            "Ask of each story: what decides whether the value is missing? Is that thing known?",
            "Nothing but chance: mcar. Something that is known: mar. The lost value itself: mnar.",
        ),
    ),
    Exercise(
        key="15.5",
        task="mean filling, fitted on the training rows",
        reference=mean_fill,
        second=mean_fill_column_by_column,
        mistakes=(
            Mistake(
                _of_all_rows,
                "Your mean is taken over all rows: the test rows have leaked into it.",
            ),
            Mistake(_one_mean_for_all, "One mean for the whole table mixes units. Take axis=0."),
            Mistake(_along_the_row, "You average along the row, over different quantities."),
            Mistake(_zeros, "0 is a value like any other, and here an unlikely one."),
            Mistake(_of_the_others, "You have fitted on the rows that are not for training."),
            Mistake(
                _each_part_its_own,
                "The test rows are filled with a mean of their own. A patient who comes alone has "
                "none; use that of the training rows.",
            ),
            Mistake(
                _gaps_count_as_zero,
                "Your mean counts a missing entry as 0. np.nanmean leaves it out.",
            ),
            Mistake(_only_train_rows, "Fit on the training rows, but return all rows."),
            Mistake(
                _nan_remains, "The mean of a column with NaN is NaN. np.nanmean leaves NaN out."
            ),
            Mistake(_everything, "Known entries must stay as they are."),
        ),
        hints=(
            "np.nanmean(x[train], axis=0) is the mean of each column over the training rows.",
            "np.where(np.isnan(x), means, x) puts it where an entry is missing.",
        ),
        cases=_fill_cases,
    ),
    Exercise(
        key="15.6",
        task="fill, and say where",
        reference=with_indicator,
        second=with_indicator_in_place,
        mistakes=(
            Mistake(
                _asked_after_filling,
                "All your indicators are 0: after filling nothing is missing. Ask before.",
            ),
            Mistake(_one_where_known, "Your indicator is 1 where a value is known. Turn it round."),
            Mistake(_without_indicator, "The table is filled. Where does it say what was missing?"),
            Mistake(_one_for_the_row, "One indicator for each column, not one for the row."),
            Mistake(_in_front, "The filled columns come first, the indicators after them."),
            Mistake(_interleaved, "First all filled columns, then all indicators, not in turn."),
            Mistake(_not_filled, "The gaps are still NaN. Put the mean of the column there."),
            Mistake(_below, "The indicators are columns beside the table, not rows below it."),
        ),
        hints=(
            "missing = np.isnan(x) first; then fill; then set both side by side.",
            "np.hstack([np.where(missing, means, x), missing]).",
        ),
        cases=_indicator_cases,
    ),
)
