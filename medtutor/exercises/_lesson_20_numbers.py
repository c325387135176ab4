"""Answers to the exercises of lesson 20 on how much a number of samples is worth."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def honest_count(n, m, rho):
    return n / (1 + (m - 1) * rho)


def honest_count_by_parts(n, m, rho):
    patients = n / m
    return patients * m / (1 - rho + m * rho)


def _patients(n, m, rho):
    return n / m


def _all_others(n, m, rho):
    return n / (1 + (n - 1) * rho)


def _itself_too(n, m, rho):
    return n / (1 + m * rho)


def _times(n, m, rho):
    return n * (1 + (m - 1) * rho)


def _effect_only(n, m, rho):
    return 1 + (m - 1) * rho


def _discount(n, m, rho):
    return n * (1 - rho)


def _count_cases():
    return [(200, 1, 0.5), (200, 5, 0.0), (200, 5, 1.0), (300, 4, 0.3), (1000, 20, 0.6)]


def at_most(n):
    return 1 - 0.05 ** (1 / n)


def at_most_by_logarithms(n):
    return -np.expm1(np.log(0.05) / n)


def _rule_of_three(n):
    return 3 / n


def _zero(n):
    return 0.0 * n


def _two_sided(n):
    return 1 - 0.025 ** (1 / n)


def _other_tail(n):
    return 1 - 0.95 ** (1 / n)


def _chance_of_none(n):
    return 0.05 ** (1 / n)


def _one_more(n):
    return 1 / n


def _none_cases():
    return [(1,), (5,), (20,), (100,), (1000,)]


HONEST = Exercise(
    key="20.3",
    task="how many independent samples a clustered set is worth",
    reference=honest_count,
    second=honest_count_by_parts,
    mistakes=(
        Mistake(
            _patients,
            "That is right where all samples of a patient are alike, rho = 1. And where rho = 0?",
        ),
        Mistake(_all_others, "A sample resembles the others of its patient, not those of all."),
        Mistake(_itself_too, "A sample has m - 1 others of the same patient, not m."),
        Mistake(_times, "Resemblance makes the set worth less. Divide."),
        Mistake(_effect_only, "That is the design effect. Divide n by it."),
        Mistake(_discount, "With more samples of each patient the loss grows: m has to come in."),
    ),
    hints=(
        "The design effect is 1 + (m - 1) rho.",
        "n divided by the design effect. At rho = 1 that is n / m, the number of patients.",
    ),
    cases=_count_cases,
)

NONE_WRONG = Exercise(
    key="20.4",
    task="what no error among n patients allows to say",
    reference=at_most,
    second=at_most_by_logarithms,
    mistakes=(
        Mistake(
            _rule_of_three,
            "The rule of three is a good approximation for many patients; with 1 it says 300 %. "
            "Solve the equation.",
        ),
        Mistake(_zero, "None seen is not none there. With 5 patients you would not bet on 0."),
        Mistake(_two_sided, "The rate cannot be below 0: all of the 5 % is on one side."),
        Mistake(_other_tail, "At that rate 95 % of the studies would see none. Take 5 %."),
        Mistake(_chance_of_none, "That is the share that goes well. Return the share that fails."),
        Mistake(_one_more, "One error among n is a guess. Solve (1 - p) ** n = 0.05 for p."),
    ),
    hints=(
        "If the true rate is p, the chance of no error among n patients is (1 - p) ** n.",
        "Set it to 0.05 and solve for p: take the n-th root.",
    ),
    cases=_none_cases,
)
