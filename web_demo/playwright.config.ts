import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "test/browser",
  outputDir: "../build/web-tests",
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 60_000 },
  reporter: "list",
  use: {
    viewport: { width: 390, height: 844 },
    locale: "en-US",
    trace: "off",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", // the system's, nothing is downloaded
      args: ["--no-sandbox"], // a CI container runs as root
    },
  },
});
