"""Compares a bundle with its teacher: the reference (`python -m runtime.parity`) or a float bundle.

The one package of `runtime` that imports the reference, and with it torch: it compares both, and no phone
needs it. It comes with the extra `export`.

    replay             a teacher's step, recorded to be repeated
    bundle_steps       a bundle records its own steps and repeats a teacher's
    reference_steps    the reference records its steps
    comparison         same codes, KL and image figures of bundle and teacher
    measures, limits   the measures, and the table of limits by precision
    verification       a quantized bundle beside its float bundle
    golden             the drawing that other runtimes reproduce
    logits             the guided logits, which the step graph keeps to itself
    coreai_logits      those of a Core AI bundle

The parity report adds

    side_by_side       draws with reference and bundle, teacher-forced and free-running
    ties               whether a token that differs is a rounding tie
    prompt_following   the score of sticker pictures
    figures, report    many measurements as one figure each, as an HTML page with `chart`

`python -m runtime.parity.arm` compares a bundle on an emulated ARM64 processor with the same bundle here.

    machine_recording  a drawing recorded graph by graph and run again; all that the emulated machine runs
    emulator           that machine
    machines           the figures of two recordings
"""
