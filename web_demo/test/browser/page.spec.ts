import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { serve } from "./server";

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const SCHEMES = ["light", "dark"] as const;

async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`),
  ).toEqual([]);
}

test("the page works offline the second time", async ({ studio, page, context }) => {
  await studio.open();
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await page.reload(); // from here on the service worker answers
  await context.setOffline(true);
  await studio.served.close();
  await page.reload();
  await studio.prompt("a yellow star");
  await studio.draw();
  await expect(page.getByRole("img", { name: "Picture: a yellow star" })).toBeVisible();
});

test("a plain static host draws on one thread", async ({ page }) => {
  const served = await serve(false);
  await page.goto(served.address);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await page.getByLabel("What to draw", { exact: true }).fill("a yellow star");
  await expect(page.getByRole("button", { name: "Draw" })).toBeEnabled();
  await page.getByRole("button", { name: "Draw" }).click();
  await expect(page.locator(".stage .status")).toContainText("Done in");
  await served.close();
});

test("every state is accessible, light and dark, on a phone and a desktop", async ({ studio, page }) => {
  test.slow(); // six states
  await studio.open();
  const shot = async (name: string) => {
    for (const [device, size] of Object.entries(SIZES)) {
      await page.setViewportSize(size);
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.screenshot({ path: `../build/web-screens/${name}-${device}-${colorScheme}.png` });
        // Each layout once and each scheme once, because axe takes a second.
        if ((device === "phone") === (colorScheme === "light")) await accessible(page);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wide, "nothing is wider than the screen").toBeLessThanOrEqual(0);
      }
    }
  };
  await shot("empty");
  for (const [prompt, seed] of [
    ["a yellow star", "1"],
    ["a red cat above a green boat", "1"],
    ["a purple fish with glasses", "1"],
  ] as const) {
    await studio.prompt(prompt, seed);
    await studio.draw();
  }
  await shot("settings");
  await page.locator("details.settings summary").click();
  await page.evaluate(() => scrollTo(0, 0));
  await shot("drawn");
  await page.locator(".modes label", { hasText: "Repaint" }).click();
  const box = (await page.locator("canvas.mask").boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.35, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.45, { steps: 6 });
  await page.mouse.up();
  await shot("repaint");
  await page.locator(".modes label", { hasText: "Extend" }).click();
  await shot("extend");
  await studio.models();
  await shot("models");
});

test.describe("in German", () => {
  test.use({ locale: "de-DE" });

  test("the page speaks German and says so to a screen reader", async ({ studio, page }) => {
    await studio.goto();
    await expect(page.getByRole("button", { name: "Zeichnen" })).toBeEnabled();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
    await page.setViewportSize({ width: 320, height: 640 });
    const wide = await page.locator(".modes").evaluate((modes) => modes.scrollWidth - modes.clientWidth);
    expect(wide, "the long words fit on the smallest phone").toBe(0);
    await page.getByRole("button", { name: "stickers" }).click();
    await expect(page.getByText(/^9(,\d)? MB · wird verwendet$/)).toBeVisible();
  });
});

test("the page answers while a drawing is made", async ({ studio, page }) => {
  await studio.open();
  await studio.drawLong();
  await page.getByLabel("What not to draw").fill("a moon");
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible(); // the drawing still goes on
  await expect(page.locator(".stage .status")).toContainText("Done in");
});
