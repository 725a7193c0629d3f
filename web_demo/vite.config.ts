import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

// Threads in WebAssembly need a page that no other origin shares memory with.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  base: "./", // the folder works at any address
  appType: "mpa", // a missing file is 404, not the page
  build: { outDir: "../build/web", emptyOutDir: true, target: "es2023", assetsInlineLimit: 0 },
  worker: {
    format: "es",
    // Some hosts send .mjs as plain bytes, which a browser does not run.
    rolldownOptions: {
      output: {
        assetFileNames: ({ names }) => `assets/[name]-[hash]${names[0]?.endsWith(".mjs") ? ".js" : "[extname]"}`,
      },
    },
  },
  // The engine would bring a copy of its WebAssembly along; the worker names the one file.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"] },
  server: { headers, fs: { allow: [".."] } },
  preview: { headers, host: "127.0.0.1", port: 8000, strictPort: true },
  plugins: [
    VitePWA({
      injectRegister: null, // src/page/main.tsx registers it
      workbox: {
        skipWaiting: true,
        clientsClaim: true,
        globPatterns: ["**/*.{html,js,mjs,css,svg,png,wasm}"], // all but the model, which lies in private files
        globIgnores: ["bundle/**"],
        maximumFileSizeToCacheInBytes: 20e6,
      },
      manifest: {
        name: "Meissonic",
        short_name: "Meissonic",
        description: "Draws pictures from text on this device.",
        display: "standalone",
        start_url: "./",
        background_color: "#f6f2ea",
        theme_color: "#f6f2ea",
        icons: [{ src: "icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" }],
      },
    }),
  ],
});
