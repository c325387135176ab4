"""Lesson 22: the layers of software between a model and the processor."""

from matplotlib.patches import FancyBboxPatch

from medtutor import plots

# Rows from the top: what you write, what runs it, what it runs on.
STACK = (
    ("you write", (("your model, your training loop", "black"),)),
    ("in the language of", (("Keras", "pink"),)),
    ("a backend differentiates", (("TensorFlow", "blue"), ("JAX", "orange"), ("PyTorch", "green"))),
    ("a compiler or a library", (("graph, Eigen", "blue"), ("XLA", "orange"), ("ATen", "green"))),
    ("multiplies on", (("the processor", "grey"),)),
)


@plots.styled
def software() -> None:
    """Draw them as rows of boxes."""
    fig, axes = plots.figure(width=plots.FULL * 0.85, height=3.2)
    ax = axes[0, 0]
    for row, (what, boxes) in enumerate(STACK):
        up = len(STACK) - row
        ax.text(-0.1, up, what, ha="right", va="center", color=plots.COLOURS["grey"], size=10)
        width = 6 / len(boxes)
        for k, (name, colour) in enumerate(boxes):
            box = FancyBboxPatch(
                (k * width + 0.12, up - 0.28),
                width - 0.24,
                0.56,
                boxstyle="round,pad=0.02",
                facecolor="white",
                edgecolor=plots.COLOURS[colour],
                linewidth=1.8,
            )
            ax.add_patch(box)
            ax.text((k + 0.5) * width, up, name, ha="center", va="center", size=11)
    ax.set(xlim=(-2.3, 6.1), ylim=(0.5, len(STACK) + 0.5))
    ax.set_axis_off()
    plots.show(fig, words="software")
