"""At least one small program for every operator: how MIL builds it and what torch says it computes."""

from tests.runtime.coreml.cases.activations import ACTIVATIONS
from tests.runtime.coreml.cases.elementwise import ELEMENTWISE
from tests.runtime.coreml.cases.gathering import GATHERING
from tests.runtime.coreml.cases.products import PRODUCTS
from tests.runtime.coreml.cases.quantization import QUANTIZATION
from tests.runtime.coreml.cases.reductions import REDUCTIONS
from tests.runtime.coreml.cases.resizing import RESIZING
from tests.runtime.coreml.cases.shapes import SHAPES

CASES = [
    *ELEMENTWISE,
    *ACTIVATIONS,
    *REDUCTIONS,
    *SHAPES,
    *PRODUCTS,
    *GATHERING,
    *RESIZING,
    *QUANTIZATION,
]
