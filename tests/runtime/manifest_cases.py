"""Manifests that a runtime of every language must accept or refuse: edits of the tiny bundle's manifest.

An edit replaces the first occurrence of a text in the base by another, so that a case can be any bytes and a
reader needs no JSON to make it. `pad` adds spaces at the end until the manifest has that many bytes.
"""

import hashlib
import json
from typing import Any, NamedTuple

from runtime.manifest import Manifest
from tests.runtime.tiny_bundle import PATCHES


class Case(NamedTuple):
    name: str
    accepted: bool
    find: str = ""
    replace: str = ""
    pad: int = 0


def base(manifest: Manifest) -> str:
    """The manifest in compact JSON, with sizes and hashes that do not depend on the installed onnx."""
    data = manifest.model_dump(mode="json", exclude_none=True)
    for name in data["files"]:
        size = PATCHES.nbytes if name == "preview.bin" else len(name)
        data["files"][name] = {"size": size, "sha256": hashlib.sha256(name.encode()).hexdigest()}
    data["parity"] = {"bits": 1.5}
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def case(name: str, accepted: bool, find: str, replace: str) -> Case:
    return Case(name, accepted, find, replace)


def numbers(find: str, key: str, accepted: list[Any], refused: list[Any]) -> list[Case]:
    """The value of a key, which `find` gives with its old value, replaced by texts of JSON."""
    return [
        case(f"{key} {text if len(text) < 40 else text[:37] + '...'}", yes, find, f'"{key}":{text}')
        for yes, texts in ((True, accepted), (False, refused))
        for text in texts
    ]


NO_INT = ["null", '"4"', "4.5", "true", "[4]", "{}", "-1", "1" * 5000]
ABOVE = str(2**31)
TOP = str(2**31 - 1)
HASH = '"sha256":"' + hashlib.sha256(b"transformer.onnx").hexdigest() + '"'
FILE = '"transformer.onnx":{"size":16,'
PREVIEW = '"preview":{"file":"preview.bin","side":2}'
PREVIEW_FILE = '"preview.bin":{"size":192,'
DECODER = (
    '{"precision":"fp32","inputs":[{"name":"tokens","dtype":"int32","shape":[6,8]}],'
    '"outputs":[{"name":"image","dtype":"uint8","shape":[24,32,3]}],"files":["transformer.onnx"]}'
)
CONTEXTS = '{"sm8650":["transformer.onnx","transformer.onnx.data"]}'
ONE_SIZE = '{"name":"text_encoder.onnx","dimensions":{"height":6,"width":8}}'
OTHER_SIZE = '{"name":"text_encoder.onnx.data","dimensions":{"height":8,"width":6}}'
SHAPE = '{"name":"tokens","dtype":"int32","shape":[6,8]}'


def cases() -> list[Case]:
    model = '"token_size":4'
    made = [
        Case("the base", True),
        Case("spaces up to the largest size", True, pad=4_000_000),
        Case("one byte above the largest size", False, pad=4_000_001),
        case("format is missing", False, '"format":"meissonic-mobile",', ""),
        case("version is missing", False, '"version":1,', ""),
        case("the top is an array", False, "{", "[{"),
        case("an unknown key", False, '"version":1,', '"version":1,"surprise":1,'),
        case("an unknown key of the model", False, model, model + ',"surprise":1'),
        case("an unknown key of a graph", False, '"precision":"fp32"', '"precision":"fp32","surprise":1'),
        case("an unknown key of a file", False, FILE, FILE + '"surprise":1,'),
        case("the model is missing a key", False, model + ",", ""),
        case("the tools are missing", False, '"tools":{"onnxruntime":"1.32.0"},', ""),
        case("parity is missing", True, ',"parity":{"bits":1.5}', ""),
        case("a comma too many", False, '"version":1,', '"version":1,,'),
        case("a comment", False, '"version":1,', '"version":1,/* one */'),
        case("text after the end", False, '"parity":{"bits":1.5}}', '"parity":{"bits":1.5}}{}'),
        case("parity nested 20 deep", True, "1.5", "[" * 20 + "]" * 20),
        case("parity nested 100 deep", False, "1.5", "[" * 100 + "]" * 100),
        case("parity nested 5 000 deep", False, "1.5", '{"a":' * 5000 + "1" + "}" * 5000),
        case("a step nested 5 000 deep", False, '["transformer"]', "[" * 5000 + "]" * 5000),
        case("parity with NaN", False, "1.5", "NaN"),
        case("parity with an infinity", False, "1.5", "Infinity"),
        case("a large number in parity", False, "1.5", "1e400"),
        case("a number as a model's name", False, '"name":"tiny"', '"name":4'),
        case("a name of control characters", True, '"name":"tiny"', '"name":"\\u001b[2J\\u0007"'),
        case("a raw control character in a string", False, '"name":"tiny"', '"name":"\x1b"'),
        case("a lone surrogate", False, '"name":"tiny"', '"name":"\\ud800"'),
        *numbers('"version":1', "version", [], ["0", "2", "-1", "null", '"1"', "1.5", "true", "[1]"]),
        *numbers('"format":"meissonic-mobile"', "format", [], ["null", '""', '"Meissonic-Mobile"', "1"]),
        *numbers(model, "token_size", ["1", "2"], [*NO_INT, "0", "4097", ABOVE]),
        *numbers('"compression":1', "compression", [], [*NO_INT, "0", "3"]),
        *numbers('"codebook_size":16', "codebook_size", [], [*NO_INT, "0", "15", "18", "19", ABOVE]),
        *numbers('"vocab_size":18', "vocab_size", [TOP], [*NO_INT, "0", "17", ABOVE]),
        *numbers('"mask_token_id":17', "mask_token_id", ["0"], [*NO_INT, "18", ABOVE]),
        *numbers('"masking_schedule":"cosine"', "masking_schedule", ['"linear"'], ["null", '"sine"', "1"]),
        *numbers('"timestep":"index"', "timestep", ['"share"'], ["null", '"steps"', "1"]),
        *numbers(
            model, "token_size",
            [f'4,"student":{text}' for text in (
                "null", '{"masked":0.6}', '{"masked":1,"noise":0}', '{"masked":0,"noise":0.99}',
            )],
            [f'4,"student":{text}' for text in (
                "{}", "[]", "0.6", '{"noise":0.1}', '{"masked":null}', '{"masked":"0.6"}', '{"masked":true}',
                '{"masked":1.1}', '{"masked":-0.1}', '{"masked":NaN}', '{"masked":0.6,"noise":1}',
                '{"masked":0.6,"noise":-0.1}', '{"masked":0.6,"noise":null}', '{"masked":0.6,"steps":1}',
            )],
        ),
        case("noise for the embeddings of no student", False, SHAPE,
             SHAPE + ',{"name":"embedding_noise","dtype":"float32","shape":[6,8,4]}'),
        *numbers('"text_length":8', "text_length", [], [*NO_INT, "9", "2", "4097", ABOVE]),
        *numbers('"inner_dim":4', "inner_dim", ["1", TOP], [*NO_INT, "0", ABOVE]),
        *numbers('"modulation_width":4', "modulation_width", ["1", TOP], [*NO_INT, "0", ABOVE]),
        *numbers('"length":8', "length", [], [*NO_INT, "9", "2", ABOVE]),
        *numbers('"bos":526', "bos", ["0", TOP], [*NO_INT, ABOVE]),
        *numbers('"eos":527', "eos", ["0", TOP], [*NO_INT, ABOVE]),
        *numbers('"pad":0', "pad", [TOP], [*NO_INT, ABOVE]),
        *numbers('"pad":0', "pad", ['0,"unk":5', '0,"unk":null'], ['0,"unk":-1', f'0,"unk":{ABOVE}']),
        *numbers('"!":0', "!", [TOP], [*NO_INT, ABOVE]),
        case("an empty special string", False, '"!":0', '"":0'),
        case("no special strings", False, '"special":{', '"special":null,"x":{'),
        case("a normalized string that is not special", False, '["<|startoftext|>",', '["other",'),
        *numbers(
            '"sizes":[[32,24]]',
            "sizes",
            ["[[32,24],[4096,4096]]", "[" + "[4,4]," * 63 + "[32,24]]"],
            [
                "[]", "null", "[32,24]", "[[32]]", "[[32,24,8]]", "[[32,24],[0,4]]", "[[32,24],[-4,4]]",
                "[[32,24],[4100,4]]", "[[32,24],[6,4]]", "[[32,24],[4611686018427387904,4]]", "[[64,64]]",
                '[[32,"24"]]', "[[32,24.5]]", "[" + "[4,4]," * 64 + "[32,24]]",
            ],
        ),
        *numbers('"size":[32,24]', "size", [], ["[24,32]", "[32]", "null", "32", "[32,24,1]", "[-32,24]"]),
        *numbers('"steps":6', "steps", ["1", "1000"], [*NO_INT, "0", "1001", ABOVE]),
        *numbers('"guidance":3.0', "guidance", ["0", "3", "100", "1e1"],
                 ["null", '"3"', "-0.5", "100.5", "NaN", "Infinity", "true", "1e400"]),
        *numbers('"temperature":[2.0,0.0]', "temperature", ["[2,0]", "[1000,1000]"],
                 ["[]", "[2.0]", "[2.0,0.0,1.0]", "[-1,0]", "[1e39,0]", '["2",0]', "null", "2.0"]),
        *numbers('"negative":""', "negative", ['"a moon"'], ["null", "1", "[]"]),
        *numbers('"score":6.0', "score", ["-6", "0", "1e6"], ["null", '"6"', "1e7", "-1e7", "NaN", "false"]),
        *numbers('"strength":0.5', "strength", ["1", "0.001"], ["null", '"1"', "0", "1.5", "-1", "true"]),
        *numbers(
            '"step":["transformer"]', "step", [],
            [
                "[]", "null", '"transformer"', '["absent"]', "[1]", '["transformer","transformer"]', '[""]',
                "[" + '"transformer",' * 300 + '"transformer"]',
            ],
        ),
        case("a graph is missing", False, '"text_encoder":{', '"text_encoders":{'),
        case("the graph for editing is missing", True, '"image_encoder":{', '"editor":{'),
        case("a graph is null", False, '"graphs":{', '"graphs":{"more":null,'),
        case(
            "a graph without files", False,
            '"files":["transformer.onnx","transformer.onnx.data"]', '"files":[]',
        ),
        *numbers('"precision":"fp32"', "precision", ['"int8+int4"', '"palette4"', '"qnn"'],
                 ['"int9"', '""', '"int8+"', "null", '"int8\\n"', '"INT8"']),
        *numbers('"functions":[]', "functions", [],
                 ["null", "{}", '[{"name":"main"}]', '[{"name":"","dimensions":{}}]',
                  '[{"name":"main","dimensions":{"rows":0}}]',
                  '[{"name":"main","dimensions":{"rows":"2"}}]']),
        *[
            case(f"sizes of a graph {text[:80]}", accepted, '"functions":[]', f'"functions":{text}{more}')
            for accepted, text, more in [
                (True, f"[{ONE_SIZE}]", ""),
                (True, f"[{ONE_SIZE},{OTHER_SIZE}]", ""),
                (True, f"[{ONE_SIZE},{OTHER_SIZE}]", ',"compute":"cpu"'),
                (True, '[{"name":"text_encoder.onnx","dimensions":{}}]', ""),
                (False, f"[{ONE_SIZE},{ONE_SIZE}]", ""),
                (False, f"[{ONE_SIZE},{OTHER_SIZE},{ONE_SIZE}]", ""),
                (False, f"[{ONE_SIZE},{OTHER_SIZE}]".replace(".data", ".absent"), ""),
                (False, f"[{ONE_SIZE},{OTHER_SIZE}]".replace("onnx.data", "../x"), ""),
                (False, f"[{ONE_SIZE}]", ',"compute":"npu"'),
                (False, f"[{ONE_SIZE}]".replace("6", "0"), ""),
                (False, f"[{ONE_SIZE}]".replace("6", "-6"), ""),
                (False, f"[{ONE_SIZE}]".replace("6", "6.5"), ""),
                (False, f"[{ONE_SIZE}]".replace("6", ABOVE), ""),
                (False, f"[{ONE_SIZE}]".replace("height", ""), ""),
                (False, f"[{ONE_SIZE}]".replace("dimensions", "sides"), ""),
                (False, f"[{ONE_SIZE},null]", ""),
            ]
        ],
        case("a graph for a unit", True, '"functions":[]', '"functions":[],"compute":"gpu"'),
        case("a graph for Qualcomm's NPU", True, '"functions":[]', '"functions":[],"compute":"npu"'),
        *[
            case(f"contexts {text}", accepted, '"contexts":{}', f'"compute":"{unit}","contexts":{text}')
            for accepted, unit, text in [
                (True, "npu", CONTEXTS),
                (False, "cpu", CONTEXTS),
                *((False, "npu", text) for text in ("null", "[]", '{"sm8650":[]}', '{"sm8650":null}')),
                (False, "npu", '{"sm8650":"transformer.onnx"}'),
                (False, "npu", '{"sm8650":["transformer.onnx"]}'),
                (False, "npu", CONTEXTS.replace("sm8650", "")),
                (False, "npu", CONTEXTS.replace("transformer.onnx.data", "absent.bin")),
                (False, "npu", CONTEXTS.replace("transformer.onnx.data", "../x")),
            ]
        ],
        case("contexts of a graph for no unit", False, '"contexts":{}', f'"contexts":{CONTEXTS}'),
        case("contexts are missing", True, ',"contexts":{}', ""),
        case("a graph for an unknown unit", False, '"functions":[]', '"functions":[],"compute":"tpu"'),
        *[
            case(f"a tensor {text[:60]}", accepted, SHAPE, text)
            for accepted, text in [
                (True, SHAPE.replace("[6,8]", '["height",8]')),
                (True, SHAPE.replace("[6,8]", "[1,1,1,1,1,1,1,1]")),
                (False, SHAPE.replace("[6,8]", "[]")),
                (False, SHAPE.replace("[6,8]", "[1,1,1,1,1,1,1,1,1]")),
                (False, SHAPE.replace("[6,8]", "[0,8]")),
                (False, SHAPE.replace("[6,8]", "[-6,8]")),
                (False, SHAPE.replace("[6,8]", f"[{ABOVE},8]")),
                (False, SHAPE.replace("[6,8]", '["",8]')),
                (False, SHAPE.replace("[6,8]", "[6.5,8]")),
                (False, SHAPE.replace("[6,8]", "[null]")),
                (False, SHAPE.replace("[6,8]", "[[6],8]")),
                (False, SHAPE.replace("[6,8]", "6")),
                (False, SHAPE.replace("int32", "int64")),
                (False, SHAPE.replace("int32", "INT32")),
                (False, SHAPE.replace('"tokens"', '"pixels"')),
                (False, SHAPE.replace('"tokens"', "1")),
                (False, SHAPE + "," + SHAPE),
            ]
        ],
        case("many steps a call", False, '["steps",256]', f"[{TOP},256]"),
        case("a thousand steps a call", True, '["steps",256]', "[1000,256]"),
        case("guidance without dimensions", True, '"name":"guidance","dtype":"float32","shape":[]',
             '"name":"guidance","dtype":"float32","shape":[1]'),
        *[
            case(f"a file's path {path[:40]}", False, '"files":{', f'"files":{{"{path}":{{"size":1,{HASH}}},')
            for path in (
                "", ".", "..", "/", "/etc/passwd", "../secret", "a/../b", "a/..", "./a", "a/.", "a//b", "a/",
                "a\\\\b", "C:/x", "C:x", "a\\u0000b", "a\\nb", "\\u001b[2J", "a\\u007f", "\\ud800", "x" * 256,
                "x/" * 501 + "x",
            )
        ],
        *[
            case(f"a file's path {path[:40]}", True, '"files":{', f'"files":{{"{path}":{{"size":1,{HASH}}},')
            for path in ("a b", "é/犬", "x" * 255, "a...b", ".hidden", "a/b/c", "x/" * 499 + "x")
        ],
        case("a path that a combining accent disguises", False,
             '"files":{', f'"files":{{"../\u0301x":{{"size":1,{HASH}}},'),
        case("a graph outside the bundle", False, '"files":["transformer.onnx",', '"files":["../x",'),
        case("a path of a graph without a hash", False, '"files":["transformer.onnx",', '"files":["x.onnx",'),
        case("a vocabulary without a hash", False, '"vocab":"tokenizer/vocab.json"', '"vocab":"vocab.json"'),
        case("a vocabulary outside", False, '"vocab":"tokenizer/vocab.json"', '"vocab":"../v.json"'),
        case("no preview", True, PREVIEW + ",", ""),
        case("a null preview", True, PREVIEW, '"preview":null'),
        *[
            case(f"a preview {text}", False, PREVIEW, f'"preview":{text}')
            for text in (
                "[]", '"preview.bin"', '{"file":"preview.bin"}', '{"side":2}', '{"file":"p.bin","side":2}',
                '{"file":"../preview.bin","side":2}', '{"file":"preview.bin","side":2,"more":1}',
                *(f'{{"file":"preview.bin","side":{side}}}' for side in (*NO_INT, "0", "3", "17", ABOVE)),
            )
        ],
        case("a preview of another size", False, PREVIEW_FILE, '"preview.bin":{"size":193,'),
        case("a tiny decoder", True, '"graphs":{', f'"graphs":{{"tiny_decoder":{DECODER},'),
        case("a tiny decoder without an image", False, '"graphs":{',
             f'"graphs":{{"tiny_decoder":{DECODER.replace("image", "picture")},'),
        case("a golden trace without a hash", False, '"source":', '"golden":{"file":"g.json"},"source":'),
        case("a golden trace", True, '"source":', '"golden":{"file":"transformer.onnx"},"source":'),
        *[
            case(f"a file's size {size}", accepted, FILE, f'"transformer.onnx":{{"size":{size},')
            for accepted, sizes in (
                (True, ["0", "1", str(2**40)]),
                (False, ["-1", "null", '"1"', "1.5", str(2**40 + 1), str(2**62), str(2**64), "true"]),
            )
            for size in sizes
        ],
        *[
            case(f"a file's hash {text[:20]}", False, HASH, f'"sha256":{text}')
            for text in (
                "null", '""', "1", '"' + "0" * 63 + '"', '"' + "A" * 64 + '"', '"' + "0" * 64 + '\\n"'
            )
        ],
        case("a source without hash", False, '"sha256":"' + "0" * 64 + '"', '"sha":"0"'),
        case("the last of two equal keys counts", True, model, f'"token_size":0,{model}'),
        case("the first of two equal keys does not count", False, model, f'{model},"token_size":0'),
        case("a number of 4300 digits", True, '"bits":1.5', '"bits":' + "1" * 4300),
        case("a number of 4301 digits", False, '"bits":1.5', '"bits":' + "1" * 4301),
        case("a tool's version is a number", False, '"onnxruntime":"1.32.0"', '"onnxruntime":1.32'),
    ]  # fmt: skip
    return [each._replace(name=f"{index} {each.name}") for index, each in enumerate(made)]


def document(manifest: Manifest) -> str:
    """The file that all languages read, a case a line. Raises ValueError for an edit that finds nothing."""
    text = base(manifest)
    made = cases()
    for each in made:
        if each.find not in text:
            raise ValueError(f"{each.name}: {each.find} is not in the base")
    lines = ",\n".join(json.dumps(each._asdict()) for each in made)
    return f'{{"base": {json.dumps(text)},\n"cases": [\n{lines}\n]}}\n'


def edited(text: str, edit: dict[str, Any]) -> bytes:
    """The manifest of a case."""
    if edit["find"]:
        text = text.replace(edit["find"], edit["replace"], 1)
    return text.encode().ljust(edit["pad"])
