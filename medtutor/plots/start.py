"""The figure of lesson 00, which the README shows as well."""

import numpy as np

from medtutor.plots.style import COLOURS, FULL, show


def two_readings(
    crop: np.ndarray,
    probability: float,
    truth: str,
    ecg: np.ndarray,
    fs: float,
    rate: float,
    true_rate: float,
) -> None:
    """Show one nodule and one ECG, each with what a network says and what is true.

    Parameters
    ----------
    crop : ndarray of shape (h, w)
        The nodule, 0 black to 1 white.
    probability : float
        Probability of "malignant" that the CNN gives.
    truth : str
        The class of the nodule.
    ecg : ndarray of shape (samples,)
        Millivolts.
    fs : float
        Sampling rate in hertz.
    rate, true_rate : float
        Heart rate that the LSTM reads, and the true one, in beats a minute.
    """
    from matplotlib.figure import Figure

    fig = Figure(figsize=(FULL, 2.7), layout="constrained")
    left, right = fig.subplots(1, 2, width_ratios=(1, 2.6))
    left.imshow(crop, vmin=0, vmax=1)
    left.set_xticks([])
    left.set_yticks([])
    left.set_title("Simulated CT crop")
    left.set_xlabel(f"CNN: malignant {probability:.0%}\ntruth: {truth}")
    seconds = np.arange(len(ecg)) / fs
    right.plot(seconds, ecg, color=COLOURS["blue"], linewidth=1)
    right.set_title("Simulated ECG")
    right.set_xlabel(f"time in s\nLSTM: {rate:.0f} bpm     truth: {true_rate:.0f} bpm")
    right.set_ylabel("voltage in mV")
    show(
        fig,
        "Left, a simulated CT crop with a nodule in the middle, and under it the probability that "
        "the CNN gives to malignant beside the true class. Right, five seconds of a simulated ECG, "
        "and under it the heart rate that the LSTM reads beside the true one.",
    )
