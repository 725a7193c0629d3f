"""The two ends of a step, around the transformer: look-ups before it, guidance and drawing after it.

Both stay out of half precision: look-ups belong to the CPU, and what is drawn must not depend on how a unit
rounds.
"""

from torch import Tensor, nn

from export.draw_head import DrawingHead
from export.fold import corner_tables, lookup
from reference.transformer import MaskedTransformer


class TokenEmbedder(nn.Module):
    """tokens i32 [H, W] -> embedded [1, h*w, D], a sum of look-ups (see `fold.corner_tables`)."""

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
    """features [R, h*w, K*D], guidance [1], uniforms [2, H*W] -> drawn i32 [H*W], log_prob [H*W].

    Guidance c + (g-1)(c-u), with u the first and c the last row, commutes with the projection that follows.
    """

    def __init__(self, transformer: MaskedTransformer, height: int, width: int) -> None:
        super().__init__()
        side = transformer.config.compression
        self.side, self.grid = side, (height // side, width // side)
        self.drawing = DrawingHead(transformer.mlm_layer, height * width)

    def guided(self, features: Tensor, guidance: Tensor) -> Tensor:
        """[H*W, D], in the order of tokens."""
        without, prompt = features[:1], features[-1:]
        guided = prompt + (guidance - 1) * (prompt - without)
        blocks = guided.reshape(*self.grid, self.side, self.side, -1)
        return blocks.permute(0, 2, 1, 3, 4).reshape(self.grid[0] * self.grid[1] * self.side**2, -1)

    def forward(self, features: Tensor, guidance: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        return self.drawing(self.guided(features, guidance), uniforms)
