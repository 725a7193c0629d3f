"""The MIL operations that the evaluator supports, by type."""

from runtime.coreml.ops.activations import ACTIVATIONS
from runtime.coreml.ops.elementwise import ELEMENTWISE
from runtime.coreml.ops.gathering import GATHERING
from runtime.coreml.ops.products import PRODUCTS
from runtime.coreml.ops.quantization import QUANTIZATION
from runtime.coreml.ops.reductions import REDUCTIONS
from runtime.coreml.ops.resizing import RESIZING
from runtime.coreml.ops.shapes import SHAPES

OPERATORS = {
    **ELEMENTWISE,
    **ACTIVATIONS,
    **REDUCTIONS,
    **SHAPES,
    **PRODUCTS,
    **GATHERING,
    **RESIZING,
    **QUANTIZATION,
}
