import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { settingsOf, withSettings, type PictureSettings } from "../../src/png";
import { expect, Studio, test } from "./fixtures";

const phones = join(import.meta.dirname, "../../../build/phones");

/** Levels u8 [h, w, 4] of a PNG file. */
async function levels(page: Page, png: Buffer): Promise<number[]> {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes]));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    return Array.from(context.getImageData(0, 0, bitmap.width, bitmap.height).data);
  }, png.toString("base64"));
}

/** Drops a file on the page. */
async function drop(page: Page, png: Buffer): Promise<void> {
  const data = await page.evaluateHandle((base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
    return transfer;
  }, png.toString("base64"));
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
}

async function settings(png: Buffer): Promise<PictureSettings> {
  return (await settingsOf(new Blob([new Uint8Array(png)])))!;
}

async function choose(studio: Studio, mode: string): Promise<void> {
  await studio.page.locator(".modes label", { hasText: mode }).click();
}

test("a stranger types a prompt and has a picture, which the browser keeps", async ({ studio, page }) => {
  const begun = Date.now();
  await studio.open();
  await studio.prompt("a purple fish with glasses");
  await studio.draw();
  console.log(`from loading to the picture: ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  await expect(page.getByRole("img", { name: "Picture: a purple fish with glasses" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("img", { name: "Picture: a purple fish with glasses" })).toBeVisible();
});

test("the fp32 bundle draws the golden picture, and dropping a picture fills in what drew it", async ({
  studio,
  page,
  served,
}) => {
  const golden = JSON.parse(
    readFileSync(join(phones, "fp32/golden/trace.json"), "utf8").replace(/"seed": (\d+)/, '"seed": "$1"'),
  ) as { prompt: string; negative: string; seed: string; steps: number; guidance: number; size: [number, number] };
  await studio.open();
  await studio.prompt("a red heart");
  await studio.draw();
  const { prompt, negative, seed, steps, guidance, size } = golden;
  const wanted: PictureSettings = {
    ...{ prompt, steps, guidance, seed: BigInt(seed), negative_prompt: negative },
    ...{ size: [size[1], size[0]], mode: "text", model: "" },
  };
  const file = await withSettings(new Blob([new Uint8Array(await studio.png())]), wanted);

  const dialog = await studio.models();
  await studio.download(`${served.address}fp32`);
  await expect(dialog.getByText("30.8 MB · in use")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).click();

  // The dropped file has the settings of the heart too, but those of the golden drawing come last.
  await drop(page, Buffer.from(await file.arrayBuffer()));
  await expect(page.getByLabel("What to draw", { exact: true })).toHaveValue(prompt);
  await studio.draw();
  const png = await studio.png();
  const { model, ...others } = await settings(png);
  expect({ ...others, model: "" }).toEqual(wanted);
  expect(model).toMatch(/^[0-9a-f]{64}$/);
  const { rgb } = JSON.parse(readFileSync(join(phones, "web/golden.json"), "utf8")) as { rgb: number[] };
  const drawn = (await levels(page, png)).filter((_, at) => at % 4 < 3);
  expect(drawn).toHaveLength(rgb.length);
  // One token of another code would change its pixels by far more than a level.
  expect(Math.max(...drawn.map((level, at) => Math.abs(level - rgb[at]!)))).toBeLessThanOrEqual(1);
});

test("a picture is redrawn, repainted where the mask is, and extended", async ({ studio, page }) => {
  await studio.open();
  await studio.prompt("a yellow star", "3");
  await studio.draw();
  const star = await studio.png();

  await choose(studio, "Redraw");
  await studio.prompt("a red heart", "4");
  await studio.draw();
  expect((await settings(await studio.png())).mode).toBe("image");

  await page.getByRole("button", { name: "The picture to start from" }).click();
  await choose(studio, "Repaint");
  const box = (await page.locator("canvas.mask").boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.1);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.6, { steps: 8 });
  await page.mouse.up();
  await page.getByLabel("How much may change").fill("0.8");
  await studio.draw();
  const repainted = await studio.png();
  expect(await settings(repainted)).toMatchObject({ mode: "inpaint", strength: 0.8 });
  const [before, after] = [await levels(page, star), await levels(page, repainted)];
  const difference = (left: number, right: number) => {
    const inside = before.flatMap((level, at) => {
      const x = Math.floor(at / 4) % 64;
      return x >= left && x < right ? [Math.abs(level - after[at]!)] : [];
    });
    return inside.reduce((sum, value) => sum + value, 0) / inside.length;
  };
  // Far from the stroke the picture comes back through the encoder alone.
  expect(difference(0, 24)).toBeLessThan(8);
  expect(difference(44, 54)).toBeGreaterThan(difference(0, 24));

  await page.getByRole("button", { name: "The picture to start from" }).click();
  await choose(studio, "Extend");
  await page.locator(".sides label", { hasText: "Left" }).click();
  await studio.draw();
  expect((await settings(await studio.png())).mode).toBe("outpaint");
});

test("a mask is painted with the keyboard", async ({ studio, page }) => {
  await studio.open();
  await studio.prompt("a yellow star", "3");
  await studio.draw();
  await choose(studio, "Repaint");
  await studio.page.getByRole("button", { name: "Draw" }).click();
  await expect(page.getByRole("alert")).toContainText("First paint the part that should change");
  await page.locator("canvas.mask").focus();
  for (const key of ["ArrowRight", "ArrowDown", "Space"]) await page.keyboard.press(key);
  await studio.draw();
  expect((await settings(await studio.png())).mode).toBe("inpaint");
});

test("a stopped drawing leaves no picture, and the next one is whole", async ({ studio, page }) => {
  await studio.open();
  await studio.prompt("a yellow star", "3");
  await page.getByRole("button", { name: "Draw" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator(".stage .status")).toHaveText("Stopped");
  await expect(page.locator(".history img")).toHaveCount(0);
  await studio.draw();
  await expect(page.locator(".history img")).toHaveCount(1);
});

test("the same seed draws the same picture again, a seed above 2^53 too", async ({ studio, page }) => {
  await studio.open();
  await studio.prompt("a yellow star", "18446744073709551615");
  await studio.draw();
  const first = await studio.png();
  expect((await settings(first)).seed).toBe(2n ** 64n - 1n);
  await studio.draw();
  expect(await levels(page, await studio.png())).toEqual(await levels(page, first));
});

test("a dropped picture's interval of guidance is shown and drawn with, until guidance is changed", async ({
  studio,
  page,
}) => {
  await studio.open();
  await studio.prompt("a yellow star", "3");
  await studio.draw();
  const png = await studio.png();
  const wanted: PictureSettings = { ...(await settings(png)), guidance_from: 0.25, guidance_until: 0.75 };
  await drop(page, Buffer.from(await (await withSettings(new Blob([new Uint8Array(png)]), wanted)).arrayBuffer()));
  await expect(page.getByText("2.0 (25 – 75 %)")).toBeVisible();
  await studio.draw();
  expect(await settings(await studio.png())).toEqual(wanted);

  await page.getByLabel("Guidance").fill("3");
  await studio.draw();
  expect((await settings(await studio.png())).guidance_from).toBeUndefined();
});

test("a prompt of 2000 words draws, and the page says how what is left out begins", async ({ studio, page }) => {
  await studio.open();
  await studio.prompt("a yellow star ".repeat(700));
  await studio.draw();
  const said = await page.locator(".stage .status").textContent();
  expect(said).toMatch(/this was left out: .*…$/);
  expect(said!.length).toBeLessThan(400);
});

test("four more pictures have the seeds that follow", async ({ studio, page }) => {
  await studio.open();
  await studio.prompt("a yellow star", "5");
  await studio.draw();
  await page.getByRole("button", { name: "Four more" }).click();
  await expect(page.locator(".history img")).toHaveCount(5);
  expect((await settings(await studio.png())).seed).toBe(9n);
});

test("a picture is in memory only while the page shows it", async ({ studio, page }) => {
  const source = (selector: string) => page.locator(selector).getAttribute("src");
  const readable = (url: string | null) =>
    page.evaluate(
      (url) =>
        fetch(url!).then(
          () => true,
          () => false,
        ),
      url,
    );
  await studio.open();
  await studio.prompt("a yellow star", "3");
  await studio.draw();
  const [kept, png] = [await source(".history img"), await studio.png()];
  await drop(page, png);
  await expect(page.locator("img.picture")).not.toHaveAttribute("src", kept!);
  const dropped = await source("img.picture");
  await page.locator(".history button").click();
  expect(await readable(dropped)).toBe(false);

  await choose(studio, "Redraw");
  const first = await source(".source img");
  await page.locator(".source input").setInputFiles({ name: "star.png", mimeType: "image/png", buffer: png });
  await expect(page.locator(".source img")).not.toHaveAttribute("src", first!);
  expect(await readable(first)).toBe(false);
  expect(await readable(kept)).toBe(true);

  page.on("dialog", (question) => void question.accept());
  await page.locator(".history button").click();
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.locator(".history img")).toHaveCount(0);
  expect(await readable(kept)).toBe(false);
  expect(await readable(await source(".source img"))).toBe(true);
});
