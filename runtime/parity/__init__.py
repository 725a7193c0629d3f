"""A bundle beside the reference it was made from: `python -m runtime.parity`.

The one package of `runtime` that imports the reference, and with it torch: it compares both, and no phone
needs it. It comes with the extra `export`.

    compare    draws with both, teacher-forced and free-running
    logits     the guided logits, which the step graph keeps to itself
    ties       whether a token that differs is a rounding tie
    meaning    the prompt-following score of both
    limits     what a bundle may miss the reference by
    figures    many measurements as one figure each
    report     all of it as one HTML page, with `chart`

`python -m runtime.parity.arm` puts a bundle on an emulated ARM64 processor beside itself on this machine.

    replay     a drawing recorded graph by graph, and run again; all that the emulated machine runs
    emulator   that machine
    beside     the figures of two recordings
"""
