"""Figures that lesson 03 alone draws."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np

from medtutor import knobs, plots

_MINUS = "\N{MINUS SIGN}"
_DIVERGING = mpl.colormaps["RdBu_r"].resampled(21)


@plots.styled
def weighted_sum(
    crops: Sequence[np.ndarray],
    template: np.ndarray,
    names: Sequence[str],
    words: str,
    bias: float = 0.0,
    limits: tuple[float, float] = (-0.2, 1.4),
) -> None:
    """Show a dot product as a picture: crop times template, pixel by pixel, then the sum."""
    fig, axes = plots.figure(len(crops), 3, width=7.2, height=2.15 * len(crops) + 0.1)
    products = [crop * template for crop in crops]
    most = float(np.abs(products).max())
    widest = float(np.abs(template).max())
    for row, crop, product, name in zip(axes, crops, products, names, strict=True):
        pixel = row[0].imshow(crop, vmin=limits[0], vmax=limits[1])
        weight = row[1].imshow(template, vmin=-widest, vmax=widest, cmap=_DIVERGING)
        part = row[2].imshow(product, vmin=-most, vmax=most, cmap=_DIVERGING)
        row[0].set_title(f"{name}: pixels x")
        row[1].set_title("times weights w")
        row[2].set_title(f"products; sum {_signed(product.sum() + bias)}")
        for ax, shown, label in zip(row, (pixel, weight, part), ("x", "w", "x · w"), strict=True):
            ax.set_xticks([])
            ax.set_yticks([])
            fig.colorbar(shown, ax=ax, fraction=0.046, label=label)
    plots.show(fig, words)


@plots.styled
def response(
    scores: np.ndarray,
    probabilities: np.ndarray,
    temperatures: Mapping[float, np.ndarray],
    names: Sequence[str],
    words: str,
) -> None:
    """Show how probabilities follow one score, and what a temperature does to them."""
    count = len(temperatures)
    fig, axes = plots.figure(
        1, 1 + count, height=2.9, sharey=True, width_ratios=[2.6, *([1] * count)]
    )
    ax = axes[0, 0]
    for name, values, look in plots.looks(dict(zip(names, probabilities.T, strict=True))):
        ax.plot(scores, values, label=name, **look)
    ax.set(xlabel="score of the first class", ylabel="probability", ylim=(0, 1.02))
    ax.legend(loc="center left")
    for ax, (temperature, bars) in zip(axes[0, 1:], temperatures.items(), strict=True):
        ax.bar(range(len(bars)), bars, color=plots.INKS[: len(bars)])
        ax.set_title(f"T = {temperature:g}")
        ax.set_xticks(range(len(bars)), [name.split(",")[0] for name in names])
    plots.show(fig, words)


@plots.styled
def surprise(marks: Sequence[float], words: str) -> None:
    """Show the surprise -log p of an event that had the probability p."""
    fig, axes = plots.figure(width=plots.HALF, height=2.9)
    ax = axes[0, 0]
    p = np.linspace(0.005, 1, 400)
    ax.plot(p, -np.log(p), color=plots.COLOURS["blue"])
    for mark in marks:
        ax.plot(mark, -np.log(mark), "o", color=plots.COLOURS["orange"])
        ax.text(mark + 0.025, -np.log(mark) + 0.08, f"p = {mark:g}: {abs(np.log(mark)):.2f}")
    ax.set(
        xlabel="probability p given to what happened",
        ylabel=f"surprise {_MINUS}log p in nats",
        xlim=(0, 1.22),
        ylim=(0, None),
    )
    ax.set_xticks(np.linspace(0, 1, 6))
    plots.show(fig, words)


@plots.styled
def digits(margins: np.ndarray, errors: Mapping[str, np.ndarray], words: str) -> None:
    """Show the relative error of a loss that was computed with few digits."""
    fig, axes = plots.figure(height=3.0)
    ax = axes[0, 0]
    floor, top = 1e-9, 30.0  # where errors of 0 and of infinity are drawn
    for k, (name, error) in enumerate(errors.items()):
        finite = np.isfinite(error)
        look = {"color": plots.COLOURS[("orange", "blue")[k % 2]], "linestyle": "", "zorder": 4 - k}
        ax.plot(
            margins[finite],
            np.maximum(error[finite], floor),
            "o" if k == 0 else "s",
            fillstyle="none" if k == 0 else "full",
            markersize=(7, 3)[k % 2],
            label=name,
            **look,
        )
        ax.plot(margins[~finite], np.full(np.sum(~finite), top), "x", markersize=6, **look)
    if any(not np.isfinite(e).all() for e in errors.values()):
        ax.text(margins.min(), top * 3, "the loss is infinite", va="bottom")
    ax.axhline(1, color=plots.COLOURS["grey"], linewidth=1, linestyle=":")
    ax.text(-30, 1.6, "no digit is right", ha="center", color=plots.COLOURS["grey"])
    ax.text(-60, floor * 4, "every digit is right", ha="center", color=plots.COLOURS["grey"])
    ax.set_yscale("log")
    ax.set(
        xlabel="score of the true class minus the other",
        ylabel="relative error of the loss",
        ylim=(4e-10, 1e4),
    )
    ax.legend(loc="center", bbox_to_anchor=(0.5, 0.42))
    plots.show(fig, words)


@plots.styled
def gradient(p: np.ndarray, y: np.ndarray, names: Sequence[str], words: str) -> None:
    """Show the gradient of the loss as bars: what was said, what is true, the difference."""
    fig, axes = plots.figure(1, 3, height=2.6, sharey=True)
    parts = {"p: what was said": p, f"{_MINUS} y: what is true": y, f"= p {_MINUS} y": p - y}
    for ax, (title, bars) in zip(axes[0], parts.items(), strict=True):
        colours = [plots.COLOURS["blue" if b >= 0 else "orange"] for b in bars]
        ax.bar(range(len(bars)), bars, color=colours)
        for c, b in enumerate(bars):
            ax.text(
                c,
                b + (0.04 if b >= 0 else -0.04),
                _signed(b, 2),
                ha="center",
                va="bottom" if b >= 0 else "top",
            )
        ax.axhline(0, color=plots.COLOURS["black"], linewidth=0.8)
        ax.set_title(f"{title} (sum {_signed(bars.sum(), 0)})")
        ax.set_xticks(range(len(bars)), names)
    axes[0, 0].set(ylabel="probability", ylim=(-1.0, 1.3))
    plots.show(fig, words)


@plots.styled
def templates(
    pictures: Sequence[np.ndarray],
    titles: Sequence[str],
    words: str,
    pixel_mm: float | None = None,
) -> None:
    """Show weights as images: red speaks for the class, blue against it."""
    count = len(pictures)
    fig, axes = plots.figure(1, count, height=plots.FULL / count + 0.3)
    for ax, picture, title in zip(axes[0], pictures, titles, strict=True):
        half = np.array(picture.shape) * (pixel_mm or 1) / 2
        most = float(np.abs(picture).max()) or 1.0
        shown = ax.imshow(
            picture / most,
            vmin=-1,
            vmax=1,
            cmap=_DIVERGING,
            extent=(-half[1], half[1], half[0], -half[0]),
        )
        ax.set_title(f"{title}\nlargest weight {most:.2g}")
        ax.set_xlabel("mm from the middle" if pixel_mm else "pixels from the middle")
    bar = fig.colorbar(shown, ax=axes[0], fraction=0.03, ticks=[-1, 0, 1])
    bar.set_ticklabels(["against", "0", "for"])
    axes[0, 0].set_ylabel("mm from the middle" if pixel_mm else "pixels from the middle")
    plots.show(fig, words)


@plots.styled
def boundaries(
    points: np.ndarray,
    labels: np.ndarray,
    fields: Mapping[str, np.ndarray],
    words: str,
    reach: float = 1.2,
) -> None:
    """Show what two-class models say all over the plane, and the points that taught them."""
    fig, axes = plots.figure(1, len(fields), width=plots.FULL, height=3.3)
    extent = (-reach, reach, -reach, reach)
    for ax, (title, field) in zip(axes[0], fields.items(), strict=True):
        shown = ax.imshow(
            field,
            vmin=0,
            vmax=1,
            cmap=_DIVERGING,
            alpha=0.6,
            extent=extent,
            origin="lower",
            interpolation="bilinear",
        )
        if field.min() < 0.5 < field.max():
            ax.contour(field, [0.5], colors="black", linewidths=1.5, extent=extent)
        for c, (marker, ink) in enumerate((("o", "blue"), ("^", "orange"))):
            mine = labels == c
            ax.plot(
                *points[mine].T,
                marker,
                color=plots.COLOURS[ink],
                markersize=3.5,
                label=f"class {c}",
            )
        ax.set(title=title, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    axes[0, 0].legend(loc="upper left", bbox_to_anchor=(-0.62, 1), handletextpad=0.2)
    fig.colorbar(shown, ax=axes[0], fraction=0.03, label="probability of class 1")
    plots.show(fig, words)


def _signed(value: float, decimals: int = 1) -> str:
    """Write a number with a true minus sign."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", _MINUS)


def softmax_to_turn(
    scores: np.ndarray, temperatures: Sequence[float], names: Sequence[str], words: str
) -> None:
    """Let the first of three scores and the temperature be turned; B has a score of 1, C of 0."""
    first, T = scores[:, None, None], np.asarray(temperatures)[None, :, None]
    z = np.concatenate([first, np.ones_like(first), np.zeros_like(first)], axis=2)
    lifted = np.exp((z - z.max(axis=2, keepdims=True)) / T)
    p = lifted / lifted.sum(axis=2, keepdims=True)
    along = [p[:, :, c].T[None] for c in range(3)]  # every score at this temperature
    curves = {name: (scores, y) for name, y in zip(names, along, strict=True)}
    curves["now"] = (np.broadcast_to(first, (len(scores), 1, 3)), p)
    drawn = knobs.curves(
        curves,
        dots=["now"],
        title="probabilities",
        xlabel="score of A",
        ylabel="probability",
        xlim=(float(scores[0]), float(scores[-1])),
        ylim=(0, 1),
    )
    table = np.stack(np.broadcast_arrays(z, z / T, p), axis=-1)
    heads = [name.split(",")[0] for name in names], ["z", "z / T", "p"]
    knobs.show(
        {"score of A": scores, "temperature T": temperatures},
        [drawn, knobs.cells(table, title="scores and probabilities", heads=heads, side=56)],
        start=(2, 1),
        says="A gets {:.2f}, B {:.2f} and C {:.2f}. B has {:.2f} times what C has.",
        numbers=[*np.moveaxis(p, 2, 0), np.exp(1 / T[..., 0])],
        words=words,
    )
