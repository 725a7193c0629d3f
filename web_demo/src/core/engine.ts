import type { Bundle } from "./bundle";
import { Cancelled } from "./errors";
import type { Tensors } from "./tensor";

/** Runs a bundle's graphs by name: the only seam between the loop and what computes. */
export interface Engine {
  readonly bundle: Bundle;

  /** The graphs in memory now. */
  readonly loaded: readonly string[];

  /** Loads a graph unless it is loaded. Throws EngineError or BundleError that names the file. */
  open(name: string): Promise<void>;

  /** Unloads a graph and its weights. */
  close(name: string): Promise<void>;

  /**
   * Runs a graph on the tensors it names (others are ignored) and returns its outputs by name.
   *
   * Throws Cancelled once `stop` is called, BundleError for a tensor unlike the manifest's, EngineError if the run fails.
   */
  run(name: string, tensors: Tensors, stop: Stop): Promise<Tensors>;
}

/**
 * Stops one drawing between two graphs; a stopped one cannot go on.
 *
 * A run inside WebAssembly cannot be ended from outside. A page that cannot wait ends the worker that runs it.
 */
export class Stop {
  private stopped = false;

  stop(): void {
    this.stopped = true;
  }

  /** Throws Cancelled once stopped. */
  check(): void {
    if (this.stopped) throw new Cancelled();
  }
}
