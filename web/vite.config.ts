import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { gzipSiblings } from "./build/gzipSiblings.ts";
import { plainSheet } from "./build/plainSheet.ts";
import { themeBoot } from "./build/themeBoot.ts";

export default defineConfig({
  plugins: [react(), themeBoot(), plainSheet(), gzipSiblings()],
  build: {
    target: "es2022",
    // light-dark() is understood from these on; older targets would have it expanded into variables.
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    // The console's CSP has no data: source and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
