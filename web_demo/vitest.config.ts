import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [process.env["MEASURE"] ? "test/measure/*.test.ts" : "test/unit/*.test.ts"],
    pool: "threads",
    maxWorkers: 1,
    testTimeout: 60_000,
  },
});
