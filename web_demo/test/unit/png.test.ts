import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Request } from "../../src/core/request";
import { pictureSettings, settingsOf, withSettings, type PictureSettings } from "../../src/png";
import { repository } from "./vectors";

const python = join(repository, ".venv/bin/python");
const settings: PictureSettings = {
  prompt: "a red cat, “größer” 🐈",
  negative_prompt: "",
  seed: 2n ** 64n - 1n,
  steps: 16,
  guidance: 2.5,
  size: [64, 128],
  mode: "inpaint",
  model: "ab".repeat(32),
};

/** Runs Pillow, which wrote and checks PNG files long before us. */
function pillow(script: string, ...args: string[]): string {
  return execFileSync(
    process.env["PYTHON"] ?? python,
    ["-c", `import sys, json\nfrom PIL import Image, PngImagePlugin\n${script}`, ...args],
    {
      encoding: "utf8",
      cwd: repository,
    },
  );
}

const folder = mkdtempSync(join(tmpdir(), "png-"));

test("Pillow reads the settings that a picture was saved with, and the same pixels", async () => {
  const [plain, path] = [join(folder, "plain.png"), join(folder, "ours.png")];
  pillow("Image.effect_noise((9, 7), 50).convert('RGB').save(sys.argv[1])", plain);
  const png = await withSettings(new Blob([readFileSync(plain)]), settings);
  writeFileSync(path, new Uint8Array(await png.arrayBuffer()));
  const script =
    "a, b = (Image.open(p) for p in sys.argv[1:])\na.load()\nassert a.tobytes() == b.tobytes()\nprint(json.dumps(json.loads(a.text['meissonic'])))";
  const read = JSON.parse(
    pillow(script, path, plain).replace("18446744073709551615", '"18446744073709551615"'),
  ) as object;
  expect(read).toEqual({ ...settings, seed: String(settings.seed) });
  expect(await settingsOf(png)).toEqual(settings);
});

test("the Python runtime reads what made an edit", async () => {
  const path = join(folder, "edit.png");
  const image = { size: [1, 1] as const, rgba: new Uint8Array(4) };
  const margins = { left: 4, top: 0, right: 8, bottom: 0 };
  const request: Request = {
    prompt: "a “sun”",
    seed: 2n ** 63n,
    edit: { mode: "outpaint", image, margins },
    fit: "pad",
  };
  const drawn = {
    prompt: "a “sun”",
    negative: "☾",
    seed: 2n ** 63n,
    steps: 4,
    guidance: 2,
    size: [64, 32] as const,
    guidanceFrom: 0,
    guidanceUntil: 1,
  };
  const made = pictureSettings(request, drawn, "ab".repeat(32), 0.5);
  const png = await withSettings(new Blob([readFileSync(join(folder, "plain.png"))]), made);
  writeFileSync(path, new Uint8Array(await png.arrayBuffer()));
  const script =
    "from pathlib import Path\nfrom runtime.picture_settings import read_settings\nprint(read_settings(Path(sys.argv[1])).json_text())";
  const read = pillow(script, path);
  expect(read).toContain(`"seed": ${2n ** 63n},`);
  expect(JSON.parse(read.replace(`${2n ** 63n}`, "0"))).toEqual({
    ...{ prompt: "a “sun”", negative_prompt: "☾", seed: 0, steps: 4, guidance: 2, size: [32, 64], mode: "outpaint" },
    ...{ model: "ab".repeat(32), margins: [4, 0, 8, 0], fit: "pad", compose: true },
  });
});

test("the settings that Pillow wrote are read", async () => {
  const path = join(folder, "theirs.png");
  const text = `{"seed": ${settings.seed}, ${JSON.stringify({ ...settings, seed: undefined }).slice(1)}`;
  const script =
    "i = PngImagePlugin.PngInfo()\ni.add_itxt('other', 'x')\ni.add_itxt('meissonic', sys.argv[2])\nImage.new('RGB', (3, 3)).save(sys.argv[1], pnginfo=i)";
  pillow(script, path, text);
  expect(await settingsOf(new Blob([readFileSync(path)]))).toEqual(settings);
});

test("a file without settings, cut short or of another kind has none", async () => {
  const png = await withSettings(new Blob([readFileSync(join(folder, "plain.png"))]), settings);
  expect(await settingsOf(new Blob([readFileSync(join(folder, "plain.png"))]))).toBeNull();
  expect(await settingsOf(png.slice(0, 80))).toBeNull();
  expect(await settingsOf(new Blob(["no picture"]))).toBeNull();
  expect(await settingsOf(new Blob([]))).toBeNull();
});
