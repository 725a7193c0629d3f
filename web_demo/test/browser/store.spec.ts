import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./fixtures";

const bundle = join(import.meta.dirname, "../../../build/phones/android");
const weights = "/bundle/transformer.onnx.data";

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
  await dialog.getByLabel("Web address").fill(`${served.address}fp32/`);
  await dialog.getByRole("button", { name: "Download" }).click();
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
  await dialog.getByLabel("Web address").fill(`${served.address}nothing`);
  await dialog.getByRole("button", { name: "Download" }).click();
  await expect(dialog.getByRole("alert")).toContainText("There is no model");
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("button", { name: "Draw" })).toBeEnabled(); // the other model still draws
});

test("a large model is opened after a person was told its memory", async ({ studio, page, served }) => {
  const manifest = readFileSync(join(bundle, "manifest.json"), "utf8");
  const large = manifest
    .replace(/("sizes": \[\s*\[)\s*64,\s*64/, "$1 1024, 1024")
    .replace(/("size": \[)\s*64,\s*64/, "$1 1024, 1024");
  expect(large.match(/1024, 1024/g)).toHaveLength(2);
  served.replaced.set("/bundle/manifest.json", Buffer.from(large));
  await studio.goto();
  const question = page.getByRole("alert").filter({ hasText: /needs about 1\.\d GB of memory/ });
  await expect(question).toBeVisible();
  await expect(page.locator("button.draw")).toBeDisabled();
  await question.getByRole("button", { name: "Open it" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("button", { name: "Draw" })).toBeEnabled();
});
