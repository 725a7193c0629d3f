package org.meissonic.mobile.engine

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonObject

/** The schema of `manifest.json`, the same on every platform; runtime/manifest.py explains it. */
@Serializable
data class Manifest(
    val format: String,
    val version: StrictInt,
    val model: ModelFacts,
    val sizes: List<Size>,
    val graphs: Map<String, GraphFacts>,
    val step: List<String>,
    val files: Map<String, FileFacts>,
    val tokenizer: TokenizerFacts,
    val defaults: Defaults,
    val preview: PreviewFacts? = null,
    val golden: GoldenFile? = null,
    val source: Source,
    val tools: Map<String, String>,
    val parity: JsonObject = JsonObject(emptyMap()),
) {
    /** Bytes of all files. */
    val size: Long get() = files.values.sumOf { it.size }

    /** Whether Core ML runs the graphs. */
    val coreml: Boolean get() = graphs.values.any { graph -> graph.functions.any { it.name !in graph.files } }

    /** Whether graphs were made for Qualcomm's NPU. */
    val forNpu: Boolean get() = graphs.values.any { it.forNpu }

    /** Whether the step takes two text rows, guided or not. */
    val twoRows: Boolean
        get() = step.flatMap { graphs.getValue(it).inputs }.any { it.name == "context" && it.shape[0] == Dimension(2) }
}

@Serializable
data class ModelFacts(
    val name: String,
    @SerialName("token_size") val tokenSize: StrictInt, // pixels along one side of a VQ token
    val compression: StrictInt, // VQ tokens along one side of a position inside the blocks: 2 or 1
    @SerialName("codebook_size") val codebookSize: StrictInt,
    @SerialName("vocab_size") val vocabSize: StrictInt,
    @SerialName("mask_token_id") val maskTokenId: StrictInt,
    @SerialName("masking_schedule") val maskingSchedule: MaskingSchedule,
    val timestep: Timestep = Timestep.INDEX,
    val student: StudentFacts? = null,
    @SerialName("text_length") val textLength: StrictInt,
    @SerialName("inner_dim") val innerDim: StrictInt,
    @SerialName("modulation_width") val modulationWidth: StrictInt,
)

/** How a one-step student is drawn: what share of the unknown its first pass sees masked, and of noise in embeddings. */
@Serializable
data class StudentFacts(val masked: StrictDouble, val noise: StrictDouble = 0.0)

@Serializable
enum class MaskingSchedule {
    @SerialName("cosine")
    COSINE,

    @SerialName("linear")
    LINEAR,
}

/** What tells the model of a step with t steps after it, of N: t itself, or t / N. */
@Serializable
enum class Timestep {
    @SerialName("index")
    INDEX,

    @SerialName("share")
    SHARE,
}

@Serializable
enum class DType {
    @SerialName("int32")
    INT32,

    @SerialName("float32")
    FLOAT32,

    @SerialName("uint8")
    UINT8,
}

/** A graph's input or output. */
@Serializable
data class TensorFacts(val name: String, val dtype: DType, val shape: List<Dimension>)

/** What runs a graph in fixed shapes: one of its ONNX models, by its path, or a function of a Core ML package. */
@Serializable
data class FunctionFacts(val name: String, val dimensions: Map<String, StrictInt>)

@Serializable
data class GraphFacts(
    val precision: String,
    val inputs: List<TensorFacts>,
    val outputs: List<TensorFacts>,
    val files: List<String>, // the model or one for each size, then their external data
    val functions: List<FunctionFacts> = emptyList(),
    val compute: String? = null,
    val contexts: Map<String, List<String>> = emptyMap(), // chip -> its compiled model first, then the binaries
) {
    val forNpu: Boolean get() = compute == "npu"

    /** Its ONNX models, one for each size if sizes share the graph; the first is that of the default. */
    val models: List<String> get() = functions.map { it.name }.ifEmpty { files.take(1) }
}

// From exact to coarse.
internal val PRECISIONS = listOf("fp32", "fp16", "qnn", "int8", "palette8", "palette6", "int4", "palette4")

@Serializable
data class FileFacts(val size: StrictLong, val sha256: String)

@Serializable
data class TokenizerFacts(
    val vocab: String,
    val merges: String,
    val length: StrictInt,
    val bos: StrictInt,
    val eos: StrictInt,
    val pad: StrictInt,
    val unk: StrictInt? = null, // the same as eos, as published
    val special: Map<String, StrictInt>,
    @SerialName("special_normalized") val specialNormalized: List<String> = emptyList(),
)

@Serializable
data class Defaults(
    val size: Size,
    val steps: StrictInt,
    val guidance: StrictDouble,
    val temperature: List<StrictDouble>,
    val negative: String,
    val score: StrictDouble, // the aesthetic score given as the fifth micro-condition
    val strength: StrictDouble, // of image-to-image
)

/** Patches that make a preview of tokens: u8 [codebookSize, side, side, 3]. */
@Serializable
data class PreviewFacts(val file: String, val side: StrictInt)

@Serializable
data class GoldenFile(val file: String)

@Serializable
data class Source(val checkpoint: String, val sha256: String)

/** What every runtime must reproduce: one drawing, step by step. */
@Serializable
data class GoldenTrace(
    val prompt: String,
    val negative: String,
    val seed: StrictULong,
    val steps: StrictInt,
    val guidance: StrictDouble,
    val size: Size,
    @SerialName("prompt_ids") val promptIds: List<StrictInt>,
    @SerialName("negative_ids") val negativeIds: List<StrictInt>,
    val masked: List<StrictInt>, // tokens masked again after each step; 0 after the last
    val tokens: List<List<StrictInt>>, // the grid after each step, row-major
    @SerialName("final_tokens") val finalTokens: List<StrictInt>,
    @SerialName("image_sha256") val imageSha256: String, // of the raw RGB bytes, row-major
)
