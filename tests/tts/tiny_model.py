"""A sherpa-onnx voice without weights: a graph that hums for as long as its tokens need, and the files around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE = 16000
#: Samples for each token at normal speed.
PER_TOKEN = 3200
WORDS = {"一": "a1", "二": "a2", "三": "a3", "元": "a4", "点": "a5", "每": "a6", "斤": "a7"}


def make(folder: Path, samples: str = "hum") -> Path:
    """Write the model into a folder. `samples`: "hum", or "nan" for a model that gives no numbers."""
    folder.mkdir()
    tokens = ["_", "，", "。", *WORDS.values()]
    (folder / "tokens.txt").write_text("".join(f"{token} {at}\n" for at, token in enumerate(tokens)), encoding="utf-8")
    (folder / "lexicon.txt").write_text("".join(f"{word} {token}\n" for word, token in WORDS.items()), encoding="utf-8")
    level = 0.3 if samples == "hum" else float("nan")
    constants = {
        "per_token": np.float32(PER_TOKEN),
        "pitch": np.float32(2 * np.pi * 220 / RATE),
        "level": np.float32(level),
        "zero": np.float32(0),
        "one": np.float32(1),
        "none": np.float32(0),
        "shape": np.array([1, 1, -1], np.int64),
        "scalar": np.array([], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["x_length"], ["tokens_"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["tokens_", "scalar"], ["tokens"]),
        helper.make_node("Reshape", ["length_scale", "scalar"], ["slowness"]),
        helper.make_node("Mul", ["tokens", "per_token"], ["length"]),
        helper.make_node("Mul", ["length", "slowness"], ["total"]),
        helper.make_node("Range", ["zero", "total", "one"], ["time"]),
        helper.make_node("Mul", ["time", "pitch"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["wave"]),
        helper.make_node("Mul", ["wave", "level"], ["quiet"]),
        # the other inputs have to be used, or the graph would be refused
        helper.make_node("Cast", ["x"], ["x_"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["x_"], ["x_mean"], keepdims=0),
        helper.make_node("Add", ["noise_scale", "noise_scale_w"], ["noise"]),
        helper.make_node("Reshape", ["noise", "scalar"], ["noise_"]),
        helper.make_node("Add", ["x_mean", "noise_"], ["unused"]),
        helper.make_node("Mul", ["unused", "none"], ["nothing"]),
        helper.make_node("Add", ["quiet", "nothing"], ["sum"]),
        helper.make_node("Reshape", ["sum", "shape"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("x", TensorProto.INT64, [1, "L"]),
            helper.make_tensor_value_info("x_length", TensorProto.INT64, [1]),
            *(
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
                for name in ("noise_scale", "length_scale", "noise_scale_w")
            ),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, "T"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    facts = {
        **{"model_type": "vits", "comment": "tiny", "language": "Chinese", "add_blank": "0", "n_speakers": "0"},
        **{"sample_rate": str(RATE), "punctuation": "， 。", "use_eos_bos": "0"},
    }
    for name, value in facts.items():
        prop = model.metadata_props.add()
        prop.key, prop.value = name, value
    onnx.save(model, folder / "model.onnx")
    return folder
