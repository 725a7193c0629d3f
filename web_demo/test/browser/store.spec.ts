import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsOf } from "../../src/png";
import { expect, test } from "./fixtures";

const phones = join(import.meta.dirname, "../../../build/phones");
const bundle = join(phones, "android");
const weights = "/bundle/transformer.onnx.data";

/** What names a bundle's model in a picture. */
const sha256 = (folder: string) =>
  createHash("sha256")
    .update(readFileSync(join(folder, "manifest.json")))
    .digest("hex");

/** A bundle's manifest with a size that needs more memory than the page takes without a question. */
function large(folder: string): Buffer {
  const manifest = readFileSync(join(folder, "manifest.json"), "utf8")
    .replace(/("sizes": \[\s*\[)\s*64,\s*64/, "$1 1024, 1024")
    .replace(/("size": \[)\s*64,\s*64/, "$1 1024, 1024");
  expect(manifest.match(/1024, 1024/g)).toHaveLength(2);
  return Buffer.from(manifest);
}

/** The model that drew a picture. */
async function drewWith(png: Buffer): Promise<string> {
  return (await settingsOf(new Blob([new Uint8Array(png)])))!.model;
}

test("an interrupted download goes on where it ended", async ({ studio, page, served }) => {
  served.cut.set(weights, 3_000_000);
  await studio.goto();
  await expect(page.getByRole("alert").first()).toContainText("The part that arrived is kept");
  served.cut.clear();
  await page.reload();
  await expect(page.getByRole("button", { name: "Draw" })).toBeEnabled();
  const [range] = served.ranges.get(weights)!;
  const from = Number(/\d+/.exec(range!)![0]);
  expect(from).toBeGreaterThan(0);
  expect(from).toBeLessThanOrEqual(3_000_000);
});

test("a file with a changed byte is refused and fetched anew", async ({ studio, page, served }) => {
  const file = readFileSync(join(bundle, "transformer.onnx.data"));
  file[100]! ^= 1;
  served.replaced.set(weights, file);
  await studio.goto();
  await expect(page.getByRole("alert").first()).toContainText("A file is not the one that the model lists");
  await expect(page.getByRole("button", { name: "Draw" })).toBeDisabled();
  served.replaced.clear();
  await page.reload();
  await expect(page.getByRole("button", { name: "Draw" })).toBeEnabled();
});

test("a browser without room says so and keeps what arrived", async ({ studio, page, served }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Storage.overrideQuotaForOrigin", {
    origin: new URL(served.address).origin,
    quotaSize: 2_000_000,
  });
  await studio.goto();
  await expect(page.getByRole("alert").first()).toContainText("The storage is full");
  await expect(page.getByRole("button", { name: "Draw" })).toBeDisabled();
  await devtools.send("Storage.overrideQuotaForOrigin", { origin: new URL(served.address).origin });
  await page.reload();
  await expect(page.getByRole("button", { name: "Draw" })).toBeEnabled();
  expect(served.ranges.size).toBe(1); // the file that was cut short went on
});

test("a model of a newer version asks for a newer page", async ({ studio, page, served }) => {
  const manifest = readFileSync(join(bundle, "manifest.json"), "utf8").replace('"version": 1', '"version": 2');
  served.replaced.set("/bundle/manifest.json", Buffer.from(manifest));
  await studio.goto();
  await expect(page.getByRole("alert").first()).toContainText("newer than this page: reload the page");
});

test("a model comes from a folder, a second by its address, and both are deleted", async ({ studio, page, served }) => {
  served.replaced.set("/bundle/manifest.json", Buffer.from("{}"));
  await studio.goto();
  await expect(page.getByRole("alert").first()).toContainText("it has no valid manifest.json");
  const dialog = await studio.models();
  await page.locator("input[webkitdirectory]").setInputFiles(bundle);
  await expect(dialog.locator(".models li")).toHaveCount(1);
  await expect(dialog.getByText("in use")).toBeVisible();
  await studio.download(`${served.address}fp32/`);
  await expect(dialog.getByText("30.8 MB · in use")).toBeVisible();
  await expect(dialog.locator(".models li")).toHaveCount(2);

  page.on("dialog", (question) => void question.accept());
  for (const left of [1, 0]) {
    await dialog.getByRole("button", { name: "Delete" }).first().click();
    await expect(dialog.locator(".models li")).toHaveCount(left);
  }
  await expect(page.getByRole("button", { name: "Draw" })).toBeDisabled();
});

test("an address without a model is refused in one line", async ({ studio, page, served }) => {
  await studio.open();
  const dialog = await studio.models();
  await studio.download(`${served.address}nothing`);
  await expect(dialog.getByRole("alert")).toContainText("There is no model");
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("button", { name: "Draw" })).toBeEnabled(); // the other model still draws
});

test("a large model is opened after a person was told its memory", async ({ studio, page, served }) => {
  served.replaced.set("/bundle/manifest.json", large(bundle));
  await studio.goto();
  const question = page.getByRole("alert").filter({ hasText: /needs about 1\.\d GB of memory/ });
  await expect(question).toBeVisible();
  await expect(page.locator("button.draw")).toBeDisabled();
  await question.getByRole("button", { name: "Open it" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("button", { name: "Draw" })).toBeEnabled();
});

test("a large model that is declined is not opened: the one before draws", async ({ studio, served }) => {
  served.replaced.set("/fp32/manifest.json", large(join(phones, "fp32")));
  await studio.open();
  const dialog = await studio.models();
  await studio.download(`${served.address}fp32`);
  await dialog.getByRole("alert").getByRole("button", { name: "Cancel" }).click();
  await expect(dialog.getByText("MB · in use")).toHaveText(/^9(\.\d)? MB/);
  await dialog.getByRole("button", { name: "Close" }).click();
  await studio.prompt("a yellow star");
  await studio.draw();
  expect(await drewWith(await studio.png())).toBe(sha256(bundle));
});

test("when a model cannot be opened the one before draws", async ({ studio, page, served }) => {
  await studio.open();
  const dialog = await studio.models();
  await studio.download(`${served.address}fp32`);
  await expect(dialog.getByText("30.8 MB · in use")).toBeVisible();
  await page.evaluate(
    async (id) => {
      const models = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
      const file = await (await models.getDirectoryHandle(id)).getFileHandle("preview.bin");
      await (await file.createWritable()).close(); // empty
    },
    sha256(bundle).slice(0, 16),
  );
  await dialog.getByRole("button", { name: "Use" }).click();
  await expect(dialog.getByRole("alert")).toContainText("A file of the model is cut short");
  await expect(dialog.getByText("30.8 MB · in use")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).click();
  await studio.prompt("a yellow star");
  await studio.draw();
  expect(await drewWith(await studio.png())).toBe(sha256(join(phones, "fp32")));
});

test("no model is used, resumed, deleted or added during a drawing", async ({ studio, page, served }) => {
  await studio.open();
  const dialog = await studio.models();
  await studio.download(`${served.address}fp32`);
  await expect(dialog.getByText("30.8 MB · in use")).toBeVisible();
  const other = readFileSync(join(bundle, "manifest.json"), "utf8").replace('"steps": 16', '"steps": 8');
  served.replaced.set("/bundle/manifest.json", Buffer.from(other));
  served.cut.set(weights, 3_000_000);
  await studio.download(`${served.address}bundle`);
  await expect(dialog.getByRole("button", { name: "Resume" })).toBeEnabled();
  await dialog.getByRole("button", { name: "Close" }).click();

  await studio.drawLong();
  await studio.models();
  const changes = dialog.getByRole("button", { name: /^(Use|Resume|Delete.*|Download|Choose a folder.*)$/ });
  await expect(changes).toHaveCount(8);
  for (const button of await changes.all()) await expect(button).toBeDisabled();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Stop" }).click(); // the drawing still went on
  await expect(page.locator(".stage .status")).toHaveText("Stopped");
  await studio.models();
  for (const button of await changes.all()) await expect(button).toBeEnabled();
});

test("a model that arrives during a drawing waits to be chosen", async ({ studio, page, served }) => {
  const lastFile = new Promise<() => void>((asked) => served.held.set("/fp32/golden/trace.json", asked));
  await studio.open();
  const dialog = await studio.models();
  await studio.download(`${served.address}fp32`);
  const answer = await lastFile;
  await dialog.getByRole("button", { name: "Close" }).click();
  await studio.drawLong();
  answer();
  await studio.models();
  await expect(dialog.getByRole("button", { name: "Use" })).toBeDisabled();
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(page.locator(".stage .status")).toContainText("Done in");
  expect(await drewWith(await studio.png())).toBe(sha256(bundle));
});
