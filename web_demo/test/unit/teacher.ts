import type { Engine } from "../../src/core/engine";
import { Stop } from "../../src/core/engine";
import { Generator } from "../../src/core/generator";
import type { Request } from "../../src/core/request";
import type { Tensors } from "../../src/core/tensor";

/**
 * How many tokens an engine draws as a recording did, from the recording's tokens: [same, all].
 *
 * Before each step but the first the tokens are replaced by the recorded ones. Compared are the tokens that a step makes
 * known in the recording, because it keeps no others.
 */
export async function teacherForced(
  generator: Generator,
  request: Request,
  recorded: readonly (readonly number[])[],
): Promise<[same: number, all: number]> {
  const engine = (generator as unknown as { engine: Engine }).engine;
  const mask = engine.bundle.manifest.model.mask_token_id;
  let [step, same, all] = [0, 0, 0];
  let before: readonly number[] | null = null;
  const forced: Engine = {
    bundle: engine.bundle,
    loaded: [],
    open: (name) => engine.open(name),
    close: async () => {},
    async run(name: string, tensors: Tensors, stop: Stop): Promise<Tensors> {
      if (!engine.bundle.manifest.step.includes(name) || !("tokens" in tensors)) return engine.run(name, tensors, stop);
      const given = tensors["tokens"]!;
      const tokens = before ? { ...given, data: Int32Array.from(before) } : given;
      const made = await engine.run(name, { ...tensors, tokens }, stop);
      const drawn = made["drawn"]!.data;
      recorded[step]!.forEach((token, at) => {
        if (tokens.data[at] !== mask || token === mask) return;
        all++;
        if (drawn[at] === token) same++;
      });
      before = recorded[step++]!;
      return made;
    },
  };
  await (await Generator.of(forced, true)).draw(request, 0, new Stop());
  return [same, all];
}
