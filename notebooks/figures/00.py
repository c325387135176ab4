"""The figure of lesson 00, which the README shows as well."""

import numpy as np

from medtutor import plots


@plots.styled
def two_readings(
    nodule: tuple[np.ndarray, float, str], heart: tuple[np.ndarray, float, float, float]
) -> None:
    """Show one nodule and one ECG, each with what a network says and what is true.

    `nodule` is crop, probability of "malignant" and true class; `heart` is millivolts, sampling
    rate, and the rate read beside the true one in beats a minute.
    """
    crop, probability, truth = nodule
    ecg, fs, rate, true_rate = heart
    fig, axes = plots.figure(1, 2, height=2.7, width_ratios=(1, 2.6))
    left, right = axes[0]
    left.imshow(crop, vmin=0, vmax=1)
    left.set(xticks=[], yticks=[], title="Simulated CT crop")
    left.set_xlabel(f"CNN: malignant {probability:.0%}\ntruth: {truth}")
    plots.lines(
        np.arange(len(ecg)) / fs,
        {"": ecg},
        ax=right,
        title="Simulated ECG",
        xlabel=f"time in s\nLSTM: {rate:.0f} bpm     truth: {true_rate:.0f} bpm",
        ylabel="voltage in mV",
    )
    plots.show(fig, "two_readings")
