"""Images with outlines, from the samples to a tested network that draws.

The small U-Net, its losses and its threshold are those that lesson 13 writes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from medtutor import metrics, plots
from medtutor.capstone import copies
from medtutor.capstone.card import CardPicture, picture
from medtutor.capstone.pictures import Pictures
from medtutor.capstone.work import Outcome, Score, difference, with_width
from medtutor.errors import DataError
from medtutor.splits import Split
from medtutor.types import Flag, ImageSet, Interval

if TYPE_CHECKING:
    import keras

CROP, WHOLE = 64, 128  # pixels per side: of crops around a finding, and of other images
STEPS, EPOCHS, BATCH = 360, 10, 16
THRESHOLDS = np.arange(0.05, 1, 0.05)
FEWEST = 10  # outlines that are not empty, below which nothing can be learned


@dataclass
class Outlines(Pictures):
    """A folder of images with outlines on its way to a model card."""

    task = "outlines"
    threshold: float = 0.5

    @classmethod
    def of(cls, work: Pictures) -> Outlines:
        """Ask of images where the finding is, in place of which class they are of."""
        data = work.data
        if data.masks is None:
            raise DataError(
                "there are no outlines to learn from",
                remedy="Put images of the same names and sizes into a folder masks/, 0 outside.",
            )
        area = np.array([np.count_nonzero(mask) / np.size(mask) for mask in data.masks])
        if np.count_nonzero(area) < FEWEST:
            raise DataError(
                f"{np.count_nonzero(area)} of {len(area)} outlines are not empty, {FEWEST} at "
                "least are needed",
                remedy="Look at masks/: outside is 0, the finding anything else.",
            )
        if len(data.class_names) < 2:  # the split deals out small and large ones evenly
            halves = (area > np.median(area)).astype(np.int64)
            data = replace(data, labels=halves, class_names=("smaller", "larger"))
        return cls(data, work.flags, side=CROP if work.around_a_finding else WHOLE)

    @property
    def output(self) -> str:
        """What the network says, for the card."""
        views = "the mean over four mirror images, " if self.around_a_finding else ""
        return (
            f"probability of the finding for each pixel: {views}inside above {self.threshold:.2f}."
        )

    def inspect(self) -> tuple[list[Flag], list[copies.Twin]]:
        """Look for what `Pictures` looks for, and for outlines of nothing."""
        flags, found = super().inspect()
        reason = "nothing is drawn: is there nothing, or has nobody looked?"
        masks: Any = self.data.masks
        empty = [k for k, mask in enumerate(masks) if not np.any(mask)]
        return [*flags, *(Flag(self.items[k], "empty outline", reason) for k in empty)], found

    def train(self, split: Split, seed: int = 0) -> dict[str, list[float]]:
        """Train `unet`; the validation part says when to stop, and where to cut."""
        import keras

        from medtutor.training import Progress, cosine_schedule, feed

        everyone = np.arange(len(self.labels))
        x, inside = self.inputs(everyone), self.drawn(everyone)
        if not inside[split.train].any():
            raise DataError(
                "every outline of the training part is empty", remedy="Give more images."
            )
        self.network = unet(x.shape[1:], seed)
        self.network.compile(keras.optimizers.Adam(cosine_schedule(4e-3, STEPS)), loss)
        v, upright = split.validation, not self.around_a_finding
        rng = np.random.default_rng(seed)
        callbacks = [Progress(len(split.train), "images", EPOCHS, "epoch")]
        if len(v):
            best = keras.callbacks.EarlyStopping(patience=EPOCHS, restore_best_weights=True)
            callbacks.append(best)
        history = self.network.fit(
            feed(batches(x[split.train], inside[split.train], rng, upright)),
            steps_per_epoch=STEPS // EPOCHS,
            epochs=EPOCHS,
            shuffle=False,
            validation_data=(x[v], inside[v, ..., None].astype(np.float32)) if len(v) else None,
            validation_batch_size=BATCH,
            callbacks=callbacks,
            verbose=0,
        )
        if len(v):
            p, share = self.predict(v), self._share(v)
            found = [np.mean(dice(p > cut, share)) for cut in THRESHOLDS]
            self.threshold = float(THRESHOLDS[np.argmax(found)])
        return {name: [*map(float, values)] for name, values in history.history.items()}

    def predict(self, indices: np.ndarray) -> np.ndarray:
        """Give the probability of each pixel, shape (n, side, side)."""
        x = self.inputs(indices)
        ways = [(1, 1), (1, -1), (-1, 1), (-1, -1)] if self.around_a_finding else [(1, 1)]
        views = [
            self.model.predict(x[:, ::a, ::b], BATCH, verbose=0)[:, ::a, ::b, 0] for a, b in ways
        ]
        return np.mean(views, axis=0)

    def _share(self, indices: np.ndarray) -> np.ndarray:
        """Give the share of readers who have each pixel inside; with one reader it is 0 or 1."""
        counts, drew = self._readers(indices)
        return counts / drew[:, None, None]

    def _readers(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Count the readers who have each pixel inside, and those who drew at all."""
        from medtutor.ct import readers

        data: ImageSet = self.data
        counts = data.readers
        if counts is None or counts.shape[1:] != (self.side, self.side):
            return self.drawn(indices).astype(int), np.ones(len(indices), int)
        drew = readers.who_drew(data.table)[indices]
        return counts[indices].astype(int), np.maximum(drew, 1)

    def _classical(self, split: Split) -> np.ndarray:
        """Outline by Otsu's threshold: a crop's middle, else the side that training images say."""
        from skimage.filters import threshold_otsu

        from medtutor.ct import features

        if self.around_a_finding:
            return features.segment(self.inputs(split.test))

        def bright(indices: np.ndarray) -> np.ndarray:
            grey = self.inputs(indices)[..., 0]
            return np.stack([g > threshold_otsu(g) for g in grey])

        some = split.train[:200]
        guess, share = bright(some), self._share(some)
        darker = np.mean(dice(~guess, share)) > np.mean(dice(guess, share))
        return bright(split.test) ^ darker

    def test(self, split: Split, groups: np.ndarray) -> Outcome:
        """Test once: Dice with intervals over `groups`, beside a threshold and beside readers."""
        who, share = groups[split.test], self._share(split.test)
        masks = {
            "the network": self.predict(split.test) > self.threshold,
            "Otsu's threshold": self._classical(split),
        }
        scores = {name: dice(mask, share) for name, mask in masks.items()}
        counts, drew = self._readers(split.test)
        if np.all(drew > 1):
            pairs = np.sum(counts * (counts - 1), axis=(1, 2)) / (drew * (drew - 1))
            scores["readers among themselves"] = pairs / np.maximum(
                np.sum(share, axis=(1, 2)), 1e-9
            )
        names = ("own.outline.dice", "own.outline.baseline.dice", "own.outline.readers.dice")
        outcome = Outcome()
        for name, (what, found) in zip(names, scores.items(), strict=False):
            outcome.scores.append(Score(name, f"Dice of {what}", over_people(found, who)))
        ours = scores.pop("the network")
        for what, other in scores.items():
            gap = metrics.bootstrap(np.mean, ours - other, groups=who)
            outcome.sentences.append(difference("Dice of the network", f"Dice of {what}", gap))
        area, empty = share.sum(axis=(1, 2)), ~np.any(masks["the network"], axis=(1, 2))
        outcome.sentences.append(
            f"The network draws nothing in {empty.sum()} of {len(empty)} test images; in "
            f"{np.sum(area == 0)} nothing is drawn by hand. Two empty outlines agree (1), one is "
            "a miss or a false find (0)."
        )
        parts = np.array_split(np.argsort(area, kind="stable"), 3)
        rows = [
            [name, str(len(part)), str(over_people(ours[part], who[part]))]
            for name, part in zip(("smallest", "middle", "largest"), parts, strict=True)
            if len(part)
        ]
        head = ["third of outlines by size", "test images", "Dice of the network"]
        outcome.tables.append(("Small outlines and large ones", head, rows))
        return outcome

    @plots.styled
    def explain(self, split: Split) -> list[CardPicture]:
        """Show the outlines of the test images drawn best, typically and worst."""
        drawn = self.predict(split.test) > self.threshold
        found = dice(drawn, self._share(split.test))
        order = np.argsort(-found, kind="stable")
        shown = [order[0], order[len(order) // 2], order[-1]]
        images, by_hand = self.inputs(split.test[shown])[..., 0], self.drawn(split.test[shown])
        fig, axes = plots.figure(1, len(shown), height=2.9)
        inks = (plots.COLOURS["orange"], "solid"), (plots.COLOURS["sky"], "dashed")
        for row, name in enumerate(("best", "median", "worst")):
            ax, k = axes[0, row], shown[row]
            ax.imshow(images[row], cmap="gray")
            for mask, (ink, line) in zip((by_hand[row], drawn[k]), inks, strict=True):
                if mask.any() and not mask.all():
                    ax.contour(mask, [0.5], colors=ink, linestyles=line, linewidths=2.2)
            ax.set(xticks=[], yticks=[], title=f"{name}: Dice {found[k]:.2f}")
        axes[0, 1].set_xlabel("line: by hand; broken line: by the network")
        text = (
            "Three test images: the one that the network outlines best, the median, and the worst, "
            "each with the outline by hand as a line and the network's as a broken line."
        )
        caption = "Outlines by hand (line) and by the network (broken line)."
        return [picture(fig, text, caption, of_patients=True)]

    def inside(self, split: Split) -> tuple[Interval, float] | None:
        """Give nothing: what is drawn is the answer itself."""
        return None


def dice(masks: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Compare with the share of readers who have a pixel inside: 2 x shared / (sum of sizes)."""
    size = np.sum(masks, axis=(1, 2)) + np.sum(share, axis=(1, 2))
    shared = 2 * np.sum(masks * share, axis=(1, 2))
    # two empty outlines agree
    return np.divide(shared, size, out=np.ones(len(size)), where=size > 0)


def over_people(found: np.ndarray, who: np.ndarray) -> Interval:
    """Give a mean Dice with its interval over people."""
    interval = metrics.bootstrap(np.mean, found, groups=who, bounds=(0, 1))
    return with_width(interval, len(np.unique(who)))


def unet(input_shape: tuple[int, int, int], seed: int = 0) -> keras.Model:
    """Build the small U-Net of lesson 13; 8 divides height and width."""
    import keras
    from keras import layers

    def block(maps: Any, filters: int, times: int = 2) -> Any:
        for _ in range(times):
            maps = layers.Conv2D(filters, 3, padding="same", use_bias=False)(maps)
            maps = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(maps))
        return maps

    keras.utils.set_random_seed(seed)
    image = keras.Input(input_shape, name="image")
    down = [block(image, 8, times=1)]
    for filters in (16, 24, 32):
        down.append(block(layers.MaxPooling2D()(down[-1]), filters))
    maps = down.pop()
    for filters in (24, 16, 8):
        maps = layers.Concatenate()([layers.UpSampling2D()(maps), down.pop()])
        maps = block(maps, filters, times=1)
    rare = keras.initializers.Constant(-3)  # begin with "hardly any pixel is inside"
    p = layers.Conv2D(1, 1, activation="sigmoid", bias_initializer=rare)(maps)
    return keras.Model(image, p, name="small_unet")


def loss(target: Any, p: Any) -> Any:
    """Add the mean cross-entropy of the pixels and the soft Dice loss of the image."""
    import keras
    from keras import ops

    entropy = ops.mean(keras.losses.binary_crossentropy(target, p), axis=(1, 2))
    shared, size = ops.sum(target * p, (1, 2, 3)), ops.sum(target + p, (1, 2, 3))
    return entropy + 1 - (2 * shared + 1) / (size + 1)


def batches(
    x: np.ndarray, inside: np.ndarray, rng: np.random.Generator, upright: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches for ever; image and outline are turned, mirrored and moved together."""
    from keras import ops

    from medtutor.ct.augment import Ranges, affine

    both = np.concatenate([x, inside[..., None]], axis=-1).astype(np.float32)
    ranges = Ranges(turn=15 if upright else 45, shift=x.shape[1] / 8, upright=upright)
    while True:
        order = rng.permutation(max(len(x), BATCH)) % len(x)
        for start in range(0, len(order), BATCH):
            chosen = both[order[start : start + BATCH]]
            ways = affine(len(chosen), x.shape[1], rng, ranges)
            moved = np.asarray(ops.image.affine_transform(chosen, ways, "bilinear", "reflect"))
            yield moved[..., :-1], moved[..., -1:]
