"""The converter of coreai-torch, which warns of every torch with a local version such as 2.13.0+cpu."""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="coreai-torch has only been validated")
    from coreai_torch import TorchConverter, get_decomp_table
    from coreai_torch.debugging.debug_info import strip_debug_info

__all__ = ["TorchConverter", "get_decomp_table", "strip_debug_info"]
