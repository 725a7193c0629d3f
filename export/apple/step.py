"""The two ends of a step, around the transformer: look-ups before it, guidance and drawing after it.

They are graphs of their own because they run elsewhere: look-ups on the CPU, and drawing in float32, so that
the drawn tokens do not depend on how a unit rounds half precision.
"""

from torch import Tensor, nn

from export.draw_head import DrawingHead, guided_features
from export.fold import corner_tables, lookup
from reference.transformer import MaskedTransformer


class TokenEmbedder(nn.Module):
    """tokens i32 [H, W] -> embedded [1, h*w, D], the sum of a look-up a corner (see `fold.corner_tables`)."""

    def __init__(self, transformer: MaskedTransformer, height: int, width: int) -> None:
        super().__init__()
        config = transformer.config
        self.side, self.grid = config.compression, (height // config.compression, width // config.compression)
        tables = corner_tables(transformer).chunk(config.compression**2)
        self.tables = nn.ModuleList(lookup(table) for table in tables)

    def forward(self, tokens: Tensor) -> Tensor:
        rows = tokens.reshape(self.grid[0], self.side, self.grid[1], self.side)
        corners = rows.permute(1, 3, 0, 2).reshape(self.side**2, -1)
        embedded = self.tables[0](corners[0])
        for corner, table in enumerate(list(self.tables)[1:], start=1):
            embedded = embedded + table(corners[corner])
        return embedded.unsqueeze(0)


class Sampler(nn.Module):
    """features [R, h*w, K*D], guidance [1], uniforms [2, H*W] -> drawn i32 [H*W], log_prob [H*W]."""

    def __init__(self, transformer: MaskedTransformer, height: int, width: int) -> None:
        super().__init__()
        side = transformer.config.compression
        self.side, self.grid = side, (height // side, width // side)
        self.drawing = DrawingHead(transformer.mlm_layer, height * width)

    def guided(self, features: Tensor, guidance: Tensor) -> Tensor:
        """Guided features [H*W, D] in the order of tokens."""
        return guided_features(features, guidance, self.grid, self.side)

    def forward(self, features: Tensor, guidance: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        return self.drawing(self.guided(features, guidance), uniforms)
