"""Take a trained model out of Keras: to ONNX and LiteRT, in float32 and int8.

A file is checked before it appears: it is run on a sample, and its answers must lie within
`TOLERANCE` of Keras's. What cannot be converted:

- An LSTM to LiteRT, with a batch of any size. `to_litert` fixes the batch at 1 first.
- An LSTM to LiteRT in calibrated int8: TensorFlow's converter kills the process. `to_litert`
  refuses. ONNX Runtime's dynamic int8 (`to_onnx_int8` without calibration) is the way.
- An LSTM to ONNX in calibrated (static) int8: ONNX Runtime leaves it in float32.
- Weights of all 8 bits: where a processor has AVX2 but not VNNI, ONNX Runtime adds two products
  in 16 bits, which saturate, and the answers are wrong without a word. 7 bits fit everywhere.
- A convolution in ONNX Runtime's dynamic int8 works, several times slower than in float32; it
  stays in float32 there.
"""

import contextlib
import gc
import io
import logging
import timeit
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from medtutor import paths
from medtutor.errors import DataError, MedtutorError

if TYPE_CHECKING:
    import keras

TOLERANCE: Mapping[str, float] = {"float32": 1e-4, "int8": 0.1}
"""Largest difference from Keras's output that an exported model may have, over all outputs and
samples; outputs are probabilities or targets of about unit spread."""

Output = np.ndarray | dict[str, np.ndarray]
# Name of the input, names of the outputs, and what computes these.
Opened = tuple[str, list[str], Callable[[np.ndarray], list[np.ndarray]]]


class Session:
    """An exported model (``.onnx`` or ``.tflite``), ready to run, without TensorFlow.

    Called with float32 inputs of shape (n, …) it gives what Keras gives: an array, or a dictionary
    of arrays where the model has several outputs. From an int8 model too these are real numbers:
    scale and zero point have been undone.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        opened = _open_litert if self.path.suffix == ".tflite" else _open_onnx
        try:
            self.input_name, self._outputs, self._run = opened(self.path)
        except Exception as error:  # each engine raises classes of its own
            raise DataError(
                f"this is not a model that runs here ({type(error).__name__})",
                path=path,
                remedy="Write it again with medtutor.export.",
            ) from error

    @property
    def bytes(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size

    def __call__(self, x: np.ndarray) -> Output:
        """Run the model."""
        found = self._run(x)
        return found[0] if len(found) == 1 else dict(zip(self._outputs, found, strict=True))


def gap(first: Output, second: Output) -> float:
    """Largest absolute difference between two outputs of the same form."""
    if isinstance(first, dict) and isinstance(second, dict):
        return max(gap(first[name], second[name]) for name in first)
    return float(np.max(np.abs(np.asarray(first) - np.asarray(second))))


class Latency(NamedTuple):
    """Seconds that a call takes: half are faster than `median`, 99 of 100 faster than `p99`."""

    median: float
    p99: float


def latency(call: Callable[[], Any], repeats: int = 200, warm_up: int = 10) -> Latency:
    """Measure how long a call takes, one at a time, as a monitor would make it."""
    # With garbage collected, which timeit turns off and a monitor does not.
    times = timeit.repeat(call, gc.enable, number=1, repeat=warm_up + repeats)[warm_up:]
    return Latency(float(np.median(times)), float(np.percentile(times, 99)))


def to_onnx(model: "keras.Model", path: str | Path, sample: np.ndarray | None = None) -> Path:
    """Write a model as ONNX, in float32.

    Parameters
    ----------
    model : keras.Model
        One input, any number of outputs.
    path : str or Path
        Where to, ending in ``.onnx``; the file appears whole and checked, or not at all.
    sample : ndarray of shape (n, …), optional
        Inputs for the check; eight of noise when not given.

    Raises
    ------
    DataError, MedtutorError
        If the name has another ending; if the file answers otherwise than Keras.
    """
    sample = _noise(model) if sample is None else sample
    with _appears(path, ".onnx") as temporary:
        model(sample[:1])  # Keras exports only what was called once
        with _quiet():
            model.export(temporary, format="onnx", verbose=False)
        _compare(model, temporary, sample, "float32")
    return Path(path)


def to_onnx_int8(
    model: "keras.Model",
    source: str | Path,
    path: str | Path,
    calibration: np.ndarray | None = None,
) -> Path:
    """Quantise an ONNX file to int8 with ONNX Runtime.

    With calibration data the scales of all activations are fixed beforehand (static). Without,
    weights are int8 and activations are scaled anew in each call (dynamic), LSTM and dense layers
    only.

    Parameters
    ----------
    model : keras.Model
        What `source` was made of, for the check.
    source : str or Path
        What `to_onnx` wrote.
    calibration : ndarray of shape (n, …), optional
        Typical inputs, of training patients.

    Raises
    ------
    DataError, MedtutorError
        As for `to_onnx`; also if an LSTM is to be calibrated.
    """
    from onnxruntime import quantization  # type: ignore[import-untyped]

    int8 = quantization.QuantType.QInt8
    with _appears(path, ".onnx") as temporary, _quiet():
        if calibration is None:
            quantization.quantize_dynamic(
                source,
                temporary,
                weight_type=int8,
                reduce_range=True,  # weights of 7 bits: see the list above
                op_types_to_quantize=["LSTM", "MatMul", "Gemm"],
            )
        else:
            _refuse_lstm(model, path, "ONNX Runtime leaves a calibrated LSTM in float32")
            name = Session(source).input_name
            samples = iter([{name: x[None]} for x in calibration])
            quantization.quantize_static(
                source,
                temporary,
                SimpleNamespace(get_next=lambda: next(samples, None)),
                per_channel=True,
                activation_type=int8,
                weight_type=int8,
                reduce_range=True,
            )
        _compare(model, temporary, _noise(model) if calibration is None else calibration, "int8")
    return Path(path)


def to_litert(
    model: "keras.Model", path: str | Path, calibration: np.ndarray | None = None
) -> Path:
    """Write a model for LiteRT (once TensorFlow Lite).

    Parameters
    ----------
    model : keras.Model
        A model with an LSTM is rebuilt for a batch of 1.
    path : str or Path
        Where to, ending in ``.tflite``; it appears as that of `to_onnx` does.
    calibration : ndarray of shape (n, …), optional
        Typical inputs, of training patients: all of the model, input and output too, becomes
        int8. Without it float32.

    Raises
    ------
    DataError, MedtutorError
        As for `to_onnx`; also if the conversion fails, or an LSTM is to become int8.
    """
    import keras

    if calibration is not None:
        _refuse_lstm(model, path, "TensorFlow's int8 conversion of an LSTM kills the process")
    with _appears(path, ".tflite") as temporary:
        small = model
        if is_recurrent(model):  # the same model for a batch of exactly 1
            entry = keras.Input(batch_shape=(1, *model.input_shape[1:]))
            small = keras.models.clone_model(model, input_tensors=entry)
            small.set_weights(model.get_weights())
        temporary.write_bytes(convert(small, calibration))
        sample = _noise(model) if calibration is None else calibration
        _compare(model, temporary, sample, "float32" if calibration is None else "int8")
    return Path(path)


def convert(model: "keras.Model", calibration: np.ndarray | None = None) -> bytes:
    """Call TensorFlow's converter, without the guards of `to_litert`: contents of a ``.tflite``."""
    import tensorflow as tf

    with _quiet():
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if calibration is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([x[None]] for x in calibration)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        try:
            return bytes(converter.convert())
        except Exception as error:  # the converter raises classes of its own
            reason = str(error).split("'")
            named = reason[1] if len(reason) > 1 else type(error).__name__
            raise MedtutorError(
                f"LiteRT cannot hold this model as it is: {named}",
                remedy="With an LSTM, fix the batch size first, as export.to_litert does.",
            ) from None


def is_recurrent(model: "keras.Model") -> bool:
    """Tell whether an LSTM or another recurrent layer is in the model, however deep."""
    import keras

    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    return any(
        isinstance(layer, recurrent) or (isinstance(layer, keras.Model) and is_recurrent(layer))
        for layer in model.layers
    )


def _noise(model: "keras.Model") -> np.ndarray:
    shape = tuple(model.input_shape[1:])
    return np.random.default_rng(0).standard_normal((8, *shape), dtype=np.float32)


def _refuse_lstm(model: "keras.Model", path: str | Path, reason: str) -> None:
    if is_recurrent(model):
        raise DataError(
            reason, path=path, remedy="Use export.to_onnx_int8 without calibration data."
        )


def _compare(model: "keras.Model", path: Path, sample: np.ndarray, kind: str) -> None:
    """Compare a file with the model that it was made of."""
    sample = np.asarray(sample, np.float32)
    wanted = model.predict(sample, verbose=0)
    found = gap(wanted, Session(path)(sample))
    if not found <= TOLERANCE[kind]:
        raise MedtutorError(
            f"the exported model differs from Keras by {found:.2g}, where {kind} may differ by "
            f"{TOLERANCE[kind]:g}",
            path=path.name,
            remedy="Calibrate on inputs that are typical and prepared as in training.",
        )


def _appears(path: str | Path, suffix: str) -> contextlib.AbstractContextManager[Path]:
    """Give a place to write to, if the name ends as it should."""
    if Path(path).suffix != suffix:
        raise DataError(f"not a {suffix} file", path=path, remedy=f'End the name in "{suffix}".')
    return paths.appears(Path(path))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converters' reports of success off the page."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)


def _open_onnx(path: Path) -> Opened:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    names = [output.name for output in session.get_outputs()]
    return name, names, lambda x: session.run(None, {name: x})


def _open_litert(path: Path) -> Opened:
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    engine = Interpreter(model_content=path.read_bytes(), num_threads=1)
    engine.allocate_tensors()
    signature = engine.get_signature_runner()
    ((name, entry),) = signature.get_input_details().items()
    exits = signature.get_output_details()

    def one(x: np.ndarray) -> list[np.ndarray]:
        engine.set_tensor(entry["index"], _quantised(x[None], *entry["quantization"]))
        engine.invoke()
        return [_real(engine.get_tensor(e["index"]), *e["quantization"]) for e in exits.values()]

    def run(x: np.ndarray) -> list[np.ndarray]:
        return [np.concatenate(rows) for rows in zip(*map(one, x), strict=True)]

    return name, list(exits), run


def _quantised(x: np.ndarray, scale: float, zero: int) -> np.ndarray:
    """Real numbers to int8; a scale of 0 says that the model takes real ones."""
    if scale == 0:
        return x
    return np.clip(np.rint(x / scale) + zero, -128, 127).astype(np.int8)


def _real(q: np.ndarray, scale: float, zero: int) -> np.ndarray:
    return q.copy() if scale == 0 else ((q.astype(np.float32) - zero) * np.float32(scale))
