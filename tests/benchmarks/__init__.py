"""Measurements and the tables made of them: `python -m tests.benchmarks --help`.

docs/results/*.json hold every published figure; each is written by the command that measured it.

    report        tables of README and docs, written from the result files or checked against them
    tables        the tables by name
    results       reading and writing result files; machine: which machine and versions they are of

Speed beside other engines, on random weights of the published size:

    workloads     what is measured: weights, size, inputs
    contenders    who is measured: bundles (ours, bundles), plain exports and peers (plain, peers)
    rounds        turns of all contenders, interleaved, within a time budget, resumable; turn: one of them
    speed         result file, tables and plot of a workload
    profile       time of a step by operator
    sizes         time and memory from 256 to 1024 px; memory: peak RSS of one bundle
    jvm           a drawing by Kotlin beside the same one by Python

The shipped stickers:

    stickers      score and PSNR
    guidance      score in fewer steps, and with guidance in a part of them
    student       score of the student beside its teacher, in one pass and two
    tiny_decoder  what a small decoder costs

Quality of the 64 px stickers:

    precisions    README's table: size, tokens, KL, score and time of every precision
    pareto        size against damage: uniform, mixed and Core ML forms, single layers and weights
    rounding      ways of rounding to 4 bits
    parallel      parallel refinement against one token a forward
    simulated     what int8 costs by itself, rounded in torch
"""
