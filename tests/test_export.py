"""Exported models say what Keras says, or do not appear."""

import os
import subprocess
import sys
import textwrap
import timeit
from functools import partial

import numpy as np
import pytest

from medtutor import export
from medtutor.errors import MedtutorError

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(24, 16, 16, 1)).astype(np.float32)
SIGNALS = RNG.normal(size=(12, 40, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def cnn():
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(8, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.layers[1].set_weights([np.full(8, v, "f4") for v in (1.5, 0.2, 0.1, 2.0)])
    return model


@pytest.fixture(scope="module")
def lstm():
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    entry = keras.Input((40, 2))
    steps = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(entry)
    first = layers.Dense(1, name="first")(layers.GlobalAveragePooling1D()(steps))
    return keras.Model(entry, {"first": first, "all": layers.Dense(2, name="all")(steps)})


class TestOnnx:
    def test_it_says_what_keras_says_for_any_batch(self, cnn, tmp_path):
        path = export.to_onnx(cnn, tmp_path / "m.onnx")
        run, wanted = export.Session(path), cnn.predict(IMAGES, verbose=0)
        assert export.gap(run(IMAGES), wanted) < 1e-5
        assert export.gap(run(IMAGES[:1]), wanted[:1]) < 1e-5
        assert run.bytes == path.stat().st_size
        assert os.listdir(tmp_path) == ["m.onnx"]

    def test_several_outputs_keep_their_names(self, lstm, tmp_path):
        run = export.Session(export.to_onnx(lstm, tmp_path / "m.onnx"))
        said, wanted = run(SIGNALS), lstm.predict(SIGNALS, verbose=0)
        assert said.keys() == wanted.keys()
        assert export.gap(said, wanted) < 1e-5

    def test_static_int8_is_smaller_and_close(self, tmp_path):
        from medtutor.ct.models import nodule_cnn

        model, x = nodule_cnn(), RNG.normal(size=(20, 56, 56, 1)).astype(np.float32)
        whole = export.to_onnx(model, tmp_path / "m.onnx")
        small = export.to_onnx_int8(model, whole, tmp_path / "m8.onnx", x)
        assert small.stat().st_size <= 80_000 < whole.stat().st_size
        assert 0 < export.gap(export.Session(small)(x), model.predict(x, verbose=0)) < 0.05

    def test_large_products_of_int8_do_not_saturate(self, tmp_path):
        """Where a processor adds two of them in 16 bits, 8 bits of weight are one too many."""
        import keras

        x = RNG.uniform(0, 1, (40, 8, 8, 4)).astype(np.float32)
        x[:20] *= 0.3
        ones = keras.layers.Conv2D(8, 3, kernel_initializer="ones")
        end = keras.layers.Dense(2, "softmax")
        model = keras.Sequential(
            [keras.Input((8, 8, 4)), ones, keras.layers.GlobalAveragePooling2D(), end]
        )
        end.set_weights([np.tile(np.float32([0.02, 0]), (8, 1)), np.zeros(2, np.float32)])
        whole = export.to_onnx(model, tmp_path / "m.onnx")
        small = export.to_onnx_int8(model, whole, tmp_path / "m8.onnx", x)
        assert export.gap(export.Session(small)(x), model.predict(x, verbose=0)) < 0.02

    def test_dynamic_int8_reaches_the_lstm(self, lstm, tmp_path):
        import onnx

        whole = export.to_onnx(lstm, tmp_path / "m.onnx")
        small = export.to_onnx_int8(lstm, whole, tmp_path / "m8.onnx")
        kinds = {node.op_type for node in onnx.load(small).graph.node}
        assert "DynamicQuantizeLSTM" in kinds
        assert "LSTM" not in kinds
        gap = export.gap(export.Session(small)(SIGNALS), lstm.predict(SIGNALS, verbose=0))
        assert 0 < gap < 0.05

    def test_dynamic_int8_leaves_convolutions_alone(self, cnn, tmp_path):
        import onnx

        whole = export.to_onnx(cnn, tmp_path / "m.onnx")
        small = export.to_onnx_int8(cnn, whole, tmp_path / "m8.onnx")
        kinds = {node.op_type for node in onnx.load(small).graph.node}
        assert "Conv" in kinds
        assert "ConvInteger" not in kinds


class TestLiteRT:
    def test_float32_says_what_keras_says(self, cnn, tmp_path):
        run = export.Session(export.to_litert(cnn, tmp_path / "m.tflite"))
        assert export.gap(run(IMAGES), cnn.predict(IMAGES, verbose=0)) < 1e-5

    def test_full_int8_has_whole_numbers_at_both_ends(self, tmp_path):
        from ai_edge_litert.interpreter import Interpreter

        from medtutor.ct.models import nodule_cnn

        model, x = nodule_cnn(), RNG.normal(size=(20, 56, 56, 1)).astype(np.float32)
        path = export.to_litert(model, tmp_path / "m8.tflite", x)
        assert path.stat().st_size <= 80_000
        engine = Interpreter(str(path))
        ends = engine.get_input_details() + engine.get_output_details()
        assert {d["dtype"] for d in ends} == {np.int8}
        said = export.Session(path)(x)
        assert said.dtype == np.float32
        assert 0 < export.gap(said, model.predict(x, verbose=0)) < 0.05

    def test_an_lstm_works_one_at_a_time(self, lstm, tmp_path):
        run = export.Session(export.to_litert(lstm, tmp_path / "m.tflite"))
        said, wanted = run(SIGNALS), lstm.predict(SIGNALS, verbose=0)
        assert said.keys() == wanted.keys()
        assert export.gap(said, wanted) < 1e-5

    def test_an_lstm_with_any_batch_cannot_be_converted(self, lstm):
        with pytest.raises(MedtutorError, match=r"TensorListReserve.*fix the batch size"):
            export.convert(lstm)

    def test_int8_of_an_lstm_kills_the_process(self):
        """If this fails, TensorFlow has been mended: lift the refusal of `to_litert`."""
        code = """
            import keras
            import numpy as np
            from medtutor import export
            small = keras.Sequential([keras.Input(batch_shape=(1, 40, 2)), keras.layers.LSTM(4)])
            print("ready", flush=True)
            export.convert(small, np.random.default_rng(0).normal(size=(4, 40, 2)).astype("f4"))
            print("converted")
        """
        command = [sys.executable, "-c", textwrap.dedent(code)]
        hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=hidden)
        assert done.stdout == "ready\n"
        assert done.returncode < 0  # ended by a signal, not by an exception


class TestRefusals:
    def test_a_recurrent_layer_is_found_inside_of_another_model(self, cnn, lstm):
        import keras

        entry = keras.Input((40, 2))
        assert export.is_recurrent(keras.Model(entry, lstm(entry)))
        assert export.is_recurrent(keras.Sequential([keras.layers.GRU(3)]))
        assert not export.is_recurrent(cnn)

    def test_an_lstm_is_never_calibrated(self, lstm, tmp_path, refused):
        whole = export.to_onnx(lstm, tmp_path / "m.onnx")
        refused(export.to_litert, lstm, tmp_path / "m.tflite", SIGNALS, says=["kills the process"])
        refused(
            export.to_onnx_int8, lstm, whole, tmp_path / "m8.onnx", SIGNALS, says=["in float32"]
        )

    def test_other_endings_are_refused(self, cnn, tmp_path, refused):
        refused(export.to_onnx, cnn, tmp_path / "m.tflite", says=["m.tflite", ".onnx"])
        refused(export.to_litert, cnn, tmp_path / "m.onnx", says=["m.onnx", ".tflite"])

    def test_a_model_that_answers_otherwise_does_not_appear(
        self, cnn, tmp_path, refused, monkeypatch
    ):
        (tmp_path / "old.onnx").write_bytes(b"old")
        monkeypatch.setattr(export, "TOLERANCE", {"float32": -1.0, "int8": -1.0})
        for name in ("new.onnx", "old.onnx"):
            refused(export.to_onnx, cnn, tmp_path / name, says=[name, "differs from Keras"])
        refused(export.to_litert, cnn, tmp_path / "m.tflite", IMAGES, says=["int8 may differ"])
        assert (tmp_path / "old.onnx").read_bytes() == b"old"

    @pytest.mark.parametrize("name", ["m.onnx", "m.tflite"])
    def test_what_is_no_model_cannot_be_opened(self, tmp_path, refused, name):
        refused(export.Session, tmp_path / name, says=[name])
        (tmp_path / name).write_bytes(b"no model at all")
        refused(export.Session, tmp_path / name, says=[name, "not a model"])


def test_the_gap_is_the_largest_difference():
    a = {"x": np.array([1.0, 2.0]), "y": np.array([[0.0]])}
    b = {"x": np.array([1.0, 2.5]), "y": np.array([[-3.0]])}
    assert export.gap(a, b) == 3.0
    assert export.gap(a["x"], b["x"]) == 0.5


def test_latency_leaves_the_warm_up_out(monkeypatch):
    calls = []

    def clock(state=[0.0]):  # noqa: B006
        return state[0]

    def call():
        calls.append(1)
        clock.__defaults__[0][0] += 5.0 if len(calls) <= 3 else 0.002 if len(calls) == 13 else 0.001

    monkeypatch.setattr(export.timeit, "repeat", partial(timeit.repeat, timer=clock))
    median, p99 = export.latency(call, repeats=100, warm_up=3)
    assert len(calls) == 103
    assert median == pytest.approx(0.001)
    assert 0.001 < p99 < 0.0011
