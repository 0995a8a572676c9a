import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const PARTS = ["src/styles/tokens.css", "src/styles/plain.css"];

/**
 * Writes `/plain.css`, under a name that stays, for the few pages that the console's server writes itself: the colours and
 * sizes are those of the frontend, from the one place where they are decided.
 */
export function plainSheet(): Plugin {
  let root = "";
  return {
    name: "plain-sheet",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    buildStart() {
      const paths = PARTS.map((part) => join(root, part));
      for (const path of paths) this.addWatchFile(path);
      this.emitFile({ type: "asset", fileName: "plain.css", source: paths.map((path) => readFileSync(path, "utf8")).join("\n") });
    },
  };
}
