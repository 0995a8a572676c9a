import { hex } from "./words.ts";

interface Path {
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
}

/** On which side of its sibling each hash up the path stands (RFC 9162, 2.1.3.2). */
export function sides({ index, size, path }: Path): readonly ("left" | "right")[] {
  let [place, last] = [index, size - 1];
  return path.map(() => {
    const isRight = place % 2 === 1 || place === last;
    if (isRight) while (place % 2 === 0 && place !== 0) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
    return isRight ? "right" : "left";
  });
}

/** Lines for bash that begin with the entry's file and end in the root, with nothing of ours. */
export function commands(file: string, proof: Path, root: string): string {
  const turned = sides(proof);
  return [
    `bytes() { printf "$(printf %s "$1" | sed 's/../\\\\x&/g')"; }`,
    `h=$({ bytes 00; cat '${file}'; } | sha256sum | cut -c-64)   # the leaf`,
    ...(proof.path.length > 0 ? [`up() { h=$(bytes "01$1$2" | sha256sum | cut -c-64); }`] : []),
    ...proof.path.map((hash, i) => (turned[i] === "left" ? `up $h ${hex(hash)}` : `up ${hex(hash)} $h`)),
    `bytes $h | base64   # must be the root: ${root}`,
  ].join("\n");
}
