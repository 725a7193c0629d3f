import { test as base, expect, type Page } from "@playwright/test";
import { serve, type Served } from "./server";

/** A page on a server of its own, and what goes wrong in it. */
export const test = base.extend<{ served: Served; studio: Studio }>({
  served: async ({}, use) => {
    const served = await serve();
    await use(served);
    await served.close();
  },
  studio: async ({ page, served }, use) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await use(new Studio(page, served));
    expect(errors).toEqual([]);
  },
});

export { expect };

/** What a person does on the page. */
export class Studio {
  constructor(
    readonly page: Page,
    readonly served: Served,
  ) {}

  async goto(): Promise<void> {
    await this.page.goto(this.served.address);
  }

  /** Opens the page and waits for the model that comes with it. */
  async open(): Promise<void> {
    await this.goto();
    await expect(this.page.getByRole("button", { name: "Draw" })).toBeEnabled();
  }

  async prompt(text: string, seed?: string): Promise<void> {
    await this.page.getByLabel("What to draw", { exact: true }).fill(text);
    if (seed === undefined) return;
    const settings = this.page.locator("details.settings");
    if (!(await settings.evaluate((element) => (element as HTMLDetailsElement).open)))
      await settings.locator("summary").click();
    await this.page.getByLabel("Seed", { exact: true }).fill(seed);
  }

  async draw(): Promise<void> {
    await this.page.getByRole("button", { name: "Draw" }).click();
    await expect(this.page.locator(".stage .status")).toContainText("Done in");
  }

  /** The PNG file of the picture that is shown. */
  async png(): Promise<Buffer> {
    const [download] = await Promise.all([
      this.page.waitForEvent("download"),
      this.page.getByRole("link", { name: "Save" }).click(),
    ]);
    const pieces: Buffer[] = [];
    for await (const piece of await download.createReadStream()) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  }

  /** Begins a drawing that lasts longer than what a person does meanwhile. */
  async drawLong(): Promise<void> {
    await this.prompt("a yellow star");
    await this.page.locator("details.settings summary").click();
    await this.page.getByRole("slider", { name: "Steps" }).fill("64");
    await this.page.getByRole("button", { name: "Draw" }).click();
    await expect(this.page.getByText(/^Step \d+ of 64/)).toBeVisible();
  }

  /** Opens the models and gives their dialog. */
  async models() {
    await this.page.locator("header .quiet").first().click();
    return this.page.getByRole("dialog");
  }

  /** Downloads a model in the open dialog. */
  async download(address: string): Promise<void> {
    const dialog = this.page.getByRole("dialog");
    await dialog.getByLabel("Web address").fill(address);
    await dialog.getByRole("button", { name: "Download" }).click();
  }
}
