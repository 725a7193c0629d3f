// The page's side of the worker.

import { Cancelled, UserError } from "../core/errors";
import type { FromWorker, Methods, Name, Told, ToWorker } from "./protocol";

const PATIENCE = 2000; // milliseconds that a stopped call may take before its worker is ended

interface Waiting {
  tell: (told: Told) => void;
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/** A failure that is not a person's to mend: memory that the browser refused, a defect. */
export class WorkerError extends Error {}

export class Client {
  private worker = this.start();
  private calls = 0;
  private readonly waiting = new Map<number, Waiting>();

  /** `onRestart` is told that the worker was ended and begins anew: no model is open. */
  constructor(private readonly onRestart: () => void) {}

  /** Calls a method. Rejects with UserError, WorkerError, or Cancelled once `signal` is aborted. */
  call<N extends Name>(
    name: N,
    args: Parameters<Methods[N]>,
    tell: (told: Told) => void = () => {},
    signal?: AbortSignal,
  ): Promise<ReturnType<Methods[N]>> {
    const call = this.calls++;
    this.post({ call, name, args });
    signal?.addEventListener("abort", () => this.stop(call), { once: true });
    return new Promise((resolve, reject) => {
      this.waiting.set(call, { tell, resolve: resolve as (result: never) => void, reject });
    });
  }

  private stop(call: number): void {
    if (!this.waiting.has(call)) return;
    this.post({ stop: call });
    // A run inside WebAssembly hears nothing. A small model is between two graphs within milliseconds.
    setTimeout(() => this.waiting.has(call) && this.restart(new Cancelled()), PATIENCE);
  }

  private restart(reason: Error): void {
    this.worker.terminate();
    for (const { reject } of this.waiting.values()) reject(reason);
    this.waiting.clear();
    this.worker = this.start();
    this.onRestart();
  }

  private start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.hear(data);
    worker.onerror = (event) => this.restart(new WorkerError(event.message));
    return worker;
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private hear(message: FromWorker): void {
    const waiting = this.waiting.get(message.call);
    if (!waiting) return;
    if ("told" in message) return waiting.tell(message.told);
    this.waiting.delete(message.call);
    if ("result" in message) waiting.resolve(message.result as never);
    else if ("stopped" in message) waiting.reject(new Cancelled());
    else {
      const { error, fault } = message;
      waiting.reject(fault ? new UserError(error, fault) : new WorkerError(error));
      // An engine that failed, of too little memory for example, cannot be used again.
      if (fault === null || fault.kind === "engineFailed") this.restart(new WorkerError(error));
    }
  }
}
