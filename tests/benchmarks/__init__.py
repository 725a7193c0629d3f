"""How fast and how large this project's bundles are beside every peer: `python -m tests.benchmarks`.

layouts      what is measured: weights, size, inputs, all on disk under build/benchmarks
contenders   who is measured: this project's bundles, plain exports, torch, OpenVINO, ExecuTorch, the floor
turn         one contender's turn at one task, a process of its own
rounds       all turns, interleaved, within a time budget, resumable
report       tables, plot, document, from the JSON alone
parallel     parallel refinement against one token a forward
profile      where a step graph's time goes, operator by operator
"""
