import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/**
 * Puts `src/theme/boot.js` into the page as a blocking classic script with a hashed name: the CSP allows no
 * inline script, and a module would run only after the first paint, in the wrong colours.
 */
export function themeBoot(): Plugin {
  let root = "";
  let reference = "";
  let name = "";
  return {
    name: "theme-boot",
    enforce: "pre",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    buildStart() {
      const path = join(root, "src/theme/boot.js");
      this.addWatchFile(path);
      reference = this.emitFile({ type: "asset", name: "theme.js", source: readFileSync(path, "utf8") });
    },
    generateBundle() {
      name = this.getFileName(reference);
    },
    transformIndexHtml: {
      order: "post",
      handler: () => [{ tag: "script", attrs: { src: `/${name}` }, injectTo: "head-prepend" }],
    },
  };
}
