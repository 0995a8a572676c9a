import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = new Set([".js", ".css", ".html", ".svg"]);
/** Below this a compressed answer saves no packet. */
const SMALLEST = 1024;

/** RFC 1952: the one header byte in which builds on two systems would differ; time and name are left out already. */
const OS_BYTE = 9;
const OS_UNKNOWN = 255;

/** Writes `name.gz` beside every text file of the build, so that the console never compresses while serving. Reproducible. */
export function gzipSiblings(): Plugin {
  let outDir = "";
  return {
    name: "gzip-siblings",
    apply: "build",
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const file of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
        if (!file.isFile() || !TEXT.has(extname(file.name))) continue;
        const path = join(file.parentPath, file.name);
        const bytes = readFileSync(path);
        if (bytes.length <= SMALLEST) continue;
        const packed = gzipSync(bytes, { level: 9 });
        packed[OS_BYTE] = OS_UNKNOWN;
        writeFileSync(`${path}.gz`, packed);
      }
    },
  };
}
