"""The maps against tf-keras-vis and against what each of them promises."""

import numpy as np
import pytest
from scipy import ndimage

keras = pytest.importorskip("keras")
from medtutor.ct import explain, models  # noqa: E402

SIDE = 24
METHODS = {
    "grad_cam": explain.grad_cam,
    "integrated_gradients": lambda *a, **k: explain.integrated_gradients(*a, steps=4, **k),
}


def network(classes=2, seed=9):
    """A small network of the course's kind that is neither dead nor flat."""
    model = models.nodule_cnn((SIDE, SIDE, 1), classes, filters=(8, 8, 12), seed=seed)
    rng = np.random.default_rng(seed)
    for layer in model.layers:  # as training would leave them: no longer 0 and 1
        if isinstance(layer, keras.layers.BatchNormalization):
            count = layer.get_weights()[0].size
            layer.set_weights(
                [
                    rng.uniform(0.7, 1.4, count),
                    rng.normal(0, 0.3, count),
                    rng.normal(0, 0.2, count),
                    rng.uniform(0.3, 1.5, count),
                ]
            )
    return model


def odds(model, x, c):
    """Log odds of class c by NumPy: its logit minus the log of the sum over the others."""
    z = np.asarray(explain.score_model(model)(x), float)
    return z[:, c] - np.log(np.exp(np.delete(z, c, axis=1)).sum(axis=1))


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.fixture(scope="module")
def three():
    return network(classes=3)


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.normal(size=(5, SIDE, SIDE)), (0, 2, 2)) * 4
    return smooth[..., None].astype(np.float32)


class TestTheScore:
    def test_the_logits_have_the_softmax_of_the_model(self, model, x):
        z = explain.score_model(model)(x)
        np.testing.assert_allclose(keras.ops.softmax(z), model(x), atol=1e-6)

    def test_one_sigmoid_output_is_two_classes(self, model, x):
        features = keras.Model(model.input, model.layers[-1].input)
        single = keras.Sequential([features, keras.layers.Dense(1, activation="sigmoid")])
        p = np.asarray(single(x))[:, 0]
        np.testing.assert_allclose(odds(single, x, 1), np.log(p / (1 - p)), atol=1e-5)
        np.testing.assert_allclose(odds(single, x, 0), np.log((1 - p) / p), atol=1e-5)

    def test_a_softmax_layer_at_the_end_is_taken_off(self, model, x):
        logits = explain.score_model(model)
        again = keras.Sequential([logits, keras.layers.Softmax()])
        np.testing.assert_allclose(odds(again, x, 1), odds(model, x, 1), atol=1e-5)

    def test_other_endings_are_refused(self, refused):
        odd = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
        refused(explain.score_model, odd, says=["Flatten"])


class TestAgainstTfKerasVis:
    """tf-keras-vis has no integrated gradients; `TestIntegratedGradients` has other referees."""

    @pytest.fixture
    def referee(self):
        pytest.importorskip("tf_keras_vis")
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

        return lambda z: z[:, 1] - z[:, 0], {"model_modifier": ReplaceToLinear(), "clone": True}

    def test_grad_cam(self, referee, model, x):
        from tf_keras_vis.gradcam import Gradcam

        score, options = referee
        layer = [found.name for found in model.layers if found.name.startswith("re_lu")][-1]
        theirs = Gradcam(model, **options)(
            score,
            x,
            penultimate_layer=layer,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
        assert theirs.shape == (len(x), 6, 6)
        assert np.max(theirs) > 1e-4
        # Brought to the image cell by cell by another bilinear interpolation, SciPy's.
        wanted = [ndimage.zoom(m, 4, order=1, grid_mode=True, mode="nearest") for m in theirs]
        ours = explain.grad_cam(model, x, 1)
        np.testing.assert_allclose(ours, wanted, atol=1e-3 * np.max(theirs))


class TestIntegratedGradients:
    @pytest.mark.parametrize("classes", [2, 3])
    def test_the_sum_is_the_difference_of_the_scores(self, model, three, x, classes):
        net = model if classes == 2 else three
        maps = explain.integrated_gradients(net, x, 1, steps=128)
        gap = odds(net, x, 1) - odds(net, np.zeros_like(x), 1)
        np.testing.assert_allclose(maps.sum(axis=(1, 2)), gap, atol=0.01 * np.abs(gap).max())

    def test_equals_a_fine_quadrature_of_tf_keras_vis_gradients(self, x):
        """Simpson's rule over 201 points; the gradients come from the other library.

        The network is smooth, so that both sums have converged.
        """
        pytest.importorskip("tf_keras_vis")
        from scipy.integrate import simpson
        from tf_keras_vis.saliency import Saliency
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

        keras.utils.set_random_seed(1)
        smooth = keras.Sequential(
            [
                keras.Input((SIDE, SIDE, 1)),
                keras.layers.Conv2D(6, 3, 2, activation="tanh"),
                keras.layers.Conv2D(6, 3, 2, activation="softplus"),
                keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )
        smooth = keras.Model(smooth.inputs, smooth.outputs)  # the referee reads no Sequential
        way = np.linspace(0, 1, 201, dtype=np.float32)
        slopes = Saliency(smooth, model_modifier=ReplaceToLinear(), clone=True)(
            lambda z: z[:, 1] - z[:, 0],
            way[:, None, None, None] * x[:1],
            gradient_modifier=None,
            normalize_map=False,
        )
        wanted = x[0, ..., 0] * simpson(slopes, x=way, axis=0)
        ours = explain.integrated_gradients(smooth, x[:1], 1, steps=64)[0]
        np.testing.assert_allclose(ours, wanted, atol=1e-3 * np.abs(wanted).max())

    def test_equals_tf_keras_vis_gradients_on_the_network_of_the_course(self, model, x):
        """The same points on the way from the baseline; every gradient from the other library."""
        pytest.importorskip("tf_keras_vis")
        from tf_keras_vis.saliency import Saliency
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

        referee = Saliency(model, model_modifier=ReplaceToLinear(), clone=True)
        slopes = [
            referee(
                lambda z: z[:, 1] - z[:, 0],
                ((k + 0.5) / 16 * x).astype(np.float32),
                gradient_modifier=None,
                normalize_map=False,
            )
            for k in range(16)
        ]
        wanted = x[..., 0] * np.mean(slopes, axis=0)
        ours = explain.integrated_gradients(model, x, 1, steps=16)
        assert np.abs(wanted).max() > 1e-3
        np.testing.assert_allclose(ours, wanted, atol=1e-3 * np.abs(wanted).max())

    def test_is_exact_on_a_linear_model(self, x):
        linear = keras.Sequential(
            [
                keras.Input((SIDE, SIDE, 1)),
                keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )
        w = linear.layers[-1].get_weights()[0].reshape(SIDE, SIDE, 2)
        ours = explain.integrated_gradients(linear, x, 1, steps=1)
        np.testing.assert_allclose(ours, x[..., 0] * (w[..., 1] - w[..., 0]), atol=1e-5)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
class TestEveryMethod:
    def test_gives_a_map_for_each_image_whatever_the_batch(self, method, model, x, monkeypatch):
        one = method(model, x, 1)
        assert one.shape == x.shape[:3]
        assert np.ptp(one) > 0
        monkeypatch.setattr(explain, "BATCH", 2)
        np.testing.assert_allclose(method(model, x, 1), one, atol=1e-4)

    def test_takes_a_class_for_each_image(self, method, three, x):
        mixed = method(three, x[:2], np.array([0, 2]))
        np.testing.assert_allclose(mixed[0], method(three, x[:2], 0)[0], atol=1e-4)
        np.testing.assert_allclose(mixed[1], method(three, x[:2], 2)[1], atol=1e-4)

    def test_leaves_model_and_images_alone(self, method, model, x):
        weights, before = [w.copy() for w in model.get_weights()], x.copy()
        method(model, x, 0)
        assert np.array_equal(before, x)
        assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))

    def test_refuses_what_it_cannot_explain(self, method, model, x, refused):
        refused(method, model, x[0], 1, says=["(24, 24, 1)", "n, 24, 24, 1"])
        refused(method, model, x, 2, says=["class 2", "has 2"])
        refused(method, model, x, np.zeros(3, int), says=["(3,)", "5 images"])


def test_grad_cam_needs_maps(x, refused):
    flat = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    refused(explain.grad_cam, flat, x, 0, says=["no layer"])


class TestEnergyInside:
    def test_is_the_share_of_what_is_positive(self):
        maps, masks = np.zeros((3, 6, 6)), np.zeros((3, 6, 6), bool)
        maps[0, 2, 3], maps[0, 5, 5], maps[1, 0, 0] = 2, 1, 1
        masks[:, 2:4, 2:4] = True
        wanted = [2 / 3, 0, 4 / 36]  # nothing anywhere: spread evenly
        np.testing.assert_allclose(explain.energy_inside(maps, masks), wanted)
        np.testing.assert_allclose(explain.energy_inside(maps - 5, masks), 4 / 36)

    def test_of_a_random_map_is_the_area(self):
        maps, masks = np.random.default_rng(0).random((400, 12, 12)), np.zeros((400, 12, 12), bool)
        masks[:, 3:9, 3:9] = True
        assert explain.energy_inside(maps, masks).mean() == pytest.approx(0.25, abs=0.01)
