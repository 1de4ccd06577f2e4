"""The process that runs the operator's model: one request on standard input, the sound on standard output.

In: a JSON object {"model", "tokens", "lexicon", "dict_dir", "acoustic", "vocoder", "text", "speed"}; paths or "".
Out: one line of JSON {"rate", "count"} and as many little-endian 32-bit floats; or {"error"} with exit code 1.
Apart from the service's process, a model that crashes or eats its memory takes nothing along.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np


def configured(request: dict[str, Any]) -> Any:
    """sherpa-onnx with the model of a request, or an exception that says what it did not like."""
    import sherpa_onnx

    common = {"tokens": request["tokens"], "lexicon": request["lexicon"]}
    if request["dict_dir"]:
        common["dict_dir"] = request["dict_dir"]
    if request["acoustic"]:
        matcha = sherpa_onnx.OfflineTtsMatchaModelConfig(
            acoustic_model=request["acoustic"], vocoder=request["vocoder"], **common
        )
        model = sherpa_onnx.OfflineTtsModelConfig(matcha=matcha, num_threads=1)
    else:
        vits = sherpa_onnx.OfflineTtsVitsModelConfig(model=request["model"], **common)
        model = sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=1)
    config = sherpa_onnx.OfflineTtsConfig(model=model)
    if not config.validate():
        raise ValueError("sherpa-onnx refuses the model's files")
    return sherpa_onnx.OfflineTts(config)


def main() -> int:
    """Answer the one request."""
    request = json.loads(sys.stdin.buffer.readline())
    try:
        audio = configured(request).generate(request["text"], sid=0, speed=request["speed"])
        samples = np.asarray(audio.samples, "<f4")
    except Exception as error:  # whatever the model did, the service hears it as one sentence
        sys.stdout.write(json.dumps({"error": f"{type(error).__name__}: {error}"[:300]}) + "\n")
        return 1
    sys.stdout.buffer.write(json.dumps({"rate": int(audio.sample_rate), "count": len(samples)}).encode() + b"\n")
    sys.stdout.buffer.write(samples.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
