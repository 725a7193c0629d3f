// How much memory a drawing needs in a browser.

import { bundleSize, type Manifest, type Size } from "./manifest";

// A graph's memory beyond its weights, measured on x86 at the real size (1024 px): 1.19 GB for the step, of which weights
// are 0.77; 1.10 GB for the image decoder, of which weights are 0.18.
const STEP_BYTES_A_PIXEL = 400;
const DECODER_BYTES_A_PIXEL = 880;
// While a session is made its weights exist twice: as the file's bytes and in WebAssembly's heap.
const COPIES = 2;
const KEPT_BELOW = 200e6; // bytes of a bundle
const PROCESS = 128 * 2 ** 20; // bytes of the page, the worker and the compiled engine

/** Whether all graphs stay loaded, because the next drawing would load them again. */
export function staysLoaded(manifest: Manifest): boolean {
  return bundleSize(manifest) < KEPT_BELOW;
}

/** An upper bound of the bytes that a drawing needs, with one stage in memory at a time or, if it stays loaded, with all. */
export function memoryNeeded(manifest: Manifest, [width, height]: Size): number {
  const weights = (names: readonly string[]) => {
    const files = names.flatMap((name) => manifest.graphs.get(name)!.files);
    return COPIES * files.reduce((sum, file) => sum + manifest.files.get(file)!.size, 0);
  };
  const step = weights(manifest.step) + STEP_BYTES_A_PIXEL * width * height;
  const decoder = weights(["image_decoder"]) + DECODER_BYTES_A_PIXEL * width * height;
  const text = weights(["text_encoder"]) + weights(["conditioner"]);
  return (staysLoaded(manifest) ? step + decoder + text : Math.max(step, decoder, text)) + PROCESS;
}
