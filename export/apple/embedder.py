"""The look-ups before the transformer: a graph of its own, because the CPU runs it."""

from torch import Tensor, nn

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
